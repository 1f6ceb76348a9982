"""Interval for a metric, or a difference, measured in every fold of a repeated cross-validation.

The folds' training rows overlap, so their values are not independent and the usual standard error
of a mean is far too small. Nadeau and Bengio (2003) add the ratio of test to training rows to the
1/J of J values; Bouckaert and Frank (2004) do so for repeats of k folds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import stdtrit


@dataclass(frozen=True)
class FoldMean:
    """Mean over folds with its corrected interval.

    Parameters
    ----------
    value : float or None
        Mean over the folds where the metric is defined; None where it is in none.
    standard_error, low, high : float or None
        None with fewer than two defined values, and where all are the same: folds that do not
        differ tell nothing of how much another sample would.
    folds : int
        All folds of all repeats.
    undefined : int
        Those without a value, such as test folds of one class. They are in neither mean nor
        interval.
    """

    value: float | None
    standard_error: float | None
    low: float | None
    high: float | None
    folds: int
    undefined: int


def corrected_interval(
    values: Sequence[float] | np.ndarray,
    n_train: Sequence[int] | np.ndarray | int,
    n_test: Sequence[int] | np.ndarray | int,
    level: float = 0.95,
) -> FoldMean:
    """Average a metric over folds, with an interval that allows for their overlap.

    Parameters
    ----------
    values : array of float, shape (n_repeats, n_folds) or (n_repeats · n_folds,)
        The metric on each test fold, or the difference of two procedures on the same fold; NaN
        where undefined.
    n_train, n_test : array of int of the same shape, or int
        People (not rows, where a person has several) that each fold trains and tests on.
    level : float
        Coverage of the interval.

    Returns
    -------
    FoldMean

    Raises
    ------
    ValueError
        Without folds, when shapes differ, sizes are not positive, or a value is infinite.

    Notes
    -----
    The variance of the mean is (1/J + n_test / n_train) · s², with s² that of the J defined values,
    and the t has J − 1 degrees of freedom. Sizes are averaged over the defined folds.

    The interval is of the procedure: what it reaches on average when trained on other samples of
    `n_train` people of the same kind. It is an approximation; no unbiased estimate of this variance
    exists (Bengio and Grandvalet 2004). In a simulation, 4 repeats of 5 folds of 60 people, it
    covered the true AUROC in 89 % and the usual interval in 52 %, at a nominal 95 %.

    It fits folds that are drawn at random. When each fold is a site, sites differ by more than
    chance and are to be pooled instead (`signature.validation.pooling`).

    Examples
    --------
    >>> found = corrected_interval([[0.6, 0.7, 0.8], [0.7, 0.7, float("nan")]], 40, 20)
    >>> round(found.value, 2), round(found.low, 3), round(found.high, 3), found.undefined
    (0.7, 0.536, 0.864, 1)
    """
    table = np.asarray(values, dtype="float64")
    train, test = _sizes(n_train, "n_train", table), _sizes(n_test, "n_test", table)
    if not table.size:
        raise ValueError(f"values must hold one fold or more; got shape {table.shape}")
    if np.isinf(table).any():
        raise ValueError(
            f"{int(np.isinf(table).sum())} of {table.size} folds have an infinite value; give "
            "undefined ones as NaN"
        )
    if not 0 < level < 1:
        raise ValueError(f"level is the coverage of the interval, between 0 and 1; got {level!r}")
    defined = ~np.isnan(table)
    known = table[defined]
    undefined = int((~defined).sum())
    if not len(known):
        return FoldMean(None, None, None, None, table.size, undefined)
    mean = float(known.mean())
    # what differs by rounding only is the same
    if len(known) < 2 or np.ptp(known) <= 1e-12 * max(1.0, abs(mean)):
        return FoldMean(mean, None, None, None, table.size, undefined)
    overlap = float(test[defined].mean() / train[defined].mean())
    error = float(np.sqrt((1 / len(known) + overlap) * known.var(ddof=1)))
    half = float(stdtrit(len(known) - 1, 0.5 + level / 2)) * error
    return FoldMean(mean, error, mean - half, mean + half, table.size, undefined)


def _sizes(sizes: Sequence[int] | np.ndarray | int, name: str, table: np.ndarray) -> np.ndarray:
    counts = np.asarray(sizes, dtype="float64")
    if counts.ndim and counts.shape != table.shape:
        raise ValueError(
            f"{name} must have the shape of values, {table.shape}, or be one number; got shape "
            f"{counts.shape}"
        )
    if not (counts > 0).all():
        raise ValueError(f"{name} counts people, 1 or more in every fold")
    return np.broadcast_to(counts, table.shape)
