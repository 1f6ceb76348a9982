"""Calibration over the whole range of probabilities: a smooth curve, and how far it is from equal.

The curve is a logistic regression of the outcome on a restricted cubic spline of the predicted
log-odds. Loess, the other usual choice (Austin and Steyerberg 2014), fits each point from its
neighbours only: of 36 rows those are a handful, and the curve shows their luck. The spline has
three or four coefficients whatever n is, is a straight line where rows are few, stays between
0 and 1, and contains exact calibration.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from signature.validation._held_out import as_event, as_probability, as_weights
from signature.validation._spline_logistic import Spline, logistic


@dataclass(frozen=True)
class CalibrationErrors:
    """Distances of predicted probability and smooth curve, each of shape (n_draws,).

    Parameters
    ----------
    ici : ndarray
        Integrated calibration index: mean distance over rows.
    e50, e90 : ndarray
        Median and 90th percentile of the distance.
    """

    ici: np.ndarray
    e50: np.ndarray
    e90: np.ndarray


def calibration_curve(
    outcome: np.ndarray,
    probability: np.ndarray,
    weights: np.ndarray,
    at: np.ndarray,
    *,
    knots: int = 3,
) -> np.ndarray:
    """Event rate among those with a given predicted probability.

    Parameters
    ----------
    outcome : ndarray of shape (n,)
        1 event, 0 none.
    probability : ndarray of shape (n,)
        Of the event.
    weights : ndarray of shape (n_draws, n)
        Bootstrap counts or survey weights; a line of ones is the plain estimate.
    at : ndarray of shape (n_points,)
        Predicted probabilities to read the curve at. Do not read it beyond those that occur.
    knots : {3, 4, 5}
        At quantiles of the predicted log-odds of all rows, the same for every draw. Three suit up
        to a hundred or so rows of the rarer class. Where quantiles coincide, there are fewer: two
        different probabilities give a straight line, one gives the event rate.

    Returns
    -------
    ndarray of shape (n_draws, n_points)
        NaN in a draw with one class only, or whose classes the curve would separate.

    Raises
    ------
    OutcomeError, PredictionsError
        When the outcome is not 0/1, or probabilities or weights do not fit it.
    ValueError
        When there are no such knots.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> truth = rng.random(20_000)
    >>> y = (rng.random(20_000) < truth).astype(int)
    >>> calibration_curve(y, truth**2, np.ones((1, 20_000)), np.array([0.04, 0.25, 0.64])).round(1)
    array([[0.2, 0.5, 0.8]])
    """
    event, p, w = _checked(outcome, probability, weights)
    read = as_probability(at, len(np.atleast_1d(at)), "the probability to read the curve at")
    spline = Spline.through(p, knots)
    return expit(logistic(event[None], w, spline(p)) @ spline(read).T)


def calibration_errors(
    outcome: np.ndarray, probability: np.ndarray, weights: np.ndarray, *, knots: int = 3
) -> CalibrationErrors:
    """Measure how far predicted probabilities are from the smooth curve (Austin, Steyerberg 2019).

    Parameters
    ----------
    outcome, probability, weights, knots
        As of `calibration_curve`.

    Returns
    -------
    CalibrationErrors
        On the scale of probabilities, 0 when calibrated. NaN as of `calibration_curve`.

    Raises
    ------
    OutcomeError, PredictionsError, ValueError
        As of `calibration_curve`.

    Notes
    -----
    A distance is never negative, so noise counts as miscalibration: with few rows a calibrated
    model has an index well above 0. Compare with `ici_when_calibrated`, not with 0. Bootstrap draws
    add that noise once more, and their percentiles lie too high.

    Examples
    --------
    >>> y = np.repeat([0, 1, 0, 1], [30, 10, 10, 30])
    >>> found = calibration_errors(y, np.repeat([0.25, 0.65], 40), np.ones((1, 80)))
    >>> found.ici.round(3), found.e90.round(3)
    (array([0.05]), array([0.1]))
    """
    event, p, w = _checked(outcome, probability, weights)
    design = Spline.through(p, knots)(p)
    distance = np.abs(expit(logistic(event[None], w, design) @ design.T) - p)
    return CalibrationErrors(_mean(distance, w), *_percentiles(distance, w, (0.5, 0.9)))


def ici_when_calibrated(
    probability: np.ndarray,
    weights: np.ndarray,
    *,
    draws: int,
    rng: np.random.Generator,
    knots: int = 3,
) -> np.ndarray:
    """Draw what the index is when every probability is exactly right, from noise alone.

    Parameters
    ----------
    probability : ndarray of shape (n,)
        Of the event.
    weights : ndarray of shape (n,)
        Ones, or survey weights.
    draws : int
        How often outcomes are drawn from the probabilities, each row by itself: with several rows
        of a person this noise is too small.
    rng : Generator
    knots : {3, 4, 5}
        As of `calibration_curve`.

    Returns
    -------
    ndarray of shape (draws,)
        With k of m draws that are not NaN at or above the index observed, (k + 1) / (m + 1) is a p
        of calibration. NaN as of `calibration_curve`.

    Raises
    ------
    PredictionsError, ValueError
        As of `calibration_curve`.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> p = rng.random(36)
    >>> round(float(np.median(ici_when_calibrated(p, np.ones(36), draws=200, rng=rng))), 2)
    0.08
    """
    p = as_probability(probability, len(np.atleast_1d(probability)), "the probability")
    w = as_weights(np.atleast_2d(weights), len(p))
    events = rng.random((draws, len(p))) < p
    design = Spline.through(p, knots)(p)
    distance = np.abs(expit(logistic(events, w, design) @ design.T) - p)
    return _mean(distance, np.broadcast_to(w, distance.shape))


def _mean(distance: np.ndarray, w: np.ndarray) -> np.ndarray:
    total = w.sum(axis=1)
    out = np.full(len(total), np.nan)
    return np.divide((distance * w).sum(axis=1), total, out=out, where=total > 0)


def _percentiles(
    distance: np.ndarray, w: np.ndarray, shares: tuple[float, ...]
) -> list[np.ndarray]:
    """Smallest distances that these shares of the weight do not exceed, each by draw."""
    order = np.argsort(distance, axis=1)
    reached = np.cumsum(np.take_along_axis(w, order, axis=1), axis=1)
    found = []
    for share in shares:
        enough = reached >= share * reached[:, -1:] * (1 - 1e-12)
        at = np.take_along_axis(order, enough.argmax(axis=1)[:, None], axis=1)
        found.append(np.take_along_axis(distance, at, axis=1)[:, 0])
    return found


def _checked(
    outcome: np.ndarray, probability: np.ndarray, weights: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    event = as_event(outcome)
    p = as_probability(probability, len(event), "the probability")
    return event, p, as_weights(weights, len(event))
