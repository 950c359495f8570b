"""Medians, and when a row does not count."""

import doctest

import pytest

import benchmarks.statistics
import benchmarks.table
from benchmarks.statistics import Spread, rows_of


def run(contender, objective=100.0, wall_s=1.0, number=0, **more):
    """A measurement as a result file holds it."""
    times = dict.fromkeys(
        ("cpu_s", "build_wall_s", "build_cpu_s", "solve_wall_s", "solve_cpu_s", "process_wall_s", "process_cpu_s"), 0.5
    )
    basics = {"number": number, "point": {"hours": 24}, "contender": contender, "status": "done", "reason": ""}
    found = {"objective": objective, "wall_s": wall_s, "peak_rss_mb": 400.0, "facts": {}, "input_sha256": "a"}
    return basics | times | found | more


def without(contender, status, reason):
    return {
        "number": 0,
        "point": {"hours": 24},
        "contender": contender,
        "status": status,
        "reason": reason,
    }


def result(*measurements, agrees=True):
    names = {m["contender"]: {"configuration": "", "agrees": agrees, "cores": 1} for m in measurements}
    return {"benchmark": "week_lp", "size": "s", "tolerance": 1e-3, "contenders": names, "measurements": measurements}


def test_medians_with_smallest_and_largest():
    own, peer = rows_of(result(*(run(name, wall_s=s) for s in (3.0, 1.0, 2.0) for name in ("gridopt", "PyPSA"))))
    assert own.spread["wall_s"] == Spread(2.0, 1.0, 3.0)
    assert (own.runs, peer.runs) == (3, 3)
    assert own.counts and peer.counts


def test_an_objective_within_the_tolerance_counts_and_one_beyond_is_void():
    rows = rows_of(result(run("gridopt"), run("PyPSA", 100.09), run("cvxpy", 100.11)))
    assert [row.counts for row in rows] == [True, True, False]
    assert rows[2].void == "its objective differs by 1.1e-03"


def test_a_nan_objective_is_void():
    assert not rows_of(result(run("gridopt"), run("PyPSA", float("nan"))))[1].counts


def test_another_problem_needs_no_equal_objective():
    assert all(row.counts for row in rows_of(result(run("relaxed"), run("integer", 120.0), agrees=False)))


def test_each_point_is_compared_with_its_own_first_contender():
    rows = rows_of(result(run("gridopt"), run("PyPSA"), run("gridopt", 7.0, number=1), run("PyPSA", 7.0, number=1)))
    assert all(row.counts for row in rows)
    assert [row.objective for row in rows] == [100.0, 100.0, 7.0, 7.0]


def test_other_inputs_are_void():
    row = rows_of(result(run("gridopt"), run("PyPSA", input_sha256="b")))[1]
    assert row.void == "the contenders had different inputs"


@pytest.mark.parametrize(("status", "void", "left_out"), [("failed", "died", ""), ("stopped", "", "died")])
def test_a_run_without_an_end_says_why(status, void, left_out):
    row = rows_of(result(run("gridopt"), without("PyPSA", status, "died")))[1]
    assert (row.void, row.left_out, row.counts, row.objective) == (void, left_out, False, None)


def test_a_reference_that_failed_voids_the_others():
    rows = rows_of(result(without("gridopt", "failed", "died"), run("PyPSA")))
    assert [row.void for row in rows] == ["died", "there is nothing to compare its objective with"]


def test_a_contender_that_breaks_its_own_condition_is_void_but_kept():
    row = rows_of(result(run("gridopt", status="void", reason="the proven gap is 3e-4")))[0]
    assert row.void == "the proven gap is 3e-4"
    assert row.objective == 100.0


@pytest.mark.parametrize("module", [benchmarks.statistics, benchmarks.table])
def test_examples(module):
    tried = doctest.testmod(module)
    assert tried.attempted
    assert not tried.failed
