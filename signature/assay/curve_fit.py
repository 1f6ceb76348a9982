"""Least squares for the logistic curve: many starts, one best fit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.optimize import OptimizeResult, least_squares

from signature.assay.logistic import (
    ASYMMETRY,
    INFINITY,
    MIDDLE,
    SLOPE,
    ZERO,
    gradient,
    response,
)

_ROOM = 100.0  # how far an asymptote may lie beyond the signals: as a factor, or in ranges / 10


@dataclass(frozen=True, eq=False)
class Fit:
    """A curve that was fitted.

    Parameters
    ----------
    theta : ndarray, shape (5,)
        As in `signature.assay.logistic`.
    covariance : ndarray, shape (5, 5)
        Of the working parameters: those of `theta`, with log a and log d in place of a and d when
        the fit is on the log scale. Parameters that are fixed, or ran into a bound, have none.
    residual_variance : float
        Of a single well, on the scale of the fit.
    spare : int
        Wells minus free parameters.
    aicc : float
        Akaike's criterion, corrected for few wells (Hurvich and Tsai 1989).
    """

    theta: np.ndarray
    covariance: np.ndarray
    residual_variance: float
    spare: int
    aicc: float


def fit_logistic(
    log_x: np.ndarray, y: np.ndarray, *, log_scale: bool, fixed: Mapping[int, float]
) -> Fit | None:
    """Fit the curve to single wells; None when no start converged.

    Parameters
    ----------
    log_x : ndarray, shape (n,)
        Log concentrations, −∞ for zero.
    y : ndarray, shape (n,)
        Signals, above zero when `log_scale`.
    log_scale : bool
        Whether residuals are differences of logs (errors in proportion to the signal) or plain.
    fixed : mapping of int to float
        Values of working parameters that are known.
    """
    free = [i for i in range(5) if i not in fixed]
    low, high = _bounds(log_x, y, log_scale)
    template = np.zeros(5)
    for place, value in fixed.items():
        template[place] = value

    def full(p: np.ndarray) -> np.ndarray:
        theta = template.copy()
        theta[free] = p
        return theta

    target = np.log(y) if log_scale else y

    def residuals(p: np.ndarray) -> np.ndarray:
        f = response(log_x, _natural(full(p), log_scale))
        return (np.log(f) if log_scale else f) - target

    def jacobian(p: np.ndarray) -> np.ndarray:
        return working_gradient(log_x, _natural(full(p), log_scale), log_scale)[0][:, free]

    best: OptimizeResult | None = None
    for start in _starts(log_x, y, log_scale):
        p0 = np.clip(start[free], low[free] + 1e-6, high[free] - 1e-6)
        result = least_squares(
            residuals,
            p0,
            jac=jacobian,
            bounds=(low[free], high[free]),
            x_scale="jac",
            ftol=1e-12,
            xtol=1e-12,
            gtol=1e-12,
            max_nfev=400,
        )
        if result.status > 0 and (best is None or result.cost < best.cost):
            best = result
    if best is None:
        return None
    n, k = len(y), len(free) + 1
    spare = n - len(free)
    variance = 2 * best.cost / spare
    covariance = np.zeros((5, 5))
    inner = [i for i, at in zip(range(len(free)), best.active_mask, strict=True) if at == 0]
    places = [free[i] for i in inner]
    jac = best.jac[:, inner]
    covariance[np.ix_(places, places)] = variance * np.linalg.pinv(jac.T @ jac)
    # exact data leave no residual; the criterion still has to be a number
    floor = np.finfo(float).eps ** 2 * float(np.sum(target**2) + 1)
    aicc = np.inf
    if n - k - 1 > 0:
        aicc = n * np.log(max(2 * best.cost, floor) / n) + 2 * k + 2 * k * (k + 1) / (n - k - 1)
    return Fit(_natural(full(best.x), log_scale), covariance, float(variance), spare, float(aicc))


def working_gradient(
    log_x: np.ndarray, theta: np.ndarray, log_scale: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Return `gradient` on the scale of the fit."""
    by_theta, by_log_x = gradient(log_x, theta)
    if not log_scale:
        return by_theta, by_log_x
    f = response(log_x, theta)
    by_theta = by_theta / f[:, None]
    by_theta[:, ZERO] *= theta[ZERO]
    by_theta[:, INFINITY] *= theta[INFINITY]
    return by_theta, by_log_x / f


def _natural(theta: np.ndarray, log_scale: bool) -> np.ndarray:
    out = theta.copy()
    if log_scale:
        out[[ZERO, INFINITY]] = np.exp(out[[ZERO, INFINITY]])
    return out


def _bounds(log_x: np.ndarray, y: np.ndarray, log_scale: bool) -> tuple[np.ndarray, np.ndarray]:
    seen = log_x[np.isfinite(log_x)]
    span = max(np.ptp(seen), 1.0)
    low, high = np.empty(5), np.empty(5)
    if log_scale:
        bottom, top = np.log(y.min() / _ROOM), np.log(y.max() * _ROOM)
    else:
        room = _ROOM / 10 * np.ptp(y)
        bottom, top = y.min() - room, y.max() + room
    low[[ZERO, INFINITY]], high[[ZERO, INFINITY]] = bottom, top
    low[MIDDLE], high[MIDDLE] = seen.min() - span, seen.max() + 2 * span
    low[SLOPE], high[SLOPE] = np.log(0.1), np.log(20.0)
    low[ASYMMETRY], high[ASYMMETRY] = np.log(0.1), np.log(10.0)
    return low, high


def _starts(log_x: np.ndarray, y: np.ndarray, log_scale: bool) -> list[np.ndarray]:
    """Return starts that differ in where the middle is, how steep it is, and which way it bends."""
    seen = log_x[np.isfinite(log_x)]
    z = np.log(y) if log_scale else y
    order = np.argsort(log_x, kind="stable")
    few = max(1, len(z) // 6)
    first, last = np.mean(z[order[:few]]), np.mean(z[order[-few:]])
    beyond = 0.05 * (last - first)
    middle = np.median(seen)
    upper, lower = np.quantile(seen, 0.8), np.quantile(seen, 0.3)
    plans = [(middle, 0.0, 0.0), (upper, 0.0, 0.0), (middle, 0.9, 0.0)]
    plans += [(lower, 0.0, 0.7), (upper, 0.3, -0.7)]
    return [
        np.array([first - beyond, last + beyond, log_c, log_b, log_g])
        for log_c, log_b, log_g in plans
    ]
