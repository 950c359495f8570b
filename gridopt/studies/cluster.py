"""Solving on dask: a local cluster, or any cluster that has a scheduler.

The job goes to every worker once, as a plugin, so that it also comes to workers that join late or replace lost ones.
Solving itself is done in a child of the worker (``limited.py``): the worker stays free to talk to its scheduler, and
a scenario that is too long or too large is stopped without losing the worker.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import pickle
import signal
import threading
from collections.abc import Callable, Generator, Iterable, Iterator

from distributed import Client, Future, KilledWorker, LocalCluster, Worker, WorkerPlugin, as_completed, get_worker

from gridopt.errors import SolverError
from gridopt.studies.design import Scenario
from gridopt.studies.limited import LimitedProcess
from gridopt.studies.runner import Finished, Limit, Solve, within_limits
from gridopt.studies.scenario import Failed, Outcome

_BYTES_PER_MB = 1e6
_CONNECT_S = 30
Running = Callable[[int], None]


class Solvers(WorkerPlugin):
    """The children of a dask worker, one per thread of it.

    Parameters
    ----------
    function : bytes
        The pickled job; it is unpickled in the children alone.
    limit
        Limits of a scenario; memory is by default the worker's, shared by its threads.
    deaf
        Whether Ctrl-C is left to the client, which shares its terminal with the workers of a local cluster.
    """

    def __init__(self, function: bytes, limit: Limit, *, deaf: bool = False) -> None:
        self._function, self._limit, self._deaf = function, limit, deaf

    def setup(self, worker: Worker) -> None:
        """Begin on a worker (called by dask)."""
        if self._deaf and threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGINT, signal.SIG_IGN)
        self._lock = threading.Lock()
        self._idle: list[LimitedProcess] = []
        self._all: list[LimitedProcess] = []
        self._memory_mb = self._limit.memory_mb
        if self._memory_mb is None and worker.memory_manager.memory_limit:
            self._memory_mb = worker.memory_manager.memory_limit / _BYTES_PER_MB / worker.state.nthreads

    def teardown(self, worker: Worker) -> None:
        """End with the worker or the sweep (called by dask)."""
        for process in self._all:
            process.end()

    def solve(self, scenario: Scenario) -> Outcome:
        """Solve a scenario in an idle child."""
        with self._lock:
            if not self._idle:
                self._idle.append(LimitedProcess(self._function, time_s=self._limit.time_s, memory_mb=self._memory_mb))
                self._all.append(self._idle[-1])
            process = self._idle.pop()
        try:
            return within_limits(process, scenario)
        finally:
            with self._lock:
                self._idle.append(process)


def _on_worker(plugin: str, scenario: Scenario) -> Outcome:
    solvers = get_worker().plugins[plugin]
    if not isinstance(solvers, Solvers):
        raise TypeError(f"the plugin {plugin} of this worker is none of gridopt's")
    return solvers.solve(scenario)


@contextlib.contextmanager
def connected(scheduler: str | None, workers: int | None, memory_limit: str) -> Iterator[Client]:
    """A client of a scheduler, or of a local cluster of processes with one thread each.

    TLS and everything else of the connection come from dask's own configuration.
    """
    if scheduler is not None:
        # What it has to say of a lost scheduler is said by our own error.
        logging.getLogger("distributed.client").setLevel(logging.CRITICAL)
        try:
            client = Client(scheduler, timeout=_CONNECT_S)
        except (OSError, ValueError, TypeError) as error:
            raise SolverError(f"can't reach the dask scheduler {scheduler}: {error}") from error
        with client:
            yield client
        return
    cluster = LocalCluster(
        n_workers=workers, threads_per_worker=1, processes=True, memory_limit=memory_limit, dashboard_address=None
    )
    with cluster, Client(cluster) as client:
        yield client


def on_dask(
    solve: Solve, scenarios: Iterable[Scenario], client: Client, limit: Limit, name: str, running: Running
) -> Generator[Finished]:
    """Solve on a cluster; scenarios of lost workers are given to others by dask.

    Parameters
    ----------
    solve
        What every worker gets once.
    scenarios
        What is to be solved.
    client
        Connection to the cluster.
    limit
        Limits per scenario.
    name
        Identifies the sweep on the cluster.
    running
        Called with the number of scenarios that are being solved.

    Raises
    ------
    SolverError
        When the scheduler is lost.
    """
    client.register_plugin(
        Solvers(pickle.dumps(solve), limit, deaf=isinstance(client.cluster, LocalCluster)), name=name
    )
    futures = {
        client.submit(_on_worker, name, scenario, key=f"{name}-{scenario.number}", pure=False): scenario
        for scenario in scenarios
    }
    try:
        running(min(len(futures), sum(client.nthreads().values())))
        for future in as_completed(list(futures)):
            scenario = futures.pop(future)
            yield scenario, _outcome(future)
            future.release()
            running(min(len(futures), sum(client.nthreads().values())))
    except (asyncio.CancelledError, OSError) as error:
        raise _scheduler_lost() from error
    finally:
        _leave(client, list(futures), name)


def _outcome(future: Future[Outcome]) -> Outcome:
    status = future.status
    if status == "finished":
        return future.result()
    if status != "error":
        raise _scheduler_lost()
    error = future.exception()
    words = " ".join(str(error).split())
    if isinstance(error, KilledWorker):
        return Failed(f"its worker died again and again: {words}")
    return Failed(f"{type(error).__name__}: {words}")


def _scheduler_lost() -> SolverError:
    return SolverError("the dask scheduler is gone; what was finished is in the store, --resume continues")


def _leave(client: Client, unfinished: list[Future[Outcome]], name: str) -> None:
    """Take back what was not solved, and the job, from a cluster that others may go on using."""
    # A cluster that is coming down answers with errors of every kind; none of them matters any more.
    with contextlib.suppress(Exception):
        if client.status == "running":
            client.cancel(unfinished, force=True)
            client.unregister_worker_plugin(name)
