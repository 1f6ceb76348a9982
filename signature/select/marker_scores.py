"""How strongly markers go with an outcome, in the data and where people are made exchangeable."""

from __future__ import annotations

import numpy as np

from signature.select.covariates import Adjusted
from signature.select.half_samples import PeopleInRows

_MOST_NUMBERS = 4_000_000
"""Of people by basis by markers, that are held in memory together."""

_MOST_LEVERAGE = 0.9

_LEAST_SHARE = 0.5

_NOTHING = 1e-20
"""Squares that are smaller are rounding."""


class MarkerScores:
    """Scores of all markers, in the data and in draws in which none can matter.

    A score is the size of a marker's coefficient for the outcome, both as covariates leave them,
    over a standard error that lets every person spread otherwise (White 1980) and does not vanish
    where a slope explains a marker's few carriers.

    Parameters
    ----------
    adjusted : Adjusted
    people : PeopleInRows
    """

    def __init__(self, adjusted: Adjusted, people: PeopleInRows) -> None:
        # scores have no scale; columns of one length leave rounding no room to look like one
        length = np.sqrt((adjusted.markers**2).mean(axis=0))
        self.constant = length == 0
        """Columns of which covariates leave nothing; their scores are 0."""
        self._m = adjusted.markers / np.where(self.constant, 1, length)
        self._q, self._people = adjusted.basis, people
        self._r = adjusted.unexplained - adjusted.unexplained.mean()
        self._length = (self._m**2).sum(axis=0)

    def observed(self, *, by_leverage: bool) -> np.ndarray:
        """Scores of the data, shape (n_columns,).

        What is taken out of a row's own value makes its square too small, by its leverage; draws
        whose covariates are not taken out anew have nothing of the kind.
        """
        # everybody's mean is taken out of all draws alike
        own = np.minimum((self._q**2).sum(axis=1) - 1 / len(self._r), _MOST_LEVERAGE)
        larger = 1 / np.sqrt(1 - own) if by_leverage else np.ones(len(own))
        return self._score(self._r, larger)

    def directions(self) -> np.ndarray:
        """1 for a marker that is higher where the outcome is, -1 for one that is lower."""
        return np.sign(self._r @ self._m)

    def permuted(self, draws: int, rng: np.random.Generator) -> np.ndarray:
        """Scores where people trade places, shape (draws, n_columns)."""
        moved = self._r[np.array([self._people.permuted(rng) for _ in range(draws)])]
        if not self._people.one_row_each:
            return np.array([self._score(line, np.ones(len(line))) for line in moved])
        m, total = self._m, moved @ self._m
        slope = _divided(total, self._length)
        around_none = moved**2 @ m**2
        squares = around_none - 2 * slope * (moved @ m**3) + slope**2 * (m**4).sum(axis=0)
        return _over_root(total, squares, around_none)

    def flipped(self, draws: int, rng: np.random.Generator) -> np.ndarray:
        """Scores where people change signs, shape (draws, n_columns)."""
        own = self._people.summed(self._q * self._r[:, None])
        signs = rng.choice([-1.0, 1.0], size=(draws, len(own)))
        n_columns = self._m.shape[1]
        at_once = max(1, _MOST_NUMBERS // self._q.size)
        found = np.empty((draws, n_columns))
        for first in range(0, n_columns, at_once):
            part = slice(first, first + at_once)
            found[:, part] = self._flipped(self._m[:, part], own, signs)
        return found

    def _score(self, r: np.ndarray, larger: np.ndarray) -> np.ndarray:
        total = r @ self._m
        slope = _divided(total, self._length)
        around_none = self._people.summed(self._m * (r * larger)[:, None])
        left = around_none - self._people.summed(slope * self._m**2 * larger[:, None])
        return _over_root(total, (left**2).sum(axis=0), (around_none**2).sum(axis=0))

    def _flipped(self, m: np.ndarray, own: np.ndarray, signs: np.ndarray) -> np.ndarray:
        parts, weights = self._people.summed(m * self._r[:, None]), self._people.summed(m**2)
        shape = (len(signs), self._q.shape[1], m.shape[1])
        # the basis' coefficients of changed markers, and their products with people's parts
        taken = (signs @ self._people.summed(_outer(self._q, m))).reshape(shape)
        crossed = (signs @ _outer(own, parts)).reshape(shape)
        total = signs @ parts - np.einsum("k,dkj->dj", own.sum(axis=0), taken)
        squares = (parts**2).sum(axis=0) - 2 * (taken * crossed).sum(axis=1)
        squares += (taken * np.matmul(own.T @ own, taken)).sum(axis=1)
        slope = _divided(total, (m**2).sum(axis=0) - (taken**2).sum(axis=1))
        along = signs @ (parts * weights) - np.einsum("kj,dkj->dj", own.T @ weights, taken)
        around_slope = squares - 2 * slope * along + slope**2 * (weights**2).sum(axis=0)
        return _over_root(total, around_slope, squares)


def _outer(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Products of every column of one with every column of the other, row by row."""
    return (a[:, :, None] * b[:, None, :]).reshape(len(a), -1)


def _divided(total: np.ndarray, length: np.ndarray) -> np.ndarray:
    there = length > _NOTHING
    return np.where(there, total / np.where(there, length, 1), 0.0)


def _over_root(total: np.ndarray, around_slope: np.ndarray, around_none: np.ndarray) -> np.ndarray:
    """Size of sums over the root of squares; 0 where there is nothing but rounding.

    A slope explains a marker's only carrier, or a few that happen to agree, without a rest: such a
    marker would be the strongest of nearly every draw, and hide all others. So squares around the
    slope count for `_LEAST_SHARE` of those around none at least.
    """
    squares = np.maximum(around_slope, _LEAST_SHARE * around_none)
    there = squares > _NOTHING
    return np.divide(
        np.abs(total), np.sqrt(np.where(there, squares, 1)), where=there, out=np.zeros_like(total)
    )
