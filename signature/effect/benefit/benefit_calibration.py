"""Is the predicted benefit of the size that is seen: regression of scores on predictions.

Doubly robust scores average to the benefit among people of any one prediction, so their regression
on predicted benefit is that of benefit itself: the best linear predictor (Chernozhukov, Demirer,
Duflo and Fernández-Val 2018). A slope of 1 with an intercept of 0 is exact, below 1 the predictions
are too extreme, and at 0 they tell nothing about who benefits.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import numpy as np

from signature.effect.trial.estimate import clustered_variance, estimate, mean_estimate
from signature.effect.trial.rows import as_weight
from signature.records.estimates import EffectEstimate
from signature.validation._held_out import as_scores, as_weights


@dataclass(frozen=True)
class BenefitCalibration:
    """Predicted against observed benefit, in units of the outcome.

    Parameters
    ----------
    in_the_large : EffectEstimate
        Average observed less average predicted benefit; 0 is right, positive when treatment does
        better than promised.
    slope : EffectEstimate or None
        Of observed on predicted benefit; 1 is right. Its p is of a slope of 0: predictions that
        have nothing to do with benefit. None when all predictions are the same.
    slope_p_of_one : float or None
        p of a slope of 1.
    intercept : EffectEstimate or None
        Observed benefit where none is predicted; 0 is right when the slope is 1.
    """

    in_the_large: EffectEstimate
    slope: EffectEstimate | None
    slope_p_of_one: float | None
    intercept: EffectEstimate | None


def benefit_slope(benefit: np.ndarray, predicted: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Slope of observed on predicted benefit, for many weightings.

    Parameters
    ----------
    benefit : ndarray of shape (n,)
        Scores, as of `signature.effect.trial.aipw.benefit_scores`.
    predicted : ndarray of shape (n,)
        Held-out prediction of the same benefit, in the same direction.
    weights : ndarray of shape (n_draws, n)
        Bootstrap counts or survey weights; a line of ones is the plain estimate.

    Returns
    -------
    ndarray of shape (n_draws,)
        NaN in a draw whose predictions are all the same.

    Raises
    ------
    PredictionsError
        When benefit, predictions or weights do not fit.

    Examples
    --------
    >>> x = np.array([0.0, 1, 2, 3])
    >>> benefit_slope(0.5 * x + 1, x, np.ones((1, 4)))
    array([0.5])
    """
    b = as_scores(benefit, len(benefit), "the benefit")
    x = as_scores(predicted, len(b), "the predicted benefit")
    w = as_weights(weights, len(b))
    # around the center, where sums of squares do not cancel
    x, b = x - x.mean(), b - b.mean()
    total = np.where(w.sum(axis=1) > 0, w.sum(axis=1), np.nan)
    mean_x, mean_b = w @ x / total, w @ b / total
    spread = w @ x**2 / total - mean_x**2
    known = spread > 1e-12 * (x**2).max(initial=0.0)
    together = w @ (x * b) / total - mean_x * mean_b
    return np.divide(together, spread, out=np.full(len(w), np.nan), where=known)


def benefit_calibration(
    benefit: np.ndarray,
    predicted: np.ndarray,
    *,
    arm: np.ndarray | None = None,
    person: np.ndarray | None = None,
    weight: np.ndarray | None = None,
    level: float = 0.95,
) -> BenefitCalibration:
    """Compare predicted with observed benefit, with intervals.

    Parameters
    ----------
    benefit, predicted
        As of `benefit_slope`.
    arm : ndarray of shape (n,), optional
        In which the person was: spread is then counted within arms, as a trial fixes their sizes.
    person : ndarray of shape (n,), optional
        Whose row it is; left out, every row is a person.
    weight : ndarray of shape (n,), optional
        Of the row.
    level : float
        Coverage of intervals.

    Returns
    -------
    BenefitCalibration
        Errors of the regression allow for unequal spread, with residuals enlarged by what a row
        pulls the line towards itself (MacKinnon and White 1985, HC3).

    Raises
    ------
    PredictionsError
        As of `benefit_slope`, or when arms, persons or weights do not fit.

    Notes
    -----
    Over predictions of several folds the regression is pooled, since their scale is part of what is
    tested. With a handful of people of extreme prediction the line hangs on them; show it beside
    the effect by quantile.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> predicted = rng.normal(size=1000)
    >>> found = benefit_calibration(0.5 * predicted + rng.normal(size=1000), predicted)
    >>> found.slope.low < 0.5 < found.slope.high < 1, found.slope_p_of_one < 0.001
    (True, True)
    """
    b = as_scores(benefit, len(benefit), "the benefit")
    x, w = as_scores(predicted, len(b), "the predicted benefit"), as_weight(weight, len(b))
    large = mean_estimate(b - x, arm=arm, person=person, weight=w, level=level)
    slope = float(benefit_slope(b, x, w[None])[0])
    if not np.isfinite(slope):
        return BenefitCalibration(large, None, None, None)
    share = w / w.sum()
    center, mean = float(share @ x), float(share @ b)
    leverage = share * (1 + (x - center) ** 2 / (share @ (x - center) ** 2))
    # a row that alone decides the line has no residual to enlarge
    left = np.maximum(1 - leverage, 1e-6)
    residual = share * (b - mean - slope * (x - center)) / left
    of_slope = residual * (x - center) / (share @ (x - center) ** 2)
    errors, df = [], 0
    for influence in (of_slope, residual - center * of_slope):
        variance, df = clustered_variance(influence, arm, person, w)
        errors.append(sqrt(variance) if variance > 1e-24 * (b**2).max() else 0.0)
    found = estimate(slope, errors[0], df=df, level=level)
    of_one = estimate(slope, errors[0], df=df, null=1.0, level=level)
    at_zero = estimate(mean - slope * center, errors[1], df=df, level=level)
    return BenefitCalibration(large, found, of_one.p, at_zero)
