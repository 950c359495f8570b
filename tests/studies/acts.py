"""What the children of the tests do; light, as each child imports it."""

from __future__ import annotations

import os
import signal
import time


def act(word):
    """What the child is asked to do."""
    if word == "sleep":
        time.sleep(60)
    if word == "eat":
        eaten = bytearray(400_000_000)
        eaten[::4096] = b"x" * len(eaten[::4096])
        time.sleep(60)
    if word == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    if word == "print":
        print("words that must not get between the answers", flush=True)
    return os.getpid()


def solve(scenario):
    """A job that dies on scenario 1."""
    from gridopt.studies.scenario import Solved

    act("die" if scenario.number == 1 else "")
    return Solved({"hours": scenario.number})
