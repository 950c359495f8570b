"""What a planner should know of the outages that a case looks at."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gridopt.case import Case

# Outages that a remark names.
_NAMES = 5


def security_remarks(case: Case) -> list[str]:
    """Outages that are left out because they cut buses off, and a case without any outage to look at."""
    from gridopt.network.contingencies import credible_outages, outage_factors
    from gridopt.network.matrices import dc_network

    if case.settings.network_level != "dc+n-1":
        return []
    network = dc_network(case.net)
    outages = outage_factors(case.net, network, credible_outages(case.net, network))
    remarks = [] if outages.count else ["N-1: no outage is credible, so that this is a run of network_level dc"]
    if outages.cut_off:
        bus = case.net.bus["name"].astype(str)
        named = [f"{lost.name} ({', '.join(bus.loc[lost.bus[:2]])})" for lost in outages.cut_off[:_NAMES]]
        more = len(outages.cut_off) - len(named)
        words = ", ".join(named) + (f" and {more} more" if more else "")
        remarks.append(f"N-1: {outages.count} outages are looked at; left out, as they cut buses off: {words}")
    return remarks
