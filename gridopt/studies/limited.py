"""A process of its own for the solving, which can be stopped at a limit of time or memory.

A solver that is busy can't be interrupted from inside its process.  So each worker has one child, which gets the job
once, then one scenario after another; it is ended when it takes too long or too much memory, or when its parent
dies, and a fresh one takes its place.  A crash of the solver ends the child and not the worker.

The two talk in pickles over pipes, between processes of one user on one machine only.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import IO, Any

_LOOK_EVERY_S = 0.2
_HEAD_BYTES = 8
_READY = "ready"


class LimitError(Exception):
    """The call went beyond a limit; the message says which."""


class CrashError(Exception):
    """The process ended in the middle of a call."""


def _write(pipe: IO[bytes], value: object) -> None:
    content = pickle.dumps(value)
    pipe.write(len(content).to_bytes(_HEAD_BYTES, "little"))
    pipe.write(content)
    pipe.flush()


def _read(pipe: IO[bytes]) -> Any:
    head = pipe.read(_HEAD_BYTES)
    size = int.from_bytes(head, "little")
    content = pipe.read(size)
    if len(head) < _HEAD_BYTES or len(content) < size:
        raise EOFError
    return pickle.loads(content)


class LimitedProcess:
    """Calls a function in a process of its own, within limits.

    Parameters
    ----------
    function : bytes
        The pickled function of one argument.
    time_s, memory_mb : float, optional
        Limits of one call; None: no limit.
    """

    def __init__(self, function: bytes, *, time_s: float | None = None, memory_mb: float | None = None) -> None:
        self._function = function
        self.time_s, self.memory_mb = time_s, memory_mb
        self._child: subprocess.Popen[bytes] | None = None
        self._ended = False
        self._replies: queue.Queue[Any] = queue.Queue()

    def call(self, argument: object) -> Any:
        """Value of the function.

        Raises
        ------
        LimitError
            When a limit was reached; the process was ended.
        CrashError
            When the process ended by itself, or was ended for good.
        """
        if self._ended:
            raise CrashError("its process was ended with the sweep")
        child = self._child
        if child is None or child.poll() is not None:
            child = self._begin()
        try:
            _send(child, argument)
            return self._reply(child, self.time_s)
        except BaseException:
            self.close()
            raise

    def end(self) -> None:
        """End the process for good, also out of another thread."""
        self._ended = True
        child = self._child
        if child is not None:
            child.kill()

    def close(self) -> None:
        """End the process; the next call begins another."""
        if self._child is not None:
            self._child.kill()
            self._child.wait()
            for pipe in (self._child.stdin, self._child.stdout):
                if pipe is not None:
                    with contextlib.suppress(OSError):  # what was not yet written can't be
                        pipe.close()
            self._child = None

    def _begin(self) -> subprocess.Popen[bytes]:
        self.close()
        environment = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"} | os.environ
        self._child = child = subprocess.Popen(
            [sys.executable, "-m", "gridopt.studies.limited"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
            start_new_session=True,  # Ctrl-C is for the parent, which decides
        )
        self._replies = queue.Queue()
        threading.Thread(target=_collect, args=(child.stdout, self._replies), daemon=True).start()
        _send(child, list(sys.path))
        _send(child, self._function)
        if self._reply(child, None) != _READY:
            raise CrashError("the process does not speak gridopt's language")
        return child

    def _reply(self, child: subprocess.Popen[bytes], time_s: float | None) -> Any:
        begin = time.monotonic()
        while True:
            with contextlib.suppress(queue.Empty):
                reply = self._replies.get(timeout=_LOOK_EVERY_S)
                if reply is None:
                    raise _crash(child)
                return reply[0]
            if time_s is not None and time.monotonic() - begin > time_s:
                raise LimitError(f"time limit of {time_s:g} s reached")
            if self.memory_mb is not None and (used := _memory_mb(child)) > self.memory_mb:
                raise LimitError(f"memory limit of {self.memory_mb:.0f} MB reached ({used:.0f} MB)")


def _send(child: subprocess.Popen[bytes], value: object) -> None:
    assert child.stdin is not None  # children begin with pipes
    try:
        _write(child.stdin, value)
    except OSError:
        raise _crash(child) from None


def _memory_mb(child: subprocess.Popen[bytes]) -> float:
    import psutil

    try:
        return float(psutil.Process(child.pid).memory_info().rss) / 1e6
    except psutil.Error:
        return 0.0


def _crash(child: subprocess.Popen[bytes]) -> CrashError:
    code = child.wait()
    return CrashError(f"its process was ended by signal {-code}" if code < 0 else f"its process ended ({code})")


def _collect(pipe: IO[bytes], replies: queue.Queue[Any]) -> None:
    """Put what the child says into the queue, each in a tuple; None when it has ended."""
    with contextlib.suppress(EOFError, OSError, ValueError):  # ValueError: the pipe was closed
        while True:
            replies.put((_read(pipe),))
    replies.put(None)


def _requests(pipe: IO[bytes], wanted: queue.Queue[Any]) -> None:
    """Read what is asked; the end of the pipe is the end of the parent, and so of this process."""
    try:
        while True:
            wanted.put(_read(pipe))
    except EOFError:
        os._exit(1)


def main() -> None:
    """Life of the child: path and function first, then one argument after another."""
    # Only pickles go to the pipe: what libraries print goes to standard error.
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    sys.path[:] = _read(sys.stdin.buffer)
    function: Callable[[Any], Any] = pickle.loads(_read(sys.stdin.buffer))
    wanted: queue.Queue[Any] = queue.Queue()
    threading.Thread(target=_requests, args=(sys.stdin.buffer, wanted), daemon=True).start()
    _write(answers, _READY)
    while True:
        _write(answers, function(wanted.get()))


if __name__ == "__main__":
    with contextlib.suppress(EOFError, BrokenPipeError):
        main()
    os._exit(1)  # the parent has gone; the thread that reads its pipe can't be waited for
