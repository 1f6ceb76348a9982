"""Is any marker associated? The strongest one, against the strongest of permuted data."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from signature.select.half_samples import PeopleInRows

_AT_ONCE = 200
"""Permutations that are held in memory together."""


@dataclass(frozen=True, eq=False)
class StrongestMarker:
    """The test that no marker is associated (Westfall and Young 1993, single step).

    Parameters
    ----------
    pvalue : float
        Of the strongest marker: how often permuted data have one as strong or stronger.
    adjusted : ndarray of shape (n_columns,)
        The same for each marker column, with all of them looked at.
    """

    pvalue: float
    adjusted: np.ndarray


def strongest_marker(
    markers: np.ndarray,
    unexplained: np.ndarray,
    people: PeopleInRows,
    rng: np.random.Generator,
    permutations: int,
) -> StrongestMarker:
    """Compare the largest absolute correlation with that of permuted markers.

    The data are counted among the permutations, so the test is exact when nothing is associated,
    whatever the correlations between markers.

    Parameters
    ----------
    markers : ndarray of shape (n_rows, n_columns)
        What covariates leave of them.
    unexplained : ndarray of shape (n_rows,)
        What covariates leave of the outcome.
    people : PeopleInRows
    rng : numpy.random.Generator
    permutations : int

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(40, 5))
    >>> people = PeopleInRows(np.arange(40), np.zeros(40))
    >>> strongest_marker(X, X[:, 2] + rng.normal(size=40), people, rng, 199).adjusted.round(3)
    array([0.975, 0.15 , 0.005, 0.765, 0.98 ])
    """
    centred = markers - markers.mean(axis=0)
    length = np.sqrt((centred**2).sum(axis=0))
    unit = np.divide(centred, length, out=np.zeros_like(centred), where=length > 0)
    rest = unexplained - unexplained.mean()
    observed = np.abs(rest @ unit)
    strongest = []
    for start in range(0, permutations, _AT_ONCE):
        orders = [people.permuted(rng) for _ in range(min(_AT_ONCE, permutations - start))]
        strongest.append(np.abs(rest[np.array(orders)] @ unit).max(axis=1))
    null = np.sort(np.concatenate(strongest))
    as_strong = len(null) - np.searchsorted(null, observed - 1e-12 * observed.max(initial=1))
    adjusted = (1 + as_strong) / (1 + len(null))
    return StrongestMarker(float(adjusted.min()), adjusted)
