"""The benchmarks themselves: all of the design, small points that every contender can take, one problem for all."""

import json

import numpy as np
import pytest

from benchmarks.benchmark import NAMES, SIZES, Benchmark, Contender, Outcome, all_benchmarks
from benchmarks.cases.dispatch_cases import province_at_once
from benchmarks.cases.problem import Problem
from benchmarks.cases.synthetic import synthetic
from benchmarks.peers.cvxpy_model import one_problem
from benchmarks.peers.dispatch import solve
from benchmarks.runner import How, run
from benchmarks.watch import Watch


def test_every_benchmark_has_all_sizes_and_a_name():
    benchmarks = all_benchmarks()
    assert [benchmark.name for benchmark in benchmarks] == list(NAMES)
    for benchmark in benchmarks:
        assert set(benchmark.points) == set(SIZES)
        assert all(benchmark.points.values())
        names = [contender.name for contender in benchmark.contenders]
        assert len(set(names)) == len(names)
        assert {target.peer for target in benchmark.targets} <= set(names)


def test_more_hours_change_none_of_the_first():
    (short_net, short), (long_net, long) = synthetic(48, 10), synthetic(72, 10)
    park = short["park_1"].to_numpy()
    np.testing.assert_array_equal(park, long["park_1"].to_numpy()[:48])
    demand = [
        net.load["p_mw"].sum() * series["load"].to_numpy()[:48]
        for net, series in ((short_net, short), (long_net, long))
    ]
    np.testing.assert_allclose(*demand, rtol=1e-12)


def test_cycles_are_cycles_and_a_bridge_is_in_none():
    arrays = province_at_once(24, 20).arrays
    assert arrays.cycles().shape[0] == len(arrays.ends) - arrays.buses + 1
    assert abs(arrays.incidence() @ arrays.cycles().T).max() == 0.0
    for branch in range(len(arrays.ends)):
        rest = np.delete(arrays.ends, branch, axis=0)
        assert _connected(arrays.buses, rest) != bool(arrays.bridges()[branch])


def _connected(buses, ends):
    reached = {0}
    while more := {int(b) for pair in ends for b in pair if reached & set(pair.tolist())} - reached:
        reached |= more
    return len(reached) == buses


def test_gridopt_and_plain_cvxpy_solve_the_same_problem():
    problem = province_at_once(24, 12)
    assert solve(problem).objective == pytest.approx(one_problem(problem, Watch()).objective, rel=1e-7)


def test_windows_are_those_of_gridopt():
    from gridopt.horizon.windows import spans

    for hours in (24, 168, 200, 252, 336, 500, 8760):
        problem = _of_hours(hours)
        own = [(span.start, span.steps, span.core) for span in spans(hours, 168, 24)]
        assert problem.spans() == own, hours


def _of_hours(hours):
    import xarray as xr

    return Problem(None, xr.Dataset(coords={"time": np.arange(hours)}), 1.0, window_h=168, look_ahead_h=24)


def test_the_watch_times_the_solver_and_gives_highs_back():
    import highspy

    own, watch = highspy.Highs.run, Watch()
    with watch.running() as times:
        highspy.Highs().run()
    assert highspy.Highs.run is own
    assert times["solves"] == 1
    assert 0.0 <= times["solve_wall_s"] <= times["wall_s"]
    assert times["build_wall_s"] == pytest.approx(times["wall_s"] - times["solve_wall_s"])


def planted(monkeypatch, last):
    """A benchmark of three contenders, the second of which fails, stopped by hand after some runs; and what ran."""
    seen = []

    def one(_benchmark, contender, _point, _how, given_up):
        if given_up:
            return {"status": "left out", "reason": given_up}
        if len(seen) == last:
            raise KeyboardInterrupt
        seen.append(contender.name)
        broken = contender.name == "b"
        return (
            {"status": "failed", "reason": "broken"} if broken else {"status": "done", "reason": "", "objective": 1.0}
        )

    monkeypatch.setattr("benchmarks.runner._one", one)
    contenders = tuple(Contender(name, "", lambda *_: Outcome(0.0)) for name in "abc")
    return Benchmark("week_lp", "", dict, {"s": ({"hours": 1},)}, contenders), seen


def statuses(folder):
    kept = json.loads((folder / "week_lp-s.json").read_text(encoding="utf-8"))["measurements"]
    return [(m["contender"], m["repeat"], m["status"]) for m in kept]


def test_a_killed_run_keeps_what_it_has(tmp_path, monkeypatch):
    plan, _ = planted(monkeypatch, last=3)
    with pytest.raises(KeyboardInterrupt):
        run(plan, How("s", 2, tmp_path, 10.0), lambda _line: None)
    assert statuses(tmp_path) == [("a", 0, "done"), ("b", 0, "failed"), ("c", 0, "done")]


def test_contenders_run_in_turn_and_one_that_failed_is_left_out(tmp_path, monkeypatch):
    plan, seen = planted(monkeypatch, last=99)
    run(plan, How("s", 2, tmp_path, 10.0), lambda _line: None)
    assert seen == ["a", "b", "c", "a", "c"]
    assert statuses(tmp_path)[4] == ("b", 1, "left out")
