"""How often selection frequencies are exceeded when markers know nothing of the outcome."""

from __future__ import annotations

import numpy as np

LOWEST_THRESHOLD = 0.5
"""A marker that fewer than half of the half-samples choose is not called stable."""


def exceedances(chosen: np.ndarray) -> np.ndarray:
    """Count the markers at or above each possible frequency.

    Parameters
    ----------
    chosen : bool ndarray of shape (n_half_samples, n_markers)

    Returns
    -------
    ndarray of shape (n_half_samples + 1,)
        Entry k is the number of markers that k half-samples or more choose.

    Examples
    --------
    >>> exceedances(np.array([[True, False], [True, True]]))
    array([2, 2, 1])
    """
    often = np.bincount(chosen.sum(axis=0), minlength=len(chosen) + 1)
    return often[::-1].cumsum()[::-1]


def expected_false(null: np.ndarray, frequency: np.ndarray) -> np.ndarray:
    """Mean number of markers above frequencies when nothing is associated.

    Parameters
    ----------
    null : ndarray of shape (n_permutations, n_half_samples + 1)
        `exceedances` of permuted data.
    frequency : ndarray
        Where to look, within [0, 1]; between possible frequencies the logarithm is interpolated.
    """
    mean = null.mean(axis=0)
    possible = np.linspace(0, 1, null.shape[1])
    # beyond what was ever seen: less than one in all permutations
    logs = np.log(np.maximum(mean, 1 / (2 * len(null))))
    return np.exp(np.interp(frequency, possible, logs))


def permutation_threshold(
    null: np.ndarray, frequencies: np.ndarray, *, level: float, rate: bool
) -> float:
    """Find the lowest threshold at which false selections stay at the level.

    Parameters
    ----------
    null : ndarray of shape (n_permutations, n_half_samples + 1)
        `exceedances` of permuted data.
    frequencies : ndarray of shape (n_markers,)
        Of the data as they are.
    level : float
        Bound of the expected number of false selections; with `rate`, of their expected share.
    rate : bool

    Returns
    -------
    float
        At least `LOWEST_THRESHOLD`; infinite when no threshold up to 1 will do.
    """
    grid = np.linspace(LOWEST_THRESHOLD, 1, 2001)
    allowed = np.full(len(grid), level)
    if rate:
        allowed = level * (frequencies[:, None] >= grid).sum(axis=0)
    low_enough = np.flatnonzero(expected_false(null, grid) <= allowed)
    return float(grid[low_enough[0]]) if len(low_enough) else np.inf
