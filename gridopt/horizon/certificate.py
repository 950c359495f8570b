r"""A lower bound of what the horizon can cost, from the multipliers of the windows.

Write the whole horizon as one linear program, whole units left aside, and cut its columns into pieces, one for each
window's core (``gridopt.horizon.piece``).  Any multipliers of all rows, those over the seams included, give a bound
that holds (``gridopt.solver.dual_bound``).  The windows' own multipliers fit inside the pieces and disagree at the
seams, where one window did not see what the next one knew.  So each seam is mended: all multipliers stay as they
are but those of the rows within some steps around the seam, which are chosen anew by a small linear program; its
value can't be lower than what it replaces.  Seams whose neighbourhoods share no column are mended independently.  What
single elements do over more than some days is chosen at last (``gridopt.horizon.elements``).
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import scipy.sparse as sp
from scipy.optimize import linprog

from gridopt.horizon.elements import follow
from gridopt.horizon.piece import Piece
from gridopt.model.budget import BudgetLimit
from gridopt.model.component import Array
from gridopt.solver.dual_bound import better_multipliers, columns_worth, stacked

# A piece whose part of the gap is smaller than this part of what is asked is left as it is.
_LITTLE = 0.1
# Rounds end where one closes less than this part of what is missing.
_WORTH_A_ROUND = 0.1
# Better multipliers of a piece, None where there are none, and its use of the budgets.
Settled = tuple[Array | None, Array]
# Better multipliers of the rows inside the piece before a seam, over it, and inside the piece after it.
Mended = tuple[Array, Array, Array]


class Certificate:
    """The pieces of the horizon with their multipliers.

    Parameters
    ----------
    budgets
        What may be used, or has to be reached, over the horizon.
    price_cny
        (budget,) multiplier of each budget, from 0 to the price of a breach [CNY per unit].
    near_steps
        Steps on each side of a seam whose rows are looked at when it is mended; no more than half a piece.
    """

    def __init__(self, budgets: tuple[BudgetLimit, ...], price_cny: Array, near_steps: int = 24) -> None:
        self.budgets = budgets
        self._near_steps = near_steps
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
            # the last piece has columns that belong to no step, too
            before = replace(before, beyond=_placed(before.beyond, 0, reduced.size))
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

    def join(self, seam: int, gap: float) -> None:
        """Mend the seam after a piece; where that is worth it, settle the piece and mend the seam before it again.

        To be called seam after seam, from the first on.

        Parameters
        ----------
        seam
            Number of the piece before it.
        gap
            Relative gap at which the bound is good enough.
        """
        self._put_in(seam, self._mended(seam))
        if self._worth_settling(seam, gap):
            self._resettle(seam)

    def join_all(self, gap: float, threads: int = 1) -> None:
        """Mend all seams; settle the pieces where that is worth it, and mend the seams again: many at once.

        Parameters
        ----------
        gap
            Relative gap at which the bound is good enough.
        threads
            Pieces or seams that are looked at at once.
        """
        self.mend(threads)
        unsettled = [number for number in range(len(self.pieces)) if self._worth_settling(number, gap)]
        self._settle_some(unsettled, threads)
        if unsettled:
            self.mend(threads)

    def _worth_settling(self, number: int, gap: float) -> bool:
        piece = self.pieces[number]
        return self.loss_cny(number) > _LITTLE * gap * float(np.abs(piece.cost * piece.values).sum())

    def _resettle(self, number: int) -> None:
        """Settle a piece, and mend the seam before it, which was mended without knowing that."""
        self._take(number, self.settled(number))
        if number > 0:
            self._put_in(number - 1, self._mended(number - 1))

    def loss_cny(self, number: int) -> float:
        """What the columns and the rows inside a piece add to the gap: how far solution and multipliers disagree.

        All parts of the gap are of this kind and none is negative; those of the seams and of the budgets are not
        counted here.
        """
        piece, reduced = self.pieces[number], self.reduced[number]
        rows = piece.inside
        of_rows = float(rows.dual @ (rows.matrix @ piece.values)) - rows.worth()
        return float(reduced @ piece.values) - columns_worth(reduced, piece.lower, piece.upper) + of_rows

    def improve(self, rounds: int, prices: int, enough_cny: float, threads: int = 1) -> None:
        """Raise the bound: along the elements, around the seams, inside the pieces, and by the prices of the budgets.

        Parameters
        ----------
        rounds
            Most rounds at the prices found; each solves all seams, pieces and elements once.
        prices
            Most prices of the budgets that are tried before; each solves all pieces once.
        enough_cny
            Bound at which it is good enough.
        threads
            Elements, pieces or seams that are looked at at once.
        """
        if self.bound_cny >= enough_cny:
            return
        self._resettle(len(self.pieces) - 1)
        if self.budgets and prices:
            self._search(prices, enough_cny, threads)
        self.follow(threads)
        for _ in range(rounds):
            before = self.bound_cny
            if before >= enough_cny:
                return
            self.mend(threads)
            self.settle(threads)
            self.follow(threads)
            if self.bound_cny - before < _WORTH_A_ROUND * (enough_cny - before):
                return

    def _search(self, prices: int, enough_cny: float, threads: int) -> None:
        """Search for better prices of the budgets, which the bound is concave in while those over the seams stay."""
        self.mend(threads)
        first, best = self.price_cny, self._kept()
        tried: list[tuple[float, Array, Array]] = []
        for number in range(prices):
            if best[0] >= enough_cny:
                break
            slope = self.settle(threads)
            tried.append((self.bound_cny, slope, self.price_cny))
            if self.bound_cny > best[0]:
                best = self._kept()
            if number + 1 < prices:
                self.reprice(best_prices(tried, self._largest))
        _, self.pieces, self.reduced, self.price_cny = best
        if not np.array_equal(first, self.price_cny):  # the seams were mended at other prices
            self.mend(threads)

    def _kept(self) -> tuple[float, list[Piece], list[Array], Array]:
        return self.bound_cny, list(self.pieces), list(self.reduced), self.price_cny

    @property
    def bound_cny(self) -> float:
        """The lower bound [CNY]."""
        return float(self.by_piece_cny().sum() - self._sign * self.price_cny @ self._allowed)

    def mend(self, threads: int = 1) -> None:
        """Choose the multipliers around all seams anew, so many seams at once; the bound never falls."""
        with ThreadPoolExecutor(threads) as pool:
            for parity in (0, 1):  # neighbouring seams may share columns
                turn = range(parity, len(self.pieces) - 1, 2)
                for seam, found in zip(turn, pool.map(self._mended, turn), strict=True):
                    self._put_in(seam, found)

    def _put_in(self, seam: int, found: Mended | None) -> None:
        if found is not None:
            self._set_inside(seam, found[0])
            self._set_seam(seam, found[1])
            self._set_inside(seam + 1, found[2])

    def follow(self, threads: int = 1) -> None:
        """Choose the multipliers of each element's own rows anew, over all pieces; the bound never falls."""
        self.pieces, self.reduced = follow(self.pieces, self.reduced, threads)

    def settle(self, threads: int = 1) -> Array:
        """Choose the multipliers inside each piece anew, those over the seams kept; the bound never falls.

        Returns
        -------
        numpy.ndarray
            (budget,) what the pieces' own solutions use of each budget beyond what is allowed, or lack of what is
            due: the slope of the bound in the prices of the budgets.
        """
        use = self._settle_some(range(len(self.pieces)), threads)
        beyond: Array = self._sign * (use - self._allowed)
        return beyond

    def _settle_some(self, numbers: Sequence[int], threads: int) -> Array:
        """Settle some pieces; what their own solutions use of each budget, (budget,)."""
        use = np.zeros(len(self.budgets))
        with ThreadPoolExecutor(threads) as pool:
            for number, found in zip(numbers, pool.map(self.settled, numbers), strict=True):
                use += found[1]
                self._take(number, found)
        return use

    def settled(self, number: int) -> Settled:
        """Best multipliers inside a piece, None if no better, and the use of the budgets by its solution."""
        piece, reduced = self.pieces[number], self.reduced[number]
        dual, values = better_multipliers(reduced, piece.lower, piece.upper, piece.inside)
        return dual, piece.use @ values + piece.use_constant

    def _take(self, number: int, found: Settled) -> None:
        if found[0] is not None:
            self._set_inside(number, found[0])

    def reprice(self, price_cny: Array) -> None:
        """Give the budgets other prices, within their limits."""
        price_cny = np.clip(price_cny, 0.0, self._largest)
        more = self._sign * (price_cny - self.price_cny)
        self.reduced = [reduced + piece.use.T @ more for piece, reduced in zip(self.pieces, self.reduced, strict=True)]
        self.price_cny = price_cny

    def _set_inside(self, number: int, dual: Array) -> None:
        """Give the rows inside a piece other multipliers."""
        piece = self.pieces[number]
        self.reduced[number] = self.reduced[number] - piece.inside.matrix.T @ (dual - piece.inside.dual)
        self.pieces[number] = replace(piece, inside=replace(piece.inside, dual=dual))

    def _set_seam(self, seam: int, dual: Array) -> None:
        """Give the rows over a seam other multipliers."""
        before = self.pieces[seam]
        more = dual - before.seam.dual
        self.reduced[seam] = self.reduced[seam] - before.seam.matrix.T @ more
        self.reduced[seam + 1] = self.reduced[seam + 1] - before.beyond.T @ more
        self.pieces[seam] = replace(before, seam=replace(before.seam, dual=dual))

    def _mended(self, seam: int) -> Mended | None:
        """Better multipliers around a seam; only those within some steps of it differ from the present ones."""
        before, after = self.pieces[seam], self.pieces[seam + 1]
        steps = min(self._near_steps, (max(before.core, after.core) + 1) // 2)
        late, early = before.inside_step >= before.core - steps, after.inside_step < steps
        left, over, right = before.inside.take(late), before.seam, after.inside.take(early)
        width = before.cost.size + after.cost.size
        rows = stacked(
            [
                replace(left, matrix=_placed(left.matrix, 0, width)),
                replace(over, matrix=sp.csr_array(sp.hstack([over.matrix, before.beyond], format="csr"))),
                replace(right, matrix=_placed(right.matrix, before.cost.size, width)),
            ]
        )
        lower, upper = (np.concatenate([getattr(before, side), getattr(after, side)]) for side in ("lower", "upper"))
        found, _ = better_multipliers(np.concatenate([self.reduced[seam], self.reduced[seam + 1]]), lower, upper, rows)
        if found is None:
            return None
        of_left, of_seam, of_right = np.split(found, np.cumsum([left.dual.size, over.dual.size]))
        dual_before, dual_after = before.inside.dual.copy(), after.inside.dual.copy()
        dual_before[late], dual_after[early] = of_left, of_right
        return dual_before, of_seam, dual_after


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


def _placed(matrix: sp.csr_array, first: int, n_columns: int) -> sp.csr_array:
    """The same rows over so many columns, the own ones from another place on."""
    return sp.csr_array((matrix.data, matrix.indices + first, matrix.indptr), shape=(matrix.shape[0], n_columns))
