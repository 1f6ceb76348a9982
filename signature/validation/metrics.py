"""How good are held-out probabilities: one number per metric, for many weightings at once.

Every function takes `outcome` (n,), `probability` (n,) and `weights` (n_draws, n), and returns
(n_draws,); a row of ones gives the plain estimate and a row of bootstrap counts one bootstrap
replicate. A draw for which a metric is undefined (one class only) gives NaN.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

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
    own, below, at, _, _ = _by_rank(outcome, probability, weights)
    others = weights[:, outcome == 0].sum(axis=1, dtype="float64")
    return _ratio((own * (below + 0.5 * at)).sum(axis=0), own.sum(axis=0) * others)


def auprc(outcome: np.ndarray, probability: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Average precision: area under the precision–recall steps; chance level is the event rate."""
    own, _, _, events, others = _by_rank(outcome, probability, weights)
    precision = _ratio(events, events + others, empty=0.0)
    return _ratio((own * precision).sum(axis=0), own.sum(axis=0))


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
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Around each event: weights of it, of others below and at it, of events and others from it on.

    Each is (n_events, n_draws), in ascending order of the events' probabilities.
    """
    w = np.ascontiguousarray(weights.T, dtype="float64")
    events, others = (np.flatnonzero(outcome == value) for value in (1, 0))
    events, others = (at[np.argsort(probability[at], kind="stable")] for at in (events, others))
    below = np.zeros((len(others) + 1, w.shape[1]))
    np.cumsum(w[others], axis=0, out=below[1:])
    first, after = (np.searchsorted(probability[others], probability[events], s) for s in _SIDES)
    own = w[events]
    earlier = np.zeros((len(events) + 1, w.shape[1]))
    np.cumsum(own, axis=0, out=earlier[1:])
    tied = np.searchsorted(probability[events], probability[events], "left")
    return (
        own,
        below[first],
        below[after] - below[first],
        earlier[-1] - earlier[tied],
        below[-1] - below[first],
    )


_SIDES: tuple[Literal["left"], Literal["right"]] = ("left", "right")


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
    """Newton steps for some draws; without `x` the slope stays what `start` says."""
    a, b = np.full(len(w), start[0]), np.full(len(w), start[1])
    powers = np.ones((len(y), 1)) if x is None else np.vander(x, 4, increasing=True)
    linear = powers[:, :2]
    told, total = w @ (linear * y[:, None]), w.sum(axis=1)
    step = np.full(len(w), np.inf)
    odds = np.exp(-base)
    for iteration in range(50):
        if iteration == 0:
            # all draws are at the same place, so there is one probability per row
            p = expit(base + start[0] + (0 if x is None else start[1] * x))[:, None]
            spread = p * (1 - p)
            gap, curve = told - w @ (p * linear), w @ (spread * powers[:, :3])
        else:
            if x is None:
                p = odds * np.exp(-a)[:, None]
            else:
                p = np.multiply.outer(-b, x)
                p -= a[:, None]
                np.exp(p, out=p)
            p += 1
            np.reciprocal(p, out=p)
            fitted = w * p
            gap = told - fitted @ linear
            fitted -= fitted * p
            curve = fitted @ powers[:, :3]
        da, db = _solved(curve, gap)
        if iteration == 0 and x is not None:
            # and, as cheaply, what the curve's own bend adds to the first step
            bend = w @ (spread * (1 - 2 * p) * powers)
            parts = np.column_stack([da**2, 2 * da * db, db**2])
            bent = [(bend[:, k : k + 3] * parts).sum(axis=1) for k in (0, 1)]
            more = _solved(curve, np.column_stack(bent))
            small = np.maximum(np.abs(da), np.abs(db)) < 1
            da, db = da - small * more[0] / 2, db - small * more[1] / 2
        largest = np.maximum(np.abs(da), np.abs(db))
        shrink = np.minimum(1, 2 / np.maximum(largest, 1e-300))
        a, b, step = a + shrink * da, b + shrink * db, largest * shrink
        # what is left after a step goes with its square
        if (step < 1e-4).all():
            break
    events = told[:, 0]
    bad = (events == 0) | (events == total) | (step > 1e-3) | (np.abs(b) > 1e3)
    return np.column_stack([np.where(bad, np.nan, a), np.where(bad, np.nan, b)])


def _solved(curve: np.ndarray, gap: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Solve for intercept and slope by draw, or for the intercept where there is no more."""
    h00, g0 = curve[:, 0] + 1e-12, gap[:, 0]
    if curve.shape[1] == 1:
        return g0 / h00, np.zeros(len(g0))
    g1, h01, h11 = gap[:, 1], curve[:, 1], curve[:, 2] + 1e-12
    det = np.maximum(h00 * h11 - h01**2, 1e-300)
    return (h11 * g0 - h01 * g1) / det, (h00 * g1 - h01 * g0) / det
