"""Logistic regression on a restricted cubic spline of log-odds, for many draws at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from signature.learn.binary import log_odds
from signature.learn.restricted_cubic import bends, knots_of


@dataclass(frozen=True)
class Spline:
    """Restricted cubic spline of the log-odds: linear before the first knot and after the last."""

    center: float
    spread: float
    knots: np.ndarray

    @classmethod
    def through(cls, p: np.ndarray, knots: int) -> Spline:
        """Put knots at quantiles of these probabilities' log-odds, as far as they differ."""
        eta = log_odds(p)
        center, spread = float(eta.mean()), float(eta.std())
        if spread < 1e-9:
            return cls(center, 0.0, np.empty(0))
        return cls(center, spread, knots_of((eta - center) / spread, knots))

    def __call__(self, p: np.ndarray) -> np.ndarray:
        """Columns of the regression, the first of ones, shape (n_rows, n_coefficients)."""
        if self.spread == 0:
            return np.ones((len(p), 1))
        z = (log_odds(p) - self.center) / self.spread
        return np.column_stack([np.ones(len(z)), z, bends(z, self.knots)])


_DRAWS_AT_ONCE = 50
"""Draws that are worked on together: few enough to stay in the processor's cache."""


def logistic(events: np.ndarray, weights: np.ndarray, design: np.ndarray) -> np.ndarray:
    """Fit coefficients by draw, shape (n_draws, n_coefficients).

    NaN where one class is missing or no finite maximum is found. Outcomes or weights differ between
    draws, the other has one line.
    """
    draws = max(len(events), len(weights))
    # every draw starts where all draws together end, a step or two away
    together = events.mean(axis=0, keepdims=True), weights.mean(axis=0, keepdims=True)
    start = _newton(*together, design, np.zeros(design.shape[1]))[0]
    start = np.where(np.isfinite(start), start, 0.0)
    found = []
    for first in range(0, draws, _DRAWS_AT_ONCE):
        part = slice(first, first + _DRAWS_AT_ONCE)
        y = (events[part] if len(events) > 1 else events).astype("float64")
        found.append(_newton(y, weights[part] if len(weights) > 1 else weights, design, start))
    return np.concatenate(found)


def _newton(y: np.ndarray, w: np.ndarray, design: np.ndarray, start: np.ndarray) -> np.ndarray:
    n, k = design.shape
    products = (design[:, :, None] * design[:, None, :]).reshape(n, k * k)
    wanted = (w * y) @ design
    draws = len(wanted)
    rate = np.divide(wanted[:, 0], w.sum(axis=1), out=np.full(draws, np.nan), where=w.any(axis=1))
    undefined = ~((rate > 0) & (rate < 1))
    beta = np.tile(start, (draws, 1))
    step = np.full(draws, np.inf)
    # separated classes would need endless steps of about 1; these are too few to get there
    for _ in range(30):
        fitted = expit(beta @ design.T)
        slope = wanted - (w * fitted) @ design
        curve = ((w * fitted * (1 - fitted)) @ products).reshape(draws, k, k)
        scale = np.trace(curve, axis1=1, axis2=2)[:, None, None]
        curve += np.maximum(1e-13 * scale, 1e-30) * np.eye(k)
        move = np.linalg.solve(curve, slope[:, :, None])[:, :, 0]
        # no row's log-odds moves by more than 3 at once
        largest = np.abs(move @ design.T).max(axis=1)
        shrink = np.minimum(1, 3 / np.maximum(largest, 1e-300))
        beta, step = beta + shrink[:, None] * move, largest * shrink
        if (step[~undefined] < 1e-8).all():
            break
    beta[undefined | ~(step < 1e-6)] = np.nan
    return beta
