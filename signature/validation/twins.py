"""Rows that say they are two people, and hold the same measurements."""

from __future__ import annotations

import numpy as np

_AT_ONCE = 500
"""Rows that are held in memory together."""


def twins(
    values: np.ndarray, person: np.ndarray, *, tolerance: float = 0.001, at_least: int = 5
) -> np.ndarray:
    """Find rows of different people that agree in every value, to a thousandth.

    Parameters
    ----------
    values : ndarray of shape (n_rows, n_features)
        Of features with many different values; missing as NaN. Several rows per person.
    person : ndarray of shape (n_rows,)
    tolerance : float
        Largest difference that counts as none: this share of the larger value, and as much of the
        feature's robust standard deviation, so that it also holds around 0.
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
    allowed = tolerance * (np.abs(values) + _spread(values))
    pairs = []
    for start in range(0, len(values), _AT_ONCE):
        rows = slice(start, start + _AT_ONCE)
        alike = person[rows, None] != person[None, :]
        for k in range(values.shape[1]):
            mine, other = values[rows, k][:, None], values[None, :, k]
            within = np.maximum(allowed[rows, k][:, None], allowed[None, :, k])
            # a comparison with a missing value is false, so that it does not tell rows apart
            alike &= ~(np.abs(mine - other) > within)
            if not alike.any():
                break
        i, j = np.nonzero(alike)
        i = i + start
        enough = (known[i] & known[j]).sum(axis=1) >= at_least
        pairs.append(np.column_stack([i, j])[enough & (i < j)])
    return np.concatenate(pairs) if pairs else np.empty((0, 2), dtype=int)


def _spread(values: np.ndarray) -> np.ndarray:
    """Estimate each standard deviation from quartiles, which outliers do not move."""
    spread = np.zeros(values.shape[1])
    for k, column in enumerate(values.T):
        known = column[~np.isnan(column)]
        if len(known):
            low, high = np.percentile(known, [25, 75])
            spread[k] = (high - low) / 1.349
    return spread
