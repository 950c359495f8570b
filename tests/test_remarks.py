"""Each remark comes where its data are, and nowhere else."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from gridopt.case import Case
from gridopt.check.remarks import remarks
from tests.model.systems import case_of, generator, grid, load, response, storage, tie

POLICY = {"renewable_priority_cny_per_mwh": 300.0}


def case(
    *, program: dict[str, object] | None = None, store: dict[str, object] | None = None, plain: bool = False,
    **settings: object,
) -> Case:  # fmt: skip
    net = grid(1)
    generator(net, 0, 100.0, 300.0)
    load(net, 0, 50.0)
    tie(net, 0, 5.0, renewable_share_min=0.0, loss_pu=0.01, steps_per_day=3.0)
    response(net, 5.0, 400.0, **(program or {}))
    storage(net, 0, charge_mw=5.0, energy_mwh=10.0, **({"efficiency": 1.0, "name": "cell"} | (store or {})))
    return case_of(net, 2, plain=plain, **settings)


def test_silence_where_everything_is_modelled() -> None:
    assert remarks(case()) == []


def test_hours_and_calls_without_whole_units() -> None:
    for rule in ("hours_per_year", "calls_per_year", "hours_per_event", "hours_per_day"):
        (line,) = remarks(case(program={rule: 4.0}))
        assert line.startswith("demand response: without whole units")
    assert remarks(case(program={"hours_per_year": 4.0}, unit_commitment="integer")) == []
    assert remarks(case(program={"hours_per_year": 4.0}, policy={"dr_mode": "drill"})) == []


def test_curtailment_that_pays_a_store_for_losses() -> None:
    # 0.9 both ways loses 19 %: at 300 CNY/MWh a MWh in circles saves 57 CNY and costs 0.81 times the wear.
    lossy = {"efficiency": 0.9, "throughput_cost_cny_per_mwh": 10.0}
    (line,) = remarks(case(store=lossy, policy=POLICY))
    assert "300 CNY/MWh would pay 1 storage(s)" in line
    assert "up to 43 CNY/MWh" in line
    assert remarks(case(store=lossy | {"throughput_cost_cny_per_mwh": 71.0}, policy=POLICY)) == []
    assert remarks(case(store=lossy, policy={"renewable_priority_cny_per_mwh": 42.0})) == []
    assert remarks(case(store=lossy, prices={"curtailment_cny_per_mwh": 44.0})) != []
    assert remarks(case(store=lossy | {"in_service": False}, policy=POLICY)) == []
    assert remarks(case(store={"efficiency": 1.0}, policy=POLICY)) == []


def test_plain_nets_have_no_price_of_curtailment() -> None:
    assert remarks(case(store={"efficiency": 0.9}, plain=True, policy=POLICY)) == []


def test_remarks_leave_the_case_alone(tmp_path: Path) -> None:
    made = case(program={"hours_per_day": 3.0})
    before, table = made.input_sha256, made.net["tie"].copy()
    remarks(made)
    pd.testing.assert_frame_equal(made.net["tie"], table)
    assert Case.override(made, {}).input_sha256 == before


def test_ramps_of_plants_that_are_not_committed() -> None:
    ramped = case(unit_commitment="off")
    assert remarks(ramped) == []
    ramped.net.gen["ramp_up_mw_per_h"] = 20.0
    (line,) = remarks(ramped)
    assert line == "unit_commitment = off: ramps, minimum times and start costs of 1 generator(s) are not used"
    ramped.net.gen["in_service"] = False
    assert remarks(ramped) == []
