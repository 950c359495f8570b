"""Each remark comes where its data are, and nowhere else."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from gridopt.case import Case
from gridopt.check.remarks import remarks
from tests.model.systems import add_row, case_of, generator, grid, load, response, storage, tie

POLICY = {"renewable_priority_cny_per_mwh": 300.0}


def case(
    *, tie_columns: dict[str, object] | None = None, program: dict[str, object] | None = None,
    store: dict[str, object] | None = None, pilot: bool = False, plain: bool = False, **settings: object,
) -> Case:  # fmt: skip
    net = grid(1)
    generator(net, 0, 100.0, 300.0)
    load(net, 0, 50.0)
    tie(net, 0, 5.0, **(tie_columns or {}))
    response(net, 5.0, 400.0, **(program or {}))
    storage(net, 0, charge_mw=5.0, energy_mwh=10.0, **({"efficiency": 1.0, "name": "cell"} | (store or {})))
    if pilot:
        add_row(net, "pilot_zone", {"name": "park", "bus": 0})
    return case_of(net, 2, plain=plain, **settings)


def test_silence_where_everything_is_modelled() -> None:
    assert remarks(case()) == []
    # zero says nothing
    assert remarks(case(tie_columns={"renewable_share_min": 0.0, "loss_pu": 0.0})) == []


@pytest.mark.parametrize(
    ("data", "line"),
    [
        ({"tie_columns": {"renewable_share_min": 0.5}}, "tie tie: the least share of renewable energy"),
        ({"tie_columns": {"loss_pu": 0.03}}, "tie tie: the loss on the way"),
        ({"tie_columns": {"steps_per_day": 3.0}}, "tie tie: the limit of steps per day"),
        ({"program": {"hours_per_event": 4.0}}, "demand_response program: the limit of hours per event"),
        ({"program": {"hours_per_day": 4.0}}, "demand_response program: the limit of hours per day"),
        ({"store": {"co_located_sgen": 0.0}}, "storage cell: the shared connection with a wind or solar park"),
    ],
    ids=lambda value: next(iter(next(iter(value.values())))) if isinstance(value, dict) else "",
)
def test_data_that_nothing_reads(data: dict[str, dict[str, object]], line: str) -> None:
    assert remarks(case(**data)) == [f"{line} is not modelled yet"]


def test_at_most_three_names() -> None:
    net = grid(1)
    generator(net, 0, 100.0, 300.0)
    load(net, 0, 50.0)
    for number in range(5):
        tie(net, 0, 1.0, name=f"tie {number}", steps_per_day=2.0 if number else None)
    assert remarks(case_of(net, 2)) == ["tie tie 1, tie 2, tie 3: the limit of steps per day is not modelled yet"]


def test_pilot_zones() -> None:
    (line,) = remarks(case(pilot=True))
    assert line.startswith("pilot zones park: ")


def test_curtailment_that_pays_a_store_for_losses() -> None:
    # 0.9 both ways loses 19 %: at 300 CNY/MWh a MWh in circles saves 57 CNY and costs 0.81 times the wear.
    lossy = {"efficiency": 0.9, "throughput_cost_cny_per_mwh": 10.0}
    (line,) = remarks(case(store=lossy, policy=POLICY))
    assert "300 CNY/MWh pays 1 storage(s)" in line
    assert "up to 43 CNY/MWh" in line
    assert remarks(case(store=lossy | {"throughput_cost_cny_per_mwh": 71.0}, policy=POLICY)) == []
    assert remarks(case(store=lossy, policy={"renewable_priority_cny_per_mwh": 42.0})) == []
    assert remarks(case(store=lossy, prices={"curtailment_cny_per_mwh": 44.0})) != []
    assert remarks(case(store=lossy | {"in_service": False}, policy=POLICY)) == []
    assert remarks(case(store={"efficiency": 1.0}, policy=POLICY)) == []


def test_plain_nets_have_no_price_of_curtailment() -> None:
    assert remarks(case(store={"efficiency": 0.9}, plain=True, policy=POLICY)) == []


def test_the_shipped_tiny_case(tiny: Case) -> None:
    assert [line.split(":")[0] for line in remarks(tiny)] == [
        "tie hvdc",
        *["demand_response industrial interruption"] * 2,
    ]


def test_remarks_leave_the_case_alone(tmp_path: Path) -> None:
    made = case(tie_columns={"steps_per_day": 3.0})
    before, table = made.input_sha256, made.net["tie"].copy()
    remarks(made)
    pd.testing.assert_frame_equal(made.net["tie"], table)
    assert Case.override(made, {}).input_sha256 == before
