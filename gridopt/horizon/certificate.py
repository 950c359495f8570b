r"""A lower bound of what the horizon can cost, from the multipliers of the windows.

Write the whole horizon as one linear program, whole units left aside, and cut its columns into pieces, one for each
window's core (``gridopt.horizon.piece``).  Any multipliers of all rows, those over the seams included, give a bound
that holds (``gridopt.solver.dual_bound``).  The windows' own multipliers fit inside the pieces and disagree at the
seams, where one window did not see what the next one knew.  So each seam is mended: all multipliers stay as they
are but those of the rows within some steps around the seam, which are chosen anew by a small linear program; its
value can't be lower than what it replaces.  Seams whose neighbourhoods share no column are mended independently.
"""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.optimize import linprog

from gridopt.horizon.piece import Piece
from gridopt.model.budget import BudgetLimit
from gridopt.model.component import Array
from gridopt.solver.dual_bound import Rows, best_multipliers, columns_worth

# Better multipliers of a piece, None where there are none, and its use of the budgets.
Settled = tuple[Array | None, Array]


class Certificate:
    """The pieces of the horizon with their multipliers.

    Parameters
    ----------
    budgets
        What may be used, or has to be reached, over the horizon.
    price_cny
        (budget,) multiplier of each budget, from 0 to the price of a breach [CNY per unit].
    """

    def __init__(self, budgets: tuple[BudgetLimit, ...], price_cny: Array) -> None:
        self.budgets = budgets
        self.pieces: list[Piece] = []
        #: Reduced costs of the columns of each piece.
        self.reduced: list[Array] = []
        self._sign = np.array([limit.sign for limit in budgets])
        self._allowed = np.array([limit.limit[-1] for limit in budgets])
        self._largest = np.array([limit.price_cny for limit in budgets])
        self.price_cny = np.clip(price_cny, 0.0, self._largest)

    def add(self, piece: Piece) -> None:
        """Add the next piece; the last one has no seam rows."""
        reduced = piece.cost - piece.inside.pull() - piece.seam.pull() + piece.use.T @ (self._sign * self.price_cny)
        if self.pieces:
            before = self.pieces[-1]
            before = replace(before, beyond=_as_wide(before.beyond, reduced.size))
            self.pieces[-1] = before
            reduced = reduced - before.beyond.T @ before.seam.dual
        self.pieces.append(piece)
        self.reduced.append(reduced)

    def by_piece_cny(self) -> Array:
        """Part of each piece in the bound, with the rows over the seam to the next, (piece,) [CNY]."""
        return np.array(
            [
                piece.constant
                + float(self._sign * self.price_cny @ piece.use_constant)
                + piece.inside.worth()
                + piece.seam.worth()
                + columns_worth(reduced, piece.lower, piece.upper)
                for piece, reduced in zip(self.pieces, self.reduced, strict=True)
            ]
        )

    def improve(self, rounds: int, enough_cny: float, threads: int = 1) -> None:
        """Raise the bound of settled pieces: around the seams, inside them, and the prices of the budgets.

        Parameters
        ----------
        rounds
            Most rounds.
        enough_cny
            Bound at which it is good enough.
        threads
            Pieces or seams that are looked at at once.
        """
        steps = (max(piece.core for piece in self.pieces) + 1) // 2
        self.mend(steps, threads)
        first, best = self.price_cny, self._kept()
        tried: list[tuple[float, Array, Array]] = []
        for number in range(rounds):
            if best[0] >= enough_cny:
                break
            slope = self.settle(threads)
            tried.append((self.bound_cny, slope, self.price_cny))
            if self.bound_cny > best[0]:
                best = self._kept()
            if number + 1 == rounds or not self.budgets:
                break
            self.reprice(best_prices(tried, self._largest))
        _, self.pieces, self.reduced, self.price_cny = best
        if not np.array_equal(first, self.price_cny):  # the seams were mended at other prices
            self.mend(steps, threads)

    def _kept(self) -> tuple[float, list[Piece], list[Array], Array]:
        return self.bound_cny, list(self.pieces), list(self.reduced), self.price_cny

    @property
    def bound_cny(self) -> float:
        """The lower bound [CNY]."""
        return float(self.by_piece_cny().sum() - self._sign * self.price_cny @ self._allowed)

    def mend(self, steps: int, threads: int = 1, seams: Iterable[int] | None = None) -> None:
        """Choose the multipliers around seams anew; the bound never falls.

        Parameters
        ----------
        steps
            On each side of a seam.
        threads
            Seams that are mended at once.
        seams
            Numbers of the pieces before the seams; by default all.
        """
        chosen = list(range(len(self.pieces) - 1) if seams is None else seams)
        with ThreadPoolExecutor(threads) as pool:
            for parity in (0, 1):  # neighbouring seams may share columns
                turn = [seam for seam in chosen if seam % 2 == parity]
                for seam, found in zip(turn, pool.map(lambda seam: self._mended(seam, steps), turn), strict=True):
                    if found is not None:
                        self._take(seam, steps, *found)

    def settle(self, threads: int = 1) -> Array:
        """Choose the multipliers inside each piece anew, those over the seams kept; the bound never falls.

        Returns
        -------
        numpy.ndarray
            (budget,) what the pieces' own solutions use of each budget beyond what is allowed, or lack of what is
            due: the slope of the bound in the prices of the budgets.
        """
        with ThreadPoolExecutor(threads) as pool:
            found = list(pool.map(self.settled, range(len(self.pieces))))
        return self.take_settled(found)

    def settled(self, number: int) -> Settled:
        """Best multipliers inside a piece, None if no better, and the use of the budgets by its solution."""
        piece, reduced = self.pieces[number], self.reduced[number]
        dual, values = _better(reduced, piece.lower, piece.upper, piece.inside)
        return dual, piece.use @ values + piece.use_constant

    def take_settled(self, found: list[Settled]) -> Array:
        """Put in what :meth:`settled` found for each piece, and return the slope as :meth:`settle` does."""
        use = np.zeros(len(self.budgets))
        for number, (dual, used) in enumerate(found):
            use += used
            if dual is not None:
                piece = self.pieces[number]
                more = piece.inside.matrix.T @ (dual - piece.inside.dual)
                self.reduced[number] = self.reduced[number] - more
                self.pieces[number] = replace(piece, inside=replace(piece.inside, dual=dual))
        beyond: Array = self._sign * (use - self._allowed)
        return beyond

    def reprice(self, price_cny: Array) -> None:
        """Give the budgets other prices, within their limits."""
        price_cny = np.clip(price_cny, 0.0, self._largest)
        more = self._sign * (price_cny - self.price_cny)
        self.reduced = [reduced + piece.use.T @ more for piece, reduced in zip(self.pieces, self.reduced, strict=True)]
        self.price_cny = price_cny

    def _around(self, seam: int, steps: int) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Rows inside the pieces before and after a seam that lie within some steps of it."""
        before, after = self.pieces[seam], self.pieces[seam + 1]
        return before.inside_step >= before.core - steps, after.inside_step < steps

    def _mended(self, seam: int, steps: int) -> tuple[Array, Array, Array] | None:
        """Best multipliers around a seam: of rows inside before it, over it, inside after it; None if no better."""
        before, after = self.pieces[seam], self.pieces[seam + 1]
        late, early = self._around(seam, steps)
        left, over, right = before.inside.take(late), before.seam, after.inside.take(early)
        rows = Rows(
            sp.csr_array(
                sp.block_array([[left.matrix, None], [over.matrix, before.beyond], [None, right.matrix]], format="csr")
            ),
            *(np.concatenate([getattr(part, name) for part in (left, over, right)]) for name in _LIMITS),
        )
        lower, upper = (np.concatenate([getattr(before, side), getattr(after, side)]) for side in ("lower", "upper"))
        found, _ = _better(np.concatenate([self.reduced[seam], self.reduced[seam + 1]]), lower, upper, rows)
        if found is None:
            return None
        ends = np.cumsum([left.dual.size, over.dual.size])
        return found[: ends[0]], found[ends[0] : ends[1]], found[ends[1] :]

    def _take(self, seam: int, steps: int, left: Array, over: Array, right: Array) -> None:
        """Put mended multipliers into the pieces on both sides of a seam."""
        before, after = self.pieces[seam], self.pieces[seam + 1]
        late, early = self._around(seam, steps)
        more_over = over - before.seam.dual
        pulls = _more(before.inside, late, left) + before.seam.matrix.T @ more_over
        self.reduced[seam] = self.reduced[seam] - pulls
        pulls = _more(after.inside, early, right) + before.beyond.T @ more_over
        self.reduced[seam + 1] = self.reduced[seam + 1] - pulls
        self.pieces[seam] = replace(
            before, inside=_with(before.inside, late, left), seam=replace(before.seam, dual=over)
        )
        self.pieces[seam + 1] = replace(after, inside=_with(after.inside, early, right))


_LIMITS = ("lower", "upper", "dual")


def best_prices(tried: list[tuple[float, Array, Array]], largest: Array) -> Array:
    """Prices of the budgets at which the bound may be highest, by what was found so far: bound, slope, prices.

    The bound is concave in the prices, so each of its tangents lies above it (Kelley's cutting planes).

    Examples
    --------
    Two tangents of the bound 10 − |price − 2| cross at its top.

    >>> low, high = (8.0, np.array([1.0]), np.array([0.0])), (7.0, np.array([-1.0]), np.array([5.0]))
    >>> best_prices([low, high], np.array([9.0]))
    array([2.])
    """
    slope = np.array([each[1] for each in tried])
    offset = np.array([bound - own @ prices for bound, own, prices in tried])
    found = linprog(
        np.append(np.zeros(largest.size), -1.0),
        A_ub=np.column_stack([-slope, np.ones(len(tried))]),
        b_ub=offset,
        bounds=[*((0.0, most) for most in largest), (None, None)],
    )
    return np.asarray(found.x, dtype=float)[:-1]


def _better(reduced: Array, lower: Array, upper: Array, rows: Rows) -> tuple[Array | None, Array]:
    """Better multipliers of some rows, None where there are none, and the solution at which they were found.

    ``reduced``, ``lower`` and ``upper`` are those of all columns; columns that no row touches stand at the end of
    their range that is cheapest.
    """
    touched = np.unique(rows.matrix.indices)
    values = np.where(reduced > 0, lower, upper)
    rows = replace(rows, matrix=sp.csr_array(rows.matrix[:, touched]))
    reduced, lower, upper = reduced[touched], lower[touched], upper[touched]
    cost = reduced + rows.pull()
    dual, values[touched] = best_multipliers(cost, lower, upper, rows)
    found = replace(rows, dual=dual).sound()
    present = rows.worth() + columns_worth(reduced, lower, upper)
    better = found.worth() + columns_worth(cost - found.pull(), lower, upper)
    return (found.dual if better > present else None), values


def _as_wide(matrix: sp.csr_array, n_columns: int) -> sp.csr_array:
    """Room for columns that belong to no step, which only the last piece has."""
    return sp.csr_array((matrix.data, matrix.indices, matrix.indptr), shape=(matrix.shape[0], n_columns))


def _more(rows: Rows, at: NDArray[np.bool_], dual: Array) -> Array:
    """What changed multipliers of some rows take more from the cost of each column."""
    more: Array = rows.matrix.T @ (_with(rows, at, dual).dual - rows.dual)
    return more


def _with(rows: Rows, at: NDArray[np.bool_], dual: Array) -> Rows:
    changed = rows.dual.copy()
    changed[at] = dual
    return replace(rows, dual=changed)
