"""Restricted cubic splines: linear before the first knot and after the last (Harrell 2015)."""

from __future__ import annotations

import numpy as np

QUANTILES = {
    3: (0.10, 0.50, 0.90),
    4: (0.05, 0.35, 0.65, 0.95),
    5: (0.05, 0.275, 0.5, 0.725, 0.95),
}
"""Where so many knots lie, in quantiles of the values."""


def knots_of(values: np.ndarray, n_knots: int) -> np.ndarray:
    """Put knots at quantiles, as far as those differ; empty where fewer than three do.

    Parameters
    ----------
    values : ndarray of shape (n_rows,)
        On a scale where 1e-6 is nothing.
    n_knots : {3, 4, 5}

    Raises
    ------
    ValueError
        When there are no such knots.

    Examples
    --------
    >>> knots_of(np.arange(11.0), 3)
    array([1., 5., 9.])
    >>> knots_of(np.repeat([0.0, 1.0], 5), 3)
    array([], dtype=float64)
    """
    if n_knots not in QUANTILES:
        raise ValueError(f"knots must be one of {', '.join(map(str, QUANTILES))}; got {n_knots!r}")
    where = np.quantile(values, QUANTILES[n_knots])
    apart = where[np.r_[True, np.diff(where) > 1e-6]]
    enough = len(apart) > 2 and len(np.unique(values)) > len(apart) - 1
    return apart if enough else np.empty(0)


def bends(values: np.ndarray, knots: np.ndarray) -> np.ndarray:
    """Return what a curve needs beside the straight line.

    Parameters
    ----------
    values : ndarray of shape (n_rows,)
    knots : ndarray
        From `knots_of`.

    Returns
    -------
    ndarray of shape (n_rows, max(0, n_knots - 2))

    Examples
    --------
    >>> bends(np.array([0.0, 5.0, 10.0, 11.0]), np.array([1.0, 5.0, 9.0])).round(2).ravel()
    array([0. , 1. , 7.5, 9. ])
    """
    if not len(knots):
        return np.empty((len(values), 0))
    *first, before, last = knots

    def cubed(knot: float) -> np.ndarray:
        return np.maximum(values - knot, 0) ** 3

    columns = []
    for knot in first:
        bend = cubed(knot) - cubed(before) * (last - knot) / (last - before)
        bend += cubed(last) * (before - knot) / (last - before)
        columns.append(bend / (last - knots[0]) ** 2)
    return np.column_stack(columns)
