"""Ways of solving many scenarios on one machine: in this process, or in a child with limits.

Both of them, and that of ``cluster.py``, give (scenario, outcome) as scenarios are finished, in any order.  A
scenario that fails gives its reason and does not stop the others.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gridopt.studies.design import Scenario
from gridopt.studies.limited import CrashError, LimitedProcess, LimitError
from gridopt.studies.scenario import Failed, Outcome, Template

if TYPE_CHECKING:
    from gridopt.studies.progress import Count, Silent
    from gridopt.studies.store import Store

Solve = Callable[[Scenario], Outcome]
Finished = tuple[Scenario, Outcome]

#: Fresh processes that a scenario gets when its own dies: a process may be ended for what another one needed.
_PROCESSES_PER_SCENARIO = 2


@dataclass(frozen=True)
class Limit:
    """What one scenario may use: time [s], memory [MB]."""

    time_s: float | None = None
    memory_mb: float | None = None


def here(solve: Solve, scenarios: Iterable[Scenario]) -> Generator[Finished]:
    """Solve in this process, one after the other; no limits, and a crash of the solver is a crash of this process."""
    for scenario in scenarios:
        yield scenario, solve(scenario)


def in_child(solve: Solve, scenarios: Iterable[Scenario], limit: Limit) -> Generator[Finished]:
    """Solve one after the other in a child process, within limits."""
    process = LimitedProcess(pickle.dumps(solve), time_s=limit.time_s, memory_mb=limit.memory_mb)
    try:
        for scenario in scenarios:
            yield scenario, within_limits(process, scenario)
    finally:
        process.close()


def within_limits(process: LimitedProcess, scenario: Scenario) -> Outcome:
    """Outcome of a scenario in a process; one that died by itself is tried once more in a fresh one."""
    reason = ""
    for _ in range(_PROCESSES_PER_SCENARIO):
        try:
            outcome: Outcome = process.call(scenario)
        except LimitError as error:
            return Failed(str(error))
        except CrashError as error:
            reason = str(error)
        else:
            return outcome
    return Failed(f"{reason}, {_PROCESSES_PER_SCENARIO} times")


def put_all(finished: Iterable[Finished], store: Store, shape: Template, count: Count, shown: Silent) -> None:
    """Write each scenario when it is there, and show how far the sweep is."""
    for scenario, outcome in finished:
        failed = isinstance(store.put(scenario, outcome, shape), Failed)
        count.failed += failed
        count.done += not failed
        count.running = min(count.running, count.left)
        shown.show(count)
