"""How far runs agree on which features they select: over folds, seeds or half-samples.

Every function takes `selections`, shape (n_runs, p): True where a run selected a feature.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import numpy as np
from scipy.special import ndtri

_QUANTILE = float(ndtri(0.975))


@dataclass(frozen=True)
class Stability:
    """A stability index with its 95 % interval.

    Parameters
    ----------
    value : float
        1 when all runs select the same features, 0 expected of runs that draw theirs at random;
        below 0 when they agree less than that.
    variance : float
        Of `value`.
    low, high : float
        Ends of the interval; not cut at 1, as published.
    """

    value: float
    variance: float
    low: float
    high: float


def mean_jaccard(selections: np.ndarray) -> float:
    """Average over pairs of runs: features that both selected, over those that either did.

    Two runs that both selected nothing agree in full, which counts as 1. There is no correction for
    chance: runs that select much agree much (`nogueira` corrects for it).

    Parameters
    ----------
    selections : ndarray of bool, shape (n_runs, p)
        At least two runs.

    Returns
    -------
    float
        0 to 1.

    Examples
    --------
    >>> mean_jaccard(np.array([[True, True, False], [True, False, False], [False, False, False]]))
    0.16666666666666666
    """
    chosen = _checked(selections)
    both = chosen @ chosen.T
    sizes = chosen.sum(axis=1)
    either = sizes[:, None] + sizes - both
    pairs = np.triu_indices(len(chosen), k=1)
    agreement = np.divide(both, either, out=np.ones_like(both), where=either > 0)
    return float(agreement[pairs].mean())


def nogueira(selections: np.ndarray) -> Stability | None:
    """Measure stability, corrected for chance and for how much is selected.

    Estimate, variance and interval of Nogueira, Sechidis and Brown (2018): one minus the variance
    of a feature's selection, averaged over features, over what it is when runs draw as many at
    random. With the same number of features in each run this is Kuncheva's index (2007).

    Parameters
    ----------
    selections : ndarray of bool, shape (n_runs, p)
        At least two runs.

    Returns
    -------
    Stability or None
        None when no run selects anything, or all runs select everything: chance alone then leads
        to full agreement, and there is nothing to measure.

    Notes
    -----
    The interval is for runs drawn independently. Folds and half-samples of one cohort share people,
    so it tells of the procedure on this cohort, not on another. When all runs are the same it has
    no width.

    Examples
    --------
    >>> picked = np.array([[1, 1, 0, 0], [1, 1, 0, 0], [1, 0, 1, 0]], dtype=bool)
    >>> round(nogueira(picked).value, 3)
    0.333
    """
    chosen = _checked(selections)
    if chosen.all() or not chosen.any():
        return None
    n_runs, p = chosen.shape
    frequency = chosen.mean(axis=0)
    share = frequency.mean()
    by_chance = share * (1 - share)
    spread = (frequency * (1 - frequency)).mean() * n_runs / (n_runs - 1)
    value = 1 - spread / by_chance
    own = chosen.mean(axis=1)
    # what each run adds to the estimate
    part = chosen @ frequency / p - own * share
    part = (part + value / 2 * (2 * share * own - own - share + 1)) / by_chance
    variance = 4 / n_runs**2 * ((part - part.mean()) ** 2).sum()
    half = _QUANTILE * sqrt(variance)
    return Stability(float(value), float(variance), float(value - half), float(value + half))


def _checked(selections: np.ndarray) -> np.ndarray:
    """Turn selections into 0.0 and 1.0."""
    table = np.asarray(selections)
    if table.ndim != 2 or table.shape[0] < 2 or table.shape[1] < 1:
        raise ValueError(
            "selections must have one row per run (two or more) and one column per feature; got "
            f"shape {table.shape}"
        )
    if table.dtype != bool:
        raise ValueError(
            f"selections must be True or False, got {table.dtype}; compare coefficients with 0 "
            "before"
        )
    return table.astype("float64")
