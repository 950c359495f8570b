r"""The lower bound is what its multipliers add up to, and it bounds the schedule that was written.

For any multipliers :math:`y` of the rows :math:`\underline b \le A x \le \overline b` of a linear program, the smallest
:math:`c^T x` within :math:`l \le x \le u` is at least

.. math:: \sum_i \min(y_i \underline b_i, y_i \overline b_i) + \sum_j \min(r_j l_j, r_j u_j), \qquad r = c - A^T y .

The file of the proof holds the program in pieces, one for each window, and rows from each piece into the next.  Its
coefficients come from the model.  What ties them to the result: the schedule written keeps all rows and limits, costs
in the program what it costs in the result, and the columns that are outputs have the values of the outputs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from gridopt.results.audit import bound_piece
from gridopt.results.audit.finding import OBJECTIVE, PROOF_SUM, Array, Check, Finding, at_most, equal, worse
from gridopt.results.audit.proof_file import NAME, Piece, ProofFile, over_columns
from gridopt.results.audit.view import MissingValuesError, View

GAP = Check("gap", "the gap of the summary is the distance of the objective from the lower bound", "CNY")
BELOW = Check("bound and objective", "the lower bound is no more than what the schedule costs", "CNY")
WINDOWS = Check("windows of the proof", "the proof has the windows of the result", "1")
PARTS = Check("parts of the bound", "the part of every window is what its multipliers add up to", "CNY")
BOUND = Check("lower bound", "the lower bound is the sum of its parts, less the budgets at their prices", "CNY")
BUDGETS = Check("budgets of the proof", "budgets of the proof have limits and use of the result", "of the budget")
PRICES = Check("budget prices of the proof", "a budget costs between nothing and its breach in the proof", "CNY")

CHECKS = (GAP, BELOW, WINDOWS, *bound_piece.CHECKS, PARTS, BOUND, BUDGETS, PRICES)


def notes(view: View) -> tuple[str, ...]:
    """What was not checked of a bound that the result states."""
    if "lower_bound_cny" not in view.data:
        return ()
    if view.proof is None:
        return (f"the lower bound was not added up again: {NAME} is not there",)
    try:
        scheduled = ProofFile(view.proof).scheduled()
    except MissingValuesError:  # a violation by itself
        return ()
    other = ", ".join(str(number) for number, same in enumerate(scheduled) if not same)
    return (f"the proof was not compared with the schedule in windows {other}: they have more rules",) if other else ()


def audit(view: View) -> Iterator[Finding]:
    """All checks of the bound; those of its multipliers where their file is there."""
    if "lower_bound_cny" not in view.data:
        return
    yield from _gap(view)
    if view.proof is None:
        return
    file = ProofFile(view.proof)
    cores = file.cores()
    written = view.array("window_core", ("window",)).astype(int).tolist()
    same = cores == written and sum(cores) == view.steps
    yield Finding(WINDOWS, len(written), float(not same))
    if same:
        yield from _pieces(view, file)


def _gap(view: View) -> Iterator[Finding]:
    """The bound in the summary, and its distance from the objective: none where a budget is broken."""
    keys = ("lower_bound_cny", "gap_cny", "gap")
    absent = next((key for key in ("objective_cny", *keys) if key not in view.summary), None)
    if absent is not None:
        raise MissingValuesError("summary.json", absent)
    lower, objective = float(view.array("lower_bound_cny", ())), float(view.summary["objective_cny"])
    missed, scale = max(objective - lower, 0.0), max(abs(objective), 1.0)
    broken = "budget_breach" in view.data and bool((view.data["budget_breach"] > 0).any())
    expected = (lower, None, None) if broken else (lower, missed, missed / scale)
    off = [
        unit_cny * _distance(view.summary[key], ours)
        for key, ours, unit_cny in zip(keys, expected, (1.0, 1.0, scale), strict=True)
    ]
    yield at_most(GAP, np.array(off)[:, None], 0.0, keys, [""], tolerance=PROOF_SUM * scale)
    yield at_most(BELOW, [[lower]], [[objective]], keys[:1], [""], tolerance=OBJECTIVE * scale)


def _distance(written: float | None, ours: float | None) -> float:
    """Distance of two numbers; endless where only one is there."""
    if written is None or ours is None:
        return 0.0 if written is ours else np.inf
    return abs(float(written) - ours)


def _with_next(pieces: Iterable[Piece]) -> Iterator[tuple[Piece, Piece | None]]:
    """Each piece and the one that comes after it, no more than two at once."""
    before: Piece | None = None
    for piece in pieces:
        if before is not None:
            yield before, piece
        before = piece
    if before is not None:
        yield before, None


def _pieces(view: View, file: ProofFile) -> Iterator[Finding]:
    """What all pieces add up to, and whether the schedule is a point of their program."""
    price = file.sign * file.price_cny
    spent = sum(view.array(name, ("component", "time")).sum(axis=0) for name in ("operating_cost_cny", "penalty_cny"))
    found: dict[Check, list[Finding]] = {}
    parts: list[bound_piece.Part] = []
    pulled: Array | float = 0.0
    for piece, after in _with_next(file.pieces()):
        reduced = bound_piece.reduced_costs(piece, price, pulled)
        parts.append(bound_piece.part(piece, price, reduced))
        for finding in _of_piece(view, file, piece, after, reduced, np.asarray(spent)):
            found.setdefault(finding.check, []).append(finding)
        if after is not None:
            pulled = over_columns(piece.beyond, after.cost.size).T @ piece.seam.dual
    for findings in found.values():
        yield worse(*findings)
    yield from _added_up(view, file, parts)
    yield from _budgets(view, file, [part.use for part in parts])


def _of_piece(
    view: View, file: ProofFile, piece: Piece, after: Piece | None, reduced: Array, spent_cny: Array
) -> Iterator[Finding]:
    """Findings of one piece; where its values are not the schedule's they are only compared with their own limits."""
    yield bound_piece.sound(piece, reduced)
    limits, broken_cny = bound_piece.limits(piece, file, reduced)
    yield limits
    if piece.scheduled:
        rows, more_cny = bound_piece.rows(piece, after)
        yield rows
        broken_cny += more_cny
        yield from bound_piece.schedule(piece, file, view)
    yield bound_piece.cost(piece, file, spent_cny)
    yield bound_piece.worth(piece, broken_cny)


