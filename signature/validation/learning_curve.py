"""What more people would buy: an inverse power law through measured AUROCs, and how sure it is.

AUROC after training on n people is taken as ``ceiling - gap * n ** -rate`` (Mukherjee 2003;
Figueroa 2012): it never falls, and levels off at 1 or below. A few sizes within a factor of three
hardly tell a steep curve that is nearly at its ceiling from a flat one that goes on rising, so the
interval holds every curve that the points do not contradict, not the best one's alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri
from scipy.stats import chi2

from signature.exceptions import LearningCurveError
from signature.validation._power_law import RATES, Fits

FEWEST_SIZES = 4
LEAST_SPAN = 2.0
"""Largest over smallest training size."""

_QUANTILE = float(ndtri(0.975))


@dataclass(frozen=True)
class CurvePoint:
    """AUROC at one training size.

    Parameters
    ----------
    n : float
        People to train on.
    value : float
        Best-fitting curve.
    low, high : float
        Ends of the 95 % interval.
    gain, gain_low, gain_high : float
        Difference to the size from which is counted; never below 0.
    """

    n: float
    value: float
    low: float
    high: float
    gain: float
    gain_low: float
    gain_high: float


@dataclass(frozen=True)
class LearningCurve:
    """The best-fitting curve, and what the others say.

    Parameters
    ----------
    ceiling, gap, rate : float
        Of ``ceiling - gap * n ** -rate``.
    misfit : float
        Weighted sum of squares; with as many degrees of freedom as sizes less three.
    start : float
        Size from which gains are counted.
    points : tuple of CurvePoint
        One per size that was asked about.
    """

    ceiling: float
    gap: float
    rate: float
    misfit: float
    start: float
    points: tuple[CurvePoint, ...]


def learning_curve(
    sizes: Sequence[float] | np.ndarray,
    auroc: Sequence[float] | np.ndarray,
    covariance: np.ndarray,
    *,
    start: float,
    at: Sequence[float],
    rng: np.random.Generator,
    draws: int = 1000,
) -> LearningCurve:
    """Fit an inverse power law by weighted least squares, and extrapolate it.

    Parameters
    ----------
    sizes : array-like of shape (n_sizes,)
        People trained on, all different: four sizes or more, the largest twice the smallest.
    auroc : array-like of shape (n_sizes,)
        In held-out people.
    covariance : ndarray of shape (n_sizes, n_sizes), or (n_sizes,) for variances alone
        Of the errors of `auroc`. Points that share held-out people err together, and only a
        covariance lets the curve's shape be known better than its height.
    start : float
        Size from which gains are counted: the people there are now.
    at : sequence of float
        Sizes that are asked about, from `start` up.
    rng : Generator
    draws : int
        Parametric bootstrap draws.

    Returns
    -------
    LearningCurve

    Raises
    ------
    LearningCurveError
        When there are too few sizes, or they lie too close together.
    ValueError
        When numbers are impossible or shapes do not fit.

    Notes
    -----
    An interval holds the 95 % of refits to points drawn anew around the fitted ones, and also
    every curve whose misfit is within 3.84 of the best one's (profile likelihood). That of an AUROC
    is never narrower than that of the largest size's own. The ceiling lies between 0 and 1 and
    the curve does not fall; where these limits bind, the interval of a gain is one of 0 and above
    by assumption. That further people are like those there are is assumed, too.

    Examples
    --------
    >>> n = np.array([80, 110, 140, 170, 200])
    >>> found = learning_curve(
    ...     n, 0.8 - 0.9 * n**-0.6, np.full(5, 1e-6), start=250, at=[450],
    ...     rng=np.random.default_rng(0),
    ... )
    >>> round(found.points[0].gain, 3), round(0.9 * (250**-0.6 - 450**-0.6), 3)
    (0.01, 0.01)
    """
    n, y, cov = _checked(sizes, auroc, covariance)
    where = np.r_[float(start), np.asarray(at, dtype="float64")]
    if not (start > 0 and np.isfinite(where).all() and (where >= start).all()):
        raise ValueError("start must be above 0, and sizes asked about no smaller than it")
    whiten = np.linalg.inv(np.linalg.cholesky(cov))
    scale = float(np.exp(np.log(n).mean()))  # sizes around 1, for gaps that compare
    fits = Fits(whiten, n / scale, where / scale)
    best = fits.best((whiten @ y)[None])
    wanted = fits.curve(best.rate, best.ceiling, best.gap)[0]
    fitted = best.ceiling[0] - best.gap[0] * (n / scale) ** -RATES[best.rate[0]]
    noise = rng.standard_normal((draws, len(n))) @ np.linalg.cholesky(cov).T
    drawn = fits.best((fitted + noise) @ whiten.T)
    refits = fits.curve(drawn.rate, drawn.ceiling, drawn.gap)
    admissible = fits.admissible(whiten @ y, float(best.misfit[0]) + float(chi2.ppf(0.95, 1)))
    own = _QUANTILE * float(np.sqrt(cov[int(np.argmax(n)), int(np.argmax(n))]))
    points = []
    for i, size in enumerate(where[1:], start=1):
        low, high = _ends(refits[:, i], admissible[:, i], wanted[i])
        gain = float(wanted[i] - wanted[0])
        gain_low, gain_high = _ends(
            refits[:, i] - refits[:, 0], admissible[:, i] - admissible[:, 0], gain
        )
        points.append(
            CurvePoint(
                n=float(size),
                value=float(wanted[i]),
                low=max(0.0, min(low, float(wanted[i]) - own)),
                high=min(1.0, max(high, float(wanted[i]) + own)),
                gain=gain,
                gain_low=gain_low,
                gain_high=gain_high,
            )
        )
    rate = float(RATES[best.rate[0]])
    return LearningCurve(
        ceiling=float(best.ceiling[0]),
        gap=float(best.gap[0]) * scale**rate,
        rate=rate,
        misfit=float(best.misfit[0]),
        start=float(start),
        points=tuple(points),
    )


def _ends(refits: np.ndarray, admissible: np.ndarray, value: float) -> tuple[float, float]:
    """Hold percentiles of refits, every admissible curve and the best one in one interval."""
    low, high = np.quantile(refits, [0.025, 0.975])
    return float(min(low, admissible.min(), value)), float(max(high, admissible.max(), value))


def _checked(
    sizes: Sequence[float] | np.ndarray,
    auroc: Sequence[float] | np.ndarray,
    covariance: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    n, y = np.asarray(sizes, dtype="float64"), np.asarray(auroc, dtype="float64")
    cov = np.asarray(covariance, dtype="float64")
    cov = np.diag(cov) if cov.ndim == 1 else cov
    if n.ndim != 1 or y.shape != n.shape or cov.shape != (len(n), len(n)):
        raise ValueError(
            "sizes and auroc must have one number per size and covariance one row and column; got "
            f"shapes {n.shape}, {y.shape} and {cov.shape}"
        )
    if len(n) < FEWEST_SIZES or len(np.unique(n)) < len(n):
        raise LearningCurveError(
            f"a learning curve needs {FEWEST_SIZES} different training sizes or more; got "
            f"{len(np.unique(n))}; measure at more sizes"
        )
    if not (n > 0).all() or n.max() < LEAST_SPAN * n.min():
        raise LearningCurveError(
            f"the largest training size must be {LEAST_SPAN:g} times the smallest or more; got "
            f"{n.min():g} to {n.max():g} people; begin with fewer people"
        )
    if not ((y >= 0) & (y <= 1)).all():
        raise ValueError("every AUROC must be a number from 0 to 1")
    if not np.isfinite(cov).all() or not np.allclose(cov, cov.T) or np.linalg.eigvalsh(cov)[0] <= 0:
        raise ValueError("covariance must be symmetric and positive definite")
    return n, y, cov
