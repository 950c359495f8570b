"""Rules for demand response: size, target and limits of a program fit together."""

from __future__ import annotations

from collections.abc import Iterator

from gridopt.check.subject import Rule, Subject
from gridopt.errors import Fault

TABLE = "demand_response"


def response_is_determined(case: Subject) -> Iterator[Fault]:
    """A program has one size and a target that exists."""
    share, power = case.numbers(TABLE, "share_of_peak"), case.numbers(TABLE, "p_mw")
    for row in share.index[share.notna() & power.notna()]:
        yield case.fault(TABLE, row, "p_mw", "give share_of_peak or p_mw, not both")
    target, kinds = case.words(TABLE, "target"), set(case.words("load", "kind"))
    for row in target.index[(target != "") & ~target.isin(kinds)]:
        yield case.fault(TABLE, row, "target", f"there is no load of kind {target[row]!r}")
    none = share.isna() & power.isna()
    for row in none.index[none & (case.words(TABLE, "kind") == "valley_filling")]:
        message = "valley filling takes no part in policy.dr_share_of_peak: give its own p_mw or share_of_peak"
        yield case.fault(TABLE, row, "p_mw", message)


def response_shares_have_weight(case: Subject) -> Iterator[Fault]:
    """The policy's share of the peak goes to some program without a size of its own."""
    kind, weight = case.words(TABLE, "kind"), case.numbers(TABLE, "weight").fillna(1.0)
    shared = (
        case.numbers(TABLE, "share_of_peak").isna() & case.numbers(TABLE, "p_mw").isna() & (kind != "valley_filling")
    )
    if shared.any() and not (weight[shared] > 0).any():
        yield case.fault(TABLE, weight.index[shared][0], "weight", "all programs without own size have no weight")


def shifts_have_a_window(case: Subject) -> Iterator[Fault]:
    """A shiftable program says inside which hours it takes back what it saved."""
    window = case.numbers(TABLE, "window_h")
    for row in window.index[window.isna() & (case.words(TABLE, "kind") == "shiftable")]:
        yield case.fault(TABLE, row, "window_h", "a shiftable program needs the hours in which its energy is neutral")


RULES: tuple[Rule, ...] = (response_is_determined, response_shares_have_weight, shifts_have_a_window)