def _added_up(view: View, file: ProofFile, parts: list[bound_piece.Part]) -> Iterator[Finding]:
    """Parts of the windows, and their sum."""
    ours = np.array([part.cny for part in parts])
    size = np.array([part.size_cny for part in parts])
    written = view.array("window_lower_bound_cny", ("window",))
    names = [f"window {number}" for number in range(len(parts))]
    yield equal(PARTS, written[:, None], ours[:, None], names, [""], tolerance=PROOF_SUM * float(size.max()))
    of_budgets = file.sign * file.price_cny * file.allowed
    total = float(ours.sum()) - float(of_budgets.sum()) + file.worth_at_end_cny
    whole = float(size.sum()) + float(np.abs(of_budgets).sum()) + abs(file.worth_at_end_cny)
    lower = view.array("lower_bound_cny", ())
    yield equal(BOUND, lower.reshape(1, 1), [[total]], ["lower_bound_cny"], [""], tolerance=PROOF_SUM * whole)


def _budgets(view: View, file: ProofFile, use: list[Array]) -> Iterator[Finding]:
    """Budgets are those of the result, and their prices lie between nothing and the price of a breach.

    ``use`` is that of each piece, (budget,); it is the schedule's where all values are.
    """
    names = view.data["budget"].to_numpy().astype(str).tolist() if "budget" in view.data.coords else []
    if names != file.budgets:
        raise MissingValuesError(NAME, "budget/name")
    if not names:
        return
    limit, used, breach = (view.array(f"budget_{key}", ("budget",)) for key in ("limit", "used", "price_cny"))
    sign = np.where(view.data["budget_sense"].to_numpy().astype(str) == "most", 1.0, -1.0)
    size = np.maximum(np.abs(limit), np.abs(used))[:, None]
    pairs = [(file.allowed, limit), (file.sign, sign)]
    if all(file.scheduled()):
        pairs.append((np.sum(use, axis=0), used))
    yield worse(*(equal(BUDGETS, ours[:, None], theirs[:, None], names, [""], size=size) for ours, theirs in pairs))
    price = file.price_cny[:, None]
    yield worse(at_most(PRICES, price, breach[:, None], names, [""]), at_most(PRICES, -price, 0.0, names, [""]))
