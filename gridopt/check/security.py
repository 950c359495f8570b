"""What a planner should know of the outages that a case looks at."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pandapower import pandapowerNet

    from gridopt.case import Case

# Outages that a remark names.
_NAMES = 5


def security_remarks(case: Case) -> list[str]:
    """Outages that are left out, as they cut buses off or name no poles, and a case without any outage to look at."""
    from gridopt.network.contingencies import credible_factors
    from gridopt.network.matrices import dc_network

    if case.settings.network_level != "dc+n-1":
        return []
    network = dc_network(case.net)
    outages = credible_factors(case.net, network)
    remarks = [] if outages.count else ["N-1: no outage is credible, so that this is a run of network_level dc"]
    if outages.cut_off:
        bus = case.net.bus["name"].astype(str)
        named = [f"{lost.name} ({', '.join(bus.loc[lost.bus[:2]])})" for lost in outages.cut_off[:_NAMES]]
        more = len(outages.cut_off) - len(named)
        words = ", ".join(named) + (f" and {more} more" if more else "")
        remarks.append(f"N-1: {outages.count} outages are looked at; left out, as they cut buses off: {words}")
    without = list(_without_poles(case.net))
    if without:
        remarks.append(f"N-1: the loss of a pole is not looked at, as its column poles is 0: {', '.join(without)}")
    return remarks


def _without_poles(net: pandapowerNet) -> Iterator[str]:
    """Names of direct current in service whose poles are not stated."""
    for table in ("dcline", "tie"):
        rows = net[table][net[table]["in_service"].to_numpy(bool) & (net[table]["poles"] == 0).to_numpy()]
        for index, name in (rows if table == "dcline" else rows[rows["kind"] == "hvdc"])["name"].items():
            yield str(name or f"{table} {index}")
