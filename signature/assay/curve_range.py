"""Which standards a curve finds again, and so the range in which it may be used."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from signature.assay.curve_fit import Fit, working_gradient
from signature.assay.logistic import INFINITY, ZERO, inverse
from signature.declared import Declared

_PLATEAU = 0.05  # a signal within this share of the height of an asymptote says little


class CurveRules(Declared):
    """What a standard curve must look like.

    Standards of ligand-binding assays must be found again within 20 % (ICH M10 2022; 25 % at the
    limits).
    """

    shape: Literal["auto", "4PL", "5PL"] = "auto"
    """``auto`` takes the smaller AICc."""
    weighting: Literal["log", "constant"] = "log"
    """``log`` fits log signals: errors in proportion to the signal, to first order the weights
    1/y² that makers of bead assays recommend. ``constant`` fits the signals themselves."""
    lowest_recovery: Annotated[float, Field(gt=0, lt=100)] = 80.0
    highest_recovery: Annotated[float, Field(gt=100)] = 120.0
    """Bounds of back-calculated over expected concentration, in %."""
    largest_cv: Annotated[float, Field(gt=0)] = 20.0
    """Largest CV of a standard's back-calculated concentration, in %: between its wells, and by the
    fit's own uncertainty."""
    fewest_levels: Annotated[int, Field(ge=2)] = 3
    """Neighbouring standards that must pass, or the curve is refused."""


@dataclass(frozen=True)
class Level:
    """One standard: what the curve makes of it."""

    concentration: float
    wells: int
    recovery: float
    """Mean back-calculated over expected, in %; infinite beyond an asymptote."""
    cv: float
    """Between the wells, in %; 0 for one well."""
    error: float
    """Standard error by the fit, in %."""
    passed: bool


def judge_levels(x: np.ndarray, y: np.ndarray, fit: Fit, rules: CurveRules) -> tuple[Level, ...]:
    """Say for each standard above zero whether the curve finds it again."""
    found = np.exp(inverse(y, fit.theta))
    levels = []
    for c in np.unique(x[x > 0]):
        here = x == c
        n = int(here.sum())
        own = found[here]
        mean = float(np.mean(own))
        usable = bool(np.isfinite(mean) and (own > 0).all())
        cv = 100 * float(np.std(own, ddof=1)) / mean if usable and n > 1 else 0.0
        error = 100 * float(
            log_error(np.array([y[here].mean()]), np.array([n]), fit, rules.weighting == "log")[0]
        )
        recovery = 100 * mean / float(c)
        passed = (
            usable
            and rules.lowest_recovery <= recovery <= rules.highest_recovery
            and max(cv, error) <= rules.largest_cv
        )
        levels.append(Level(float(c), n, recovery, cv, error, passed))
    return tuple(levels)


def longest_run(levels: tuple[Level, ...]) -> tuple[int, int]:
    """Return the longest run of standards that pass, as a half-open range; the lowest of equals."""
    best, start = (0, 0), None
    for i, level in enumerate((*levels, None)):
        if level is not None and level.passed:
            start = i if start is None else start
        elif start is not None:
            best = max(best, (start, i), key=lambda r: r[1] - r[0])
            start = None
    return best


def saturation(x: np.ndarray, y: np.ndarray, fit: Fit) -> str:
    """Say, for a message, how many standards lie on a plateau."""
    zero, infinity = fit.theta[ZERO], fit.theta[INFINITY]
    means = np.array([y[x == c].mean() for c in np.unique(x[x > 0])])
    # the height that was seen, for an asymptote that was never reached may lie anywhere
    height = np.ptp(y)
    high = int((np.abs(means - infinity) < _PLATEAU * height).sum())
    low = int((np.abs(means - zero) < _PLATEAU * height).sum())
    told = []
    if high > 1:
        told.append(f"{high} are saturated")
    if low > 1:
        told.append(f"{low} show no more than the background")
    return f" ({', '.join(told)})" if told else ""


def log_error(y: np.ndarray, wells: np.ndarray, fit: Fit, log_scale: bool) -> np.ndarray:
    """Return standard errors of log concentrations; infinite beyond the asymptotes."""
    log_x = inverse(y, fit.theta)
    out = np.full(y.shape, np.where(np.isnan(y), np.nan, np.inf))
    inside = np.isfinite(log_x)
    if inside.any():
        by_theta, by_log_x = working_gradient(log_x[inside], fit.theta, log_scale)
        of_curve = np.einsum("ij,jk,ik->i", by_theta, fit.covariance, by_theta)
        of_sample = fit.residual_variance / wells[inside]
        with np.errstate(divide="ignore"):
            out[inside] = np.sqrt(of_curve + of_sample) / np.abs(by_log_x)
    return out
