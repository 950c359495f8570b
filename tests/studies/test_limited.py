"""The child process: limits, crashes, and its end with its parent."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys

import psutil
import pytest

from gridopt.studies.design import Scenario
from gridopt.studies.limited import CrashError, LimitedProcess, LimitError
from gridopt.studies.runner import Limit, in_child
from gridopt.studies.scenario import Failed, Solved
from tests.studies.acts import act, solve


@pytest.fixture
def process():
    made = LimitedProcess(pickle.dumps(act), time_s=1.0, memory_mb=300)
    yield made
    made.close()


def test_limits_and_crashes_end_the_process_and_the_next_call_gets_another(process):
    first = process.call("print")
    assert first == process.call("again") != os.getpid()
    with pytest.raises(LimitError, match="time limit of 1 s"):
        process.call("sleep")
    assert not psutil.pid_exists(first)
    second = process.call("")
    with pytest.raises(LimitError, match="memory limit of 300 MB"):
        process.call("eat")
    with pytest.raises(CrashError, match="signal 9"):
        process.call("die")
    assert process.call("") not in (first, second)


def test_a_scenario_whose_process_dies_does_not_stop_the_others():
    found = list(in_child(solve, [Scenario(k, {}) for k in range(3)], Limit()))
    assert [scenario.number for scenario, _ in found] == [0, 1, 2]
    assert [type(outcome) for _, outcome in found] == [Solved, Failed, Solved]
    assert "signal 9, 2 times" in found[1][1].reason


def test_the_child_ends_with_its_parent():
    code = (
        "import pickle, time; from gridopt.studies.limited import LimitedProcess; import os\n"
        "process = LimitedProcess(pickle.dumps(abs)); process.call(1)\n"
        "print(process._child.pid, flush=True); time.sleep(60)"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    child = psutil.Process(int(parent.stdout.readline()))
    parent.kill()
    parent.wait()
    parent.stdout.close()
    psutil.wait_procs([child], timeout=20)
    assert not child.is_running() or child.status() == psutil.STATUS_ZOMBIE
