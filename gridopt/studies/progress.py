"""How far a sweep is: counts, rate, time left; shown live on a terminal, as a line now and then elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from gridopt.studies.store import Store

_LINE_EVERY_S = 30.0


@dataclass
class Count:
    """Scenarios of a run.

    Attributes
    ----------
    total : int
        Scenarios of the sweep, or of the shard.
    done, failed : int
        Of them with a result, and with a reason for none.
    running : int
        Being solved now.
    """

    total: int
    done: int = 0
    failed: int = 0
    running: int = 0
    clock: Callable[[], float] = time.monotonic
    _begun: float = field(init=False)
    _before: int = field(init=False)

    def __post_init__(self) -> None:
        self._begun, self._before = self.clock(), self.done + self.failed

    @property
    def left(self) -> int:
        """Scenarios that are neither done nor failed."""
        return self.total - self.done - self.failed

    @property
    def rate_per_h(self) -> float | None:
        """Scenarios finished per hour in this run."""
        finished = self.done + self.failed - self._before
        elapsed = self.clock() - self._begun
        return finished / elapsed * 3600 if finished and elapsed > 0 else None

    @property
    def left_s(self) -> float | None:
        """Time left at the rate so far [s]."""
        rate = self.rate_per_h
        return None if rate is None else self.left / rate * 3600

    def __str__(self) -> str:
        parts = [f"{self.done} of {self.total} done", f"{self.failed} failed"]
        if self.running:
            parts.append(f"{self.running} running")
        if self.left and self.rate_per_h is not None and self.left_s is not None:
            parts += [f"{self.rate_per_h:.0f} per hour", f"{_duration(self.left_s)} left"]
        return ", ".join(parts)


def _duration(seconds: float) -> str:
    """As hours:minutes:seconds.

    Examples
    --------
    >>> _duration(3725)
    '1:02:05'
    """
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02d}:{rest:02d}"


def count_of(store: Store) -> Count:
    """Counts of a whole store."""
    records = store.records().values()
    failed = sum(not record.done for record in records)
    return Count(store.size, len(records) - failed, failed)


class Silent:
    """Shows nothing."""

    def __enter__(self) -> Silent:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None

    def show(self, count: Count) -> None:
        """Take notice of a change."""

    def named(self, name: str) -> Silent:
        """The same for something else that is counted afterwards."""
        return self


class Live(Silent):
    """Shows the count on standard error."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._bar: Progress | None = None
        self._task: TaskID | None = None
        self._said = -_LINE_EVERY_S
        self._count: Count | None = None

    def __enter__(self) -> Live:
        if sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

            columns = (
                TextColumn("{task.description}"),
                BarColumn(),
                TextColumn("{task.fields[words]}"),
                TimeElapsedColumn(),
            )
            self._bar = Progress(*columns, console=Console(stderr=True))
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()
        if error is not None and self._count is not None:
            self._count.running = 0
            print(f"{self._name}: {self._count}", file=sys.stderr)

    def named(self, name: str) -> Live:
        """The same for something else that is counted afterwards."""
        return Live(name)

    def show(self, count: Count) -> None:
        """Draw the bar, or print a line when the last one is a while ago."""
        self._count = count
        finished = count.done + count.failed
        if self._bar is not None:
            if self._task is None:
                self._task = self._bar.add_task(self._name, total=count.total, words="")
            self._bar.update(self._task, completed=finished, words=str(count))
        elif time.monotonic() - self._said >= _LINE_EVERY_S:
            self._said = time.monotonic()
            print(f"{self._name}: {count}", file=sys.stderr)
