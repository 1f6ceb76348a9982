"""Complementary half-samples and permutations that keep people whole."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np

from signature.study.splits import rows_by_person


@dataclass(frozen=True, eq=False)
class HalfSamples:
    """Half-samples of rows, two by two without a common person (Shah and Samworth 2013).

    Parameters
    ----------
    rows : ndarray of shape (2 × n_pairs, most_rows)
        Positions of rows; those from ``sizes[b]`` on are filling.
    sizes : ndarray of shape (2 × n_pairs,)
    """

    rows: np.ndarray
    sizes: np.ndarray

    def __len__(self) -> int:
        return len(self.rows)


def ask_for_people(covariates: np.ndarray) -> None:
    """Warn where rows look like visits of the same people, and nobody said so.

    More of them agree in all covariates than strangers would.

    Parameters
    ----------
    covariates : ndarray of shape (n_rows, n_covariates)
    """
    n, k = covariates.shape
    if not k:
        return
    agree = np.prod([_agreeing(column) for column in covariates.T])
    pairs = n * (n - 1) / 2
    counts = np.unique(covariates, axis=0, return_counts=True)[1]
    if (counts * (counts - 1) / 2).sum() > _MORE_THAN_STRANGERS * agree * pairs + 2:
        warnings.warn(
            f"{counts[counts > 1].sum()} of {n} rows agree with another one in all {k} covariates, "
            "as visits of the same people do; give whose rows they are as groups, or no error rate "
            "holds",
            stacklevel=3,
        )


def _agreeing(column: np.ndarray) -> float:
    """Share of pairs of rows with the same value."""
    counts = np.unique(column, return_counts=True)[1]
    return float((counts * (counts - 1)).sum() / (len(column) * (len(column) - 1)))


_MORE_THAN_STRANGERS = 5
"""Times as many agreeing pairs as columns that have nothing to do with each other would give."""


class PeopleInRows:
    """Who has which rows, and who is in which class.

    Parameters
    ----------
    person : ndarray of shape (n_rows,)
    stratum : ndarray of shape (n_rows,)
        Halves get equally many people of each stratum; a person's is the highest of the rows'.
    site : ndarray of shape (n_rows,), optional
        People trade places within their first row's site.
    """

    def __init__(
        self, person: np.ndarray, stratum: np.ndarray, site: np.ndarray | None = None
    ) -> None:
        self._rows = rows_by_person(person)
        self._n_rows = np.array([len(rows) for rows in self._rows])
        of_site = np.zeros(len(stratum)) if site is None else site
        kinds = [(len(rows), of_site[rows[0]]) for rows in self._rows]
        self._alike = [
            np.array([rows for rows, own in zip(self._rows, kinds, strict=True) if own == kind])
            for kind in sorted(set(kinds))
        ]
        self.stratum = np.array([stratum[rows].max() for rows in self._rows])
        self.fewest = int(min(np.unique(self.stratum, return_counts=True)[1]))
        """People in the smallest stratum."""
        self.one_row_each = bool((self._n_rows == 1).all())
        self._by_person = np.concatenate(self._rows)
        self._starts = np.r_[0, np.cumsum(self._n_rows)[:-1]]

    def summed(self, by_row: np.ndarray) -> np.ndarray:
        """Add up the rows of each person, shape (n_people, n_columns).

        Examples
        --------
        >>> PeopleInRows(np.array([0, 1, 0]), np.zeros(3)).summed(np.array([[1.0], [2.0], [3.0]]))
        array([[4.],
               [2.]])
        """
        ordered: np.ndarray = by_row[self._by_person]
        return ordered if self.one_row_each else np.add.reduceat(ordered, self._starts, axis=0)

    def pairs(self, n_pairs: int, rng: np.random.Generator) -> HalfSamples:
        """Draw pairs of halves; of an odd number of people one is left out of both.

        Examples
        --------
        >>> people = PeopleInRows(np.array([0, 0, 1, 2, 3]), np.array([0, 0, 0, 1, 1]))
        >>> drawn = people.pairs(1, np.random.default_rng(0))
        >>> [sorted(r[:k].tolist()) for r, k in zip(drawn.rows, drawn.sizes, strict=True)]
        [[0, 1, 3], [2, 4]]
        """
        strata = [np.flatnonzero(self.stratum == s) for s in np.unique(self.stratum)]
        halves = []
        for _ in range(n_pairs):
            shuffled = [rng.permutation(people) for people in strata]
            for side in (0, 1):
                people = np.concatenate([s[side : len(s) // 2 * 2 : 2] for s in shuffled])
                halves.append(np.concatenate([self._rows[i] for i in people]))
        sizes = np.array([len(h) for h in halves])
        rows = np.zeros((len(halves), sizes.max()), dtype=np.int64)
        for at, half in enumerate(halves):
            rows[at, : len(half)] = half
        return HalfSamples(rows, sizes)

    def permuted(self, rng: np.random.Generator) -> np.ndarray:
        """Give each row the position of another: people trade places with all their rows.

        People trade with people of their site who have as many rows, so those whose number nobody
        shares stay.

        Returns
        -------
        ndarray of shape (n_rows,)
        """
        to = np.empty(int(self._n_rows.sum()), dtype=np.int64)
        for rows in self._alike:
            to[rows] = rows[rng.permutation(len(rows))]
        return to
