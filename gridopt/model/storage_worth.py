r"""What one MW more of a store's power, and one MWh more of its energy, saves.

Power and energy stand in the limits of the columns, behind the reserves, in counts of units and in modes, and in the
cycles of a day.  With inertia the power also is the size of the machines: of a converter :math:`H D` is held, of
machines that run :math:`H (d + c D/C)` with :math:`c/C + d/D \le 1`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gridopt.model.algebra import one_over
from gridopt.model.component import Array
from gridopt.model.worth import ReducedCosts, of_upper, price

if TYPE_CHECKING:
    from gridopt.model.storage import Storage


def storage_worth(part: Storage, reduced_costs: ReducedCosts) -> dict[str, Array]:
    """Saving of one unit more of ``charge``, ``discharge`` [CNY/MW] and ``energy`` [CNY/MWh], each (element, step)."""
    d = part.data
    saved = {
        name: of_upper(reduced_costs(column))
        for name, column in (("charge", part.charge), ("discharge", part.discharge), ("energy", part.energy))
    }
    for name, more in zip(("charge", "discharge"), part.units.worth(), strict=True):
        saved[name] += more
    for name, of, row in part.size_rows:
        saved[name][of] += price(row)
    if part.limited.size:
        saved["energy"][part.limited] += d.max_cycles_per_day[part.limited, None] * part.days.worth(reduced_costs)
    if part.slots.count:
        _add_held(part, of_upper(reduced_costs(part.held)), saved)
    if part.asks_inertia:
        _add_inertia(part, saved)
    return saved


def _add_held(part: Storage, limit_worth: Array, saved: dict[str, Array]) -> None:
    """A store holds at most its power both ways of a spinning product, and what it discharges of the base."""
    slots = part.slots
    spinning = np.array([product.kind == "spinning" for product in slots.products])[slots.product]
    np.add.at(saved["discharge"], slots.element, limit_worth)
    np.add.at(saved["charge"], slots.element[spinning], limit_worth[spinning])


def _add_inertia(part: Storage, saved: dict[str, Array]) -> None:
    """Larger converters hold more, and so do larger machines, which are busy with a smaller part of their size."""
    d = part.data
    asked = price(part.reserve_row)[[each.kind == "inertia" for each in d.products]].sum(axis=0)
    saved["discharge"] += (d.inertia_s * ~d.machines)[:, None] * asked
    of = part.running_machines
    if not of.size:
        return
    held = d.inertia_s[of][:, None] * asked
    most, by_charge, by_discharge = (
        size[of][:, None] for size in (d.discharge_mw, one_over(d.charge_mw), one_over(d.discharge_mw))
    )
    charging, discharging = part.charge.value[of] * by_charge, part.discharge.value[of] * by_discharge
    busy = price(part.machine_row)
    saved["charge"][of] += (busy - held * most) * charging * by_charge
    saved["discharge"][of] += held * charging + busy * discharging * by_discharge
