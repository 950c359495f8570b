"""A dispatch problem that every contender gets: net, profiles, and how the hours are cut."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import xarray as xr
from pandapower import pandapowerNet

from benchmarks.cases.arrays import Arrays, read_arrays
from benchmarks.cases.synthetic import LOST_LOAD


@dataclass(frozen=True)
class Problem:
    """What is to be dispatched.

    Parameters
    ----------
    net, profiles
        The case.
    excess_cny_per_mwh
        Price of power that nobody can take.
    window_h, look_ahead_h
        Windows that are solved one after the other [h]; a window of all hours is one problem.
    end
        What stores hold at the end of the horizon: anything, or what they held at its start.
    commitment
        Whether plants are off, on by fractions, or on by whole units.
    network
        No network, DC power flow, or one that keeps its limits after outages.
    mip_gap
        Relative gap of whole units.
    """

    net: pandapowerNet
    profiles: xr.Dataset
    excess_cny_per_mwh: float
    window_h: int
    look_ahead_h: int = 0
    end: Literal["free", "cyclic"] = "free"
    commitment: Literal["off", "relaxed", "integer"] = "off"
    network: Literal["copperplate", "dc", "dc+n-1"] = "dc"
    mip_gap: float = 1e-3

    @property
    def hours(self) -> int:
        """Hours of the horizon."""
        return int(self.profiles.sizes["time"])

    @cached_property
    def arrays(self) -> Arrays:
        """The case as plain arrays."""
        return read_arrays(self.net, self.profiles, LOST_LOAD, self.excess_cny_per_mwh)

    @property
    def sha256(self) -> str:
        """Hash of net, profiles and of what is asked."""
        from gridopt.fingerprint import fingerprint

        asked = {key: value for key, value in vars(self).items() if isinstance(value, int | float | str)}
        return fingerprint(asked, self.net, self.profiles)

    def spans(self) -> list[tuple[int, int, int]]:
        """Start, hours and kept hours of each window; a rest of less than half a window belongs to the one before."""
        found: list[tuple[int, int, int]] = []
        start = 0
        while start < self.hours:
            left = self.hours - start
            if left < self.window_h * 1.5:
                return [*found, (start, left, left)]
            found.append((start, min(self.window_h + self.look_ahead_h, left), self.window_h))
            start += self.window_h
        return found

    def with_arrays(self) -> Problem:
        """Itself, its arrays read: peers have them before their time counts."""
        _ = self.arrays
        return self
