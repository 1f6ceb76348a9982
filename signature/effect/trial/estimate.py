"""An interval around an estimate, and averages whose spread is counted by person."""

from __future__ import annotations

from math import inf, isfinite, nan, sqrt

import numpy as np
from scipy.stats import t as student

from signature.effect.trial.rows import arm_of_person, as_members, as_weight
from signature.records.estimates import EffectEstimate
from signature.validation._held_out import as_scores, person_codes


def estimate(
    value: float,
    standard_error: float,
    *,
    df: float = inf,
    null: float = 0.0,
    level: float = 0.95,
) -> EffectEstimate:
    """Put a symmetric interval around a value.

    Parameters
    ----------
    value, standard_error : float
        Not finite where undefined.
    df : float
        Degrees of freedom of the t distribution; infinite for a normal one.
    null : float
        What no effect would give.
    level : float
        Coverage of the interval.

    Returns
    -------
    EffectEstimate

    Raises
    ------
    ValueError
        When `level` is not between 0 and 1.

    Examples
    --------
    >>> found = estimate(46.81, 6.76)
    >>> round(found.low, 2), round(found.high, 2)
    (33.56, 60.06)
    """
    if not 0 < level < 1:
        raise ValueError(f"level is the coverage of an interval, between 0 and 1; got {level!r}")
    if not isfinite(value):
        return EffectEstimate(value=None)
    if not (isfinite(standard_error) and standard_error > 0 and df >= 1):
        return EffectEstimate(value=float(value))
    half = float(student.ppf(0.5 + level / 2, df)) * standard_error
    p = 2 * float(student.sf(abs(value - null) / standard_error, df))
    return EffectEstimate(
        value=float(value),
        standard_error=float(standard_error),
        low=float(value - half),
        high=float(value + half),
        p=p,
    )


def mean_estimate(
    values: np.ndarray,
    *,
    arm: np.ndarray | None = None,
    person: np.ndarray | None = None,
    weight: np.ndarray | None = None,
    among: np.ndarray | None = None,
    level: float = 0.95,
) -> EffectEstimate:
    """Average over rows, with an interval that lets all rows of a person vary together.

    Parameters
    ----------
    values : ndarray of shape (n,)
    arm : ndarray of shape (n,), optional
        In which the person was: spread is then counted within arms, as a trial fixes their sizes.
    person : ndarray of shape (n,), optional
        Whose row it is; left out, every row is a person.
    weight : ndarray of shape (n,), optional
        Of the row, as for sampling or for missing outcomes; taken as known.
    among : ndarray of bool, shape (n,), optional
        Rows to average; left out, all. A trial fixes the sizes of its arms, not those of the arms
        in a part of it, so the others must come along for the interval to be right.
    level : float
        Coverage of the interval.

    Returns
    -------
    EffectEstimate
        From t with as many degrees of freedom as there are persons (of a positive weight, among
        those averaged) less arms. Undefined among nobody.

    Raises
    ------
    PredictionsError
        When there is not one finite value, arm, person and weight per row, or all weights are 0.

    Examples
    --------
    >>> found = mean_estimate(np.array([1.0, 3.0, 5.0, 7.0]))
    >>> found.value, round(found.standard_error, 4)
    (4.0, 1.291)
    >>> twice = mean_estimate(np.array([1.0, 1, 3, 3]), person=np.array([0, 0, 1, 1]))
    >>> round(twice.standard_error, 4)
    1.0
    """
    v = as_scores(values, len(values), "the value to average")
    w = as_weight(weight, len(v))
    share = w if among is None else w * as_members(among, len(v))
    if not share.sum() > 0:
        return EffectEstimate(value=None)
    share = share / share.sum()
    mean = float(share @ v)
    variance, df = clustered_variance(share * (v - mean), arm, person, w, among)
    # rounding must not make equal values look like a spread
    error = sqrt(variance) if variance > (1e-12 * (1 + np.abs(v).max())) ** 2 else 0.0
    return estimate(mean, error, df=df, level=level)


def clustered_variance(
    influence: np.ndarray,
    arm: np.ndarray | None,
    person: np.ndarray | None,
    weight: np.ndarray,
    among: np.ndarray | None = None,
) -> tuple[float, int]:
    """Variance of an estimate from what each person adds to it, around the average of the arm.

    Parameters
    ----------
    influence : ndarray of shape (n,)
        What each row adds to the estimate; sums to 0.
    arm, person, among : ndarray of shape (n,), or None
        As of `mean_estimate`.
    weight : ndarray of shape (n,)
        Rows with 0 do not count.

    Returns
    -------
    variance : float
        NaN when an arm has a single person, or none among those whom the estimate is of.
    df : int
        Persons less arms, among those.
    """
    code = person_codes(person, len(influence))
    stratum = arm_of_person(code, arm)
    inside = weight > 0 if among is None else (weight > 0) & among
    there = np.bincount(code, weights=weight > 0) > 0
    within = np.bincount(code, weights=inside) > 0
    total = np.bincount(code, weights=influence * inside)
    variance, df = 0.0, 0
    for one in np.unique(stratum[there]):
        size = int((within & (stratum == one)).sum())
        df += size - 1
        if size < 2:
            variance = nan
        else:
            spread = total[there & (stratum == one)]
            variance += ((spread - spread.mean()) ** 2).sum() * size / (size - 1)
    return float(variance), df
