"""The same case gives the same result to the last bit, whatever was solved before in the process."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys

import pytest

import gridopt

# Times, memory and when it was made are those of the run, not of the result.
_OF_THE_RUN = ("wall_s", "peak_rss_mb")
_TIMES = ("window_wall_s",)
# whole units take a while: one day is enough for them
_HOURS = {"relaxed": 48, "integer": 24}


def digest(commitment: str) -> dict[str, str]:
    """A digest of every variable of the result of `tiny`, and of the summary."""
    case = gridopt.load_case("tiny", {"unit_commitment": commitment, "hours": _HOURS[commitment]})
    result = gridopt.solve(case)
    found = {
        str(name): hashlib.sha256(values.to_numpy().astype(str if values.dtype.kind in "OU" else None).tobytes())
        for name, values in result.dataset.variables.items()
        if name not in _TIMES
    }
    summary = {key: value for key, value in result.summary.items() if key not in _OF_THE_RUN}
    assert len(found) > 100
    told = hashlib.sha256(json.dumps(summary, sort_keys=True).encode())
    return {name: each.hexdigest() for name, each in (found | {"summary": told}).items()}


@pytest.mark.parametrize("commitment", ["relaxed", pytest.param("integer", marks=pytest.mark.slow)])
def test_what_was_solved_before_changes_no_bit(commitment, tiny):
    first = digest(commitment)
    gridopt.solve(tiny.override({"unit_commitment": "off", "demand.scale": 1.1, "hours": 24}))
    again = digest(commitment)
    assert first == again


@pytest.mark.slow
@pytest.mark.parametrize("commitment", ["relaxed", "integer"])
def test_another_process_gives_the_same_bits(commitment, tiny):
    gridopt.solve(tiny.override({"policy.chp_mode": "heat_zone", "hours": 24}))
    program = f"import json; from {__name__} import digest; print(json.dumps(digest({commitment!r})))"
    other = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"PYTHONHASHSEED": "7"},
    )
    assert json.loads(other.stdout.splitlines()[-1]) == digest(commitment)
