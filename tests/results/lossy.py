"""Small nets with resistance, and systems whose losses are linearised once and for all."""

from __future__ import annotations

import numpy as np
import pandapower as pp

from gridopt.case import Case
from gridopt.horizon.rolling import solve_horizon
from gridopt.model.system import System
from gridopt.network.ac_grid import ac_grid
from gridopt.results.ac import power_flows
from gridopt.results.dataset import build_dataset
from gridopt.results.losses import linearised_anew
from tests.model.systems import case_of, generator, grid, line, load, profiles, storage, wind

LINEAR = {"losses": "linear", "line_loss_rate": 0.02, "unit_commitment": "off"}


def with_resistance(net: pp.pandapowerNet, r_over_x: float = 0.12) -> pp.pandapowerNet:
    """The same net, its lines with a resistance."""
    net.line["r_ohm_per_km"] = r_over_x * net.line["x_ohm_per_km"]
    return net


def ring(islands: int = 1) -> pp.pandapowerNet:
    """A town and a works, fed from a cheap and a dear plant, wind and a store; as often as asked, side by side."""
    net = grid(3 * islands)
    for first in range(0, 3 * islands, 3):
        for start, end, limit in ((0, 1, 110.0), (1, 2, np.nan), (0, 2, np.nan)):
            line(net, first + start, first + end, 20.0, limit)
        generator(net, first, 250.0, 200.0 + first, name=f"cheap {first}")
        generator(net, first + 2, 200.0, 400.0 + first, name=f"dear {first}")
        wind(net, first, 80.0, "wind", name=f"wind {first}")
        load(net, first + 1, 180.0, "load", name=f"town {first}")
        load(net, first + 2, 60.0, "load", name=f"works {first}")
        storage(net, first + 1, charge_mw=20.0, energy_mwh=60.0, efficiency=0.9, name=f"store {first}")
    return with_resistance(net)


def ring_case(steps: int = 12, islands: int = 1, **settings: object) -> Case:
    """Hours of the ring; losses are linear unless the settings say otherwise."""
    hour = np.arange(steps)
    series = profiles(
        steps,
        load=("demand", 1.0 + 0.3 * np.sin(hour / 3.0)),
        wind=("availability", 0.5 + 0.45 * np.cos(hour / 5.0)),
    )
    return case_of(ring(islands), series, **(LINEAR | settings))


def linearised(case: Case) -> System:
    """System of a case, linearised around the power flows of its first dispatch."""
    system = System.read(case)
    record = solve_horizon(system)
    year = power_flows(system, build_dataset(system, record), ac_grid(case.net))
    return linearised_anew(system, record, year)
