"""Multipliers of single elements over the whole horizon."""

from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp

from gridopt.horizon.certificate import Certificate
from gridopt.horizon.elements import elements, follow
from gridopt.horizon.piece import Piece
from gridopt.horizon.proof import Prover
from gridopt.solver.dual_bound import Rows
from tests.horizon.random_cases import whole_system
from tests.horizon.test_certificate import solved

# a MWh that is bought in the first hour and stored serves the second one, in which it costs more
PRICE_CNY = (10.0, 30.0)
WHOLE_CNY = 10.0


def rows(matrix, lower, upper, dual):
    each = (np.array(values, dtype=float) for values in (lower, upper, dual))
    return Rows(sp.csr_array(np.array(matrix, dtype=float)), *each)


def nothing(columns):
    return rows(np.zeros((0, columns)), [], [], [])


def hour(price_cny, owner, **parts):
    """Piece of one hour: what is bought, what is used, and the level of a store of two MWh."""
    usual = {"inside": nothing(3), "seam": nothing(3), "beyond": sp.csr_array((0, 3))}
    return Piece(
        core=1,
        cost=np.array([price_cny, 0.0, 0.0]),
        lower=np.zeros(3),
        upper=np.array([5.0, 0.0, 2.0]),
        values=np.zeros(3),
        owner=np.array(owner, dtype=np.int16),
        series=np.where(np.array(owner) < 0, -1, np.arange(3)).astype(np.int32),
        constant=0.0,
        inside_step=np.zeros(1, dtype=np.int64),
        use=sp.csr_array((0, 3)),
        use_constant=np.zeros(0),
        **(usual | parts),
    )


def two_hours(owner=(0, 0, 0)):
    """Store filled in the first hour; one MWh is used in the second."""
    first = hour(
        PRICE_CNY[0],
        owner,
        inside=rows([[1, -1, -1]], [0], [0], [0]),  # level == bought - used
        seam=rows([[0, 0, 1]], [0], [0], [0]),  # level before + bought - used - level == 0
        beyond=sp.csr_array([[1.0, -1.0, -1.0]]),
    )
    second = replace(hour(PRICE_CNY[1], owner), lower=np.array([0.0, 1.0, 0.0]), upper=np.array([5.0, 1.0, 2.0]))
    return [first, second]


def certificate_of(pieces):
    found = Certificate((), np.zeros(0))
    for piece in pieces:
        found.add(piece)
    return found


def test_a_store_is_followed_over_the_seam_to_its_optimum():
    certificate = certificate_of(two_hours())
    assert certificate.bound_cny == 0.0
    certificate.follow()
    assert certificate.bound_cny == pytest.approx(WHOLE_CNY)
    # the MWh is worth in both hours what it costs in the first
    np.testing.assert_allclose(np.abs(certificate.pieces[0].seam.dual), PRICE_CNY[0])


def test_rows_over_columns_of_two_components_keep_their_multipliers():
    certificate = certificate_of(two_hours(owner=(0, 1, 1)))
    certificate.follow()
    assert certificate.bound_cny == 0.0


def test_columns_of_nobody_are_no_element():
    pieces = two_hours(owner=(-1, -1, -1))
    mended, _ = follow(pieces, [piece.cost for piece in pieces])
    assert not mended[0].seam.dual.any()


def test_an_element_within_one_piece_is_left_to_the_piece():
    alone = [hour(10.0, (0, 0, 0), inside=rows([[1, -1, -1]], [1], [1], [0])), hour(10.0, (0, 0, 0))]
    assert list(elements(alone)) == []


def certificate_before_the_proof(seed, monkeypatch):
    """The multipliers that the windows of a random system with every component found, before any step of the proof."""
    kept = []
    monkeypatch.setattr(Prover, "_join", lambda self, piece: self.certificate.add(piece))

    def keep(self, *_):
        for joined in self._joined:
            joined.result()
        kept.append(self.certificate)

    monkeypatch.setattr(Prover, "prove", keep)
    solved(*whole_system(seed, 96))
    monkeypatch.undo()
    return kept[0]


def test_elements_share_no_row_and_no_column(monkeypatch):
    pieces = certificate_before_the_proof(3, monkeypatch).pieces
    found = list(elements(pieces))
    assert len(found) > 5
    for name in ("row", "column"):
        numbers = np.concatenate([getattr(each, name) for each in found])
        assert np.unique(numbers).size == numbers.size


def test_following_raises_the_bound_and_any_number_of_threads_finds_the_same(monkeypatch):
    certificate = certificate_before_the_proof(4, monkeypatch)
    pieces, reduced = certificate.pieces, certificate.reduced
    one, three = (follow(pieces, reduced, threads)[0] for threads in (1, 3))
    for a, b in zip(one, three, strict=True):
        np.testing.assert_array_equal(a.seam.dual, b.seam.dual)
        np.testing.assert_array_equal(a.inside.dual, b.inside.dual)
    assert bound_cny(one, certificate) > bound_cny(pieces, certificate)


def bound_cny(pieces, certificate):
    again = Certificate(certificate.budgets, certificate.price_cny)
    for piece in pieces:
        again.add(piece)
    return again.bound_cny
