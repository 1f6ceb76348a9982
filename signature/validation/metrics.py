"""How good are held-out probabilities: one number per metric, for many weightings at once.

Every function takes `outcome` (n,), `probability` (n,) and `weights` (n_draws, n), and returns
(n_draws,); a row of ones gives the plain estimate and a row of bootstrap counts one bootstrap
replicate. A draw for which a metric is undefined (one class only) gives NaN.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.special import expit

from signature.learn.binary import log_odds

Metric = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]


def auroc(outcome: np.ndarray, probability: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Area under the ROC curve: chance that an event is ranked above a non-event, ties half.

    Examples
    --------
    >>> auroc(np.array([0, 1, 1]), np.array([0.1, 0.4, 0.1]), np.ones((1, 3)))
    array([0.75])
    """
    events, others = _by_rank(outcome, probability, weights)
    below = np.cumsum(others, axis=1) - others
    pairs = events.sum(axis=1) * others.sum(axis=1)
    return _ratio((events * (below + 0.5 * others)).sum(axis=1), pairs)


def auprc(outcome: np.ndarray, probability: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Average precision: area under the precision–recall steps; chance level is the event rate."""
    events, others = _by_rank(outcome, probability, weights)
    events, others = events[:, ::-1], others[:, ::-1]
    found, all_ = np.cumsum(events, axis=1), np.cumsum(events + others, axis=1)
    return _ratio((events * _ratio(found, all_, empty=0.0)).sum(axis=1), events.sum(axis=1))


def brier(outcome: np.ndarray, probability: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Mean squared distance of probability and outcome; lower is better."""
    return _ratio(weights @ (probability - outcome) ** 2, weights.sum(axis=1))


def log_loss(outcome: np.ndarray, probability: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Mean negative log-likelihood in nats; lower is better."""
    eta = log_odds(probability)
    return _ratio(weights @ (np.logaddexp(0, eta) - outcome * eta), weights.sum(axis=1))


def calibration_slope(
    outcome: np.ndarray, probability: np.ndarray, weights: np.ndarray
) -> np.ndarray:
    """Slope of the outcome's log-odds on the predicted log-odds; 1 is right, below 1 too extreme.

    Undefined when all probabilities are the same, or when they separate the classes.
    """
    eta = log_odds(probability)
    if np.ptp(eta) < 1e-9:
        return np.full(len(weights), np.nan)
    return _logistic(outcome, weights, slope_on=eta)[:, 1]


def calibration_intercept(
    outcome: np.ndarray, probability: np.ndarray, weights: np.ndarray
) -> np.ndarray:
    """Calibration in the large: shift of the log-odds that would make the mean right; 0 is right.

    Positive when events are more frequent than predicted (Van Calster 2019, slope fixed at 1).
    """
    return _logistic(outcome, weights, offset=log_odds(probability))[:, 0]


WITHIN_FOLD: dict[str, Metric] = {"auroc": auroc, "auprc": auprc}
"""Ranking metrics: computed within a held-out fold and then averaged over folds.

Across folds the models differ, and so does the event rate they were trained on; ranks of pooled
predictions would mix that in.
"""

POOLED: dict[str, Metric] = {
    "brier": brier,
    "log_loss": log_loss,
    "calibration_slope": calibration_slope,
    "calibration_intercept": calibration_intercept,
}
"""Metrics of the probabilities themselves: computed over all held-out rows of a repeat."""


def person_counts(
    person: np.ndarray, strata: np.ndarray, draws: int, rng: np.random.Generator
) -> np.ndarray:
    """Draw bootstrap counts by person: all rows of a person come or stay together.

    Parameters
    ----------
    person : ndarray of int, shape (n,)
    strata : ndarray, shape (n,)
        Persons are drawn within strata (a person belongs to the stratum of the first row).
    draws : int
    rng : Generator

    Returns
    -------
    ndarray of uint16, shape (draws, n)
        How often each row is in each draw.
    """
    people, first, code = np.unique(person, return_index=True, return_inverse=True)
    counts = np.zeros((draws, len(people)), dtype=np.uint16)
    stratum = strata[first]
    for value in np.unique(stratum):
        members = np.flatnonzero(stratum == value)
        share = np.full(len(members), 1 / len(members))
        counts[:, members] = rng.multinomial(len(members), share, size=draws)
    return counts[:, code]


def _by_rank(
    outcome: np.ndarray, probability: np.ndarray, weights: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Weights of events and of others, summed over tied probabilities, ascending."""
    order = np.argsort(probability, kind="stable")
    ordered = probability[order]
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
    w = weights[:, order].astype("float64")
    y = outcome[order]
    return np.add.reduceat(w * y, starts, axis=1), np.add.reduceat(w * (1 - y), starts, axis=1)


def _ratio(above: np.ndarray, below: np.ndarray, empty: float = np.nan) -> np.ndarray:
    out = np.full(np.shape(above), empty, dtype="float64")
    return np.divide(above, below, out=out, where=np.asarray(below) > 0)


def _logistic(
    outcome: np.ndarray,
    weights: np.ndarray,
    *,
    slope_on: np.ndarray | None = None,
    offset: np.ndarray | None = None,
) -> np.ndarray:
    """Weighted logistic regressions with an intercept and at most one covariate, by Newton steps.

    Returns intercept and slope by draw; NaN where one class is missing or no finite maximum is
    found.
    """
    center = 0.0 if slope_on is None else float(slope_on.mean())
    x = None if slope_on is None else slope_on - center
    base = np.zeros(len(outcome)) if offset is None else offset
    # every draw starts where all draws together end, a step or two away
    together = weights.mean(axis=0, keepdims=True)
    start = _newton(outcome, together, x, base, np.zeros(2))[0]
    start = np.where(np.isfinite(start), start, 0.0)
    parts = [
        _newton(outcome, weights[at : at + _DRAWS_AT_ONCE].astype("float64"), x, base, start)
        for at in range(0, len(weights), _DRAWS_AT_ONCE)
    ]
    found = np.concatenate(parts)
    found[:, 0] -= found[:, 1] * center
    return found


_DRAWS_AT_ONCE = 50
"""Draws that are worked on together: few enough to stay in the processor's cache."""


def _newton(
    y: np.ndarray, w: np.ndarray, x: np.ndarray | None, base: np.ndarray, start: np.ndarray
) -> np.ndarray:
    a, b = np.full(len(w), start[0]), np.full(len(w), start[1])
    powers = np.ones((len(y), 1)) if x is None else np.vander(x, 3, increasing=True)
    linear = powers[:, :2]
    told, total = w @ (linear * y[:, None]), w.sum(axis=1)
    step = np.full(len(w), np.inf)
    for iteration in range(50):
        if iteration == 0:
            # all draws are at the same place, so there is one probability per row
            p = expit(base + start[0] + (0 if x is None else start[1] * x))[:, None]
            gap, curve = told - w @ (p * linear), w @ (p * (1 - p) * powers)
        else:
            eta = base + (a[:, None] if x is None else a[:, None] + b[:, None] * x)
            p = 1 / (1 + np.exp(-np.clip(eta, -700, None)))
            fitted = w * p
            gap, curve = told - fitted @ linear, (fitted * (1 - p)) @ powers
        h00, g0 = curve[:, 0] + 1e-12, gap[:, 0]
        if x is None:
            da, db = g0 / h00, np.zeros(len(w))
        else:
            g1, h01, h11 = gap[:, 1], curve[:, 1], curve[:, 2] + 1e-12
            det = np.maximum(h00 * h11 - h01**2, 1e-300)
            da, db = (h11 * g0 - h01 * g1) / det, (h00 * g1 - h01 * g0) / det
        largest = np.maximum(np.abs(da), np.abs(db))
        shrink = np.minimum(1, 2 / np.maximum(largest, 1e-300))
        a, b, step = a + shrink * da, b + shrink * db, largest * shrink
        # what is left after a step goes with its square
        if (step < 1e-5).all():
            break
    events = told[:, 0]
    bad = (events == 0) | (events == total) | (step > 1e-4) | (np.abs(b) > 1e3)
    return np.column_stack([np.where(bad, np.nan, a), np.where(bad, np.nan, b)])
