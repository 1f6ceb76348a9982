"""Rows that say they are two people, and hold the same measurements."""

from __future__ import annotations

import numpy as np
from scipy.special import ndtri
from scipy.stats import rankdata

_AT_ONCE = 500
"""Rows that are held in memory together."""


def twins(
    values: np.ndarray, person: np.ndarray, *, tolerance: float = 0.01, at_least: int = 5
) -> np.ndarray:
    """Find rows of different people that agree in every value.

    Parameters
    ----------
    values : ndarray of shape (n_rows, n_features)
        Of features with many different values; missing as NaN. Several rows per person.
    person : ndarray of shape (n_rows,)
    tolerance : float
        Largest difference that counts as none, in standard deviations of the feature's ranks
        mapped to a normal distribution.
    at_least : int
        Features that must be known in both rows.

    Returns
    -------
    ndarray of int, shape (n_pairs, 2)
        Positions of rows.

    Examples
    --------
    >>> values = np.random.default_rng(0).normal(size=(50, 6))
    >>> values[7] = values[30]
    >>> twins(values, np.arange(50)).tolist()
    [[7, 30]]
    """
    known = ~np.isnan(values)
    scores = _normal_scores(values)
    pairs = []
    for start in range(0, len(values), _AT_ONCE):
        rows = slice(start, start + _AT_ONCE)
        alike = person[rows, None] != person[None, :]
        for k in range(values.shape[1]):
            # a comparison with a missing value is false, so that it does not tell rows apart
            alike &= ~(np.abs(scores[rows, k][:, None] - scores[None, :, k]) > tolerance)
            if not alike.any():
                break
        i, j = np.nonzero(alike)
        i = i + start
        enough = (known[i] & known[j]).sum(axis=1) >= at_least
        pairs.append(np.column_stack([i, j])[enough & (i < j)])
    return np.concatenate(pairs) if pairs else np.empty((0, 2), dtype=int)


def _normal_scores(values: np.ndarray) -> np.ndarray:
    """Values on a common scale whatever their tails: an outlier must not make others alike."""
    known = (~np.isnan(values)).sum(axis=0)
    ranks = rankdata(values, axis=0, nan_policy="omit")
    return np.where(np.isnan(values), np.nan, ndtri((ranks - 0.5) / np.maximum(known, 1)))
