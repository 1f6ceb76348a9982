"""Intervals for what was counted in independent runs, right also when hardly anything was."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from signature.records.null_check import Share
from signature.records.results import Estimate


def exact_share(count: int, n: int, level: float = 0.95) -> Share:
    """Share of runs with the interval of Clopper and Pearson (1934, Biometrika 26:404).

    Parameters
    ----------
    count, n : int
        Runs in which it happened, of all.
    level : float
        The interval covers the true share at least so often, whatever it is.

    Examples
    --------
    >>> none = exact_share(0, 100)
    >>> none.value, none.low, round(none.high, 4)
    (0.0, 0.0, 0.0362)
    >>> some = exact_share(3, 20)
    >>> round(some.low, 4), round(some.high, 4)
    (0.0321, 0.3789)
    """
    from scipy.stats import beta

    tail = (1 - level) / 2
    low = 0.0 if count == 0 else float(beta.ppf(tail, count, n - count + 1))
    high = 1.0 if count == n else float(beta.ppf(1 - tail, count + 1, n - count))
    return Share(count=count, n=n, value=count / n, low=low, high=high)


def mean_count(counts: Sequence[int], level: float = 0.95) -> Estimate:
    """Mean of counts with an interval that is honest when most of them are 0.

    The exact interval of a Poisson mean (Garwood 1936, Biometrika 28:437), widened by the counts'
    variance over their mean where that is above 1: what is found in one run is found together.

    Parameters
    ----------
    counts : sequence of int, shape (n_runs,)
        Never empty.
    level : float
        Of the interval.

    Examples
    --------
    >>> nothing = mean_count([0] * 100)
    >>> nothing.value, nothing.low, round(nothing.high, 4)
    (0.0, 0.0, 0.0369)
    >>> apart, together = mean_count([1, 0, 1, 0, 1, 0]), mean_count([3, 0, 0, 0, 0, 0])
    >>> apart.value == together.value, apart.high < together.high
    (True, True)
    """
    from scipy.stats import chi2

    n, total, tail = len(counts), int(np.sum(counts)), (1 - level) / 2
    spread = float(np.var(counts, ddof=1)) / (total / n) if n > 1 and total else 1.0
    clumped = max(1.0, spread)
    independent = total / clumped
    low = float(chi2.ppf(tail, 2 * independent)) / 2 if total else 0.0
    high = float(chi2.ppf(1 - tail, 2 * independent + 2)) / 2
    return Estimate(value=total / n, low=low * clumped / n, high=high * clumped / n)
