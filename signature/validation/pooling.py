"""Random-effects pooling of one estimate per site: its mean, its spread, and a next site's value.

Between-site variance by restricted maximum likelihood (Viechtbauer 2005), the mean's interval by
Hartung and Knapp (2001) and Sidik and Jonkman (2002), the prediction interval with a t of k − 2
degrees of freedom (Higgins, Thompson and Spiegelhalter 2009; Partlett and Riley 2017).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq, minimize_scalar
from scipy.special import chdtrc, chdtri, ndtri, stdtrit

FEWEST_TO_PREDICT = 3
"""Sites below which there is no prediction interval: a t of k − 2 degrees of freedom needs them."""


@dataclass(frozen=True)
class Pooled:
    """Estimates of k sites as one, on the scale on which they came.

    Parameters
    ----------
    k : int
        Number of sites.
    value, standard_error : float
        Mean over sites of this kind; of one site only, that site's own.
    low, high : float
        Confidence interval of the mean.
    weights : tuple of float, length k
        Share of each site in the mean.
    prediction_low, prediction_high : float or None
        Interval for the true value at a next site of this kind; None with fewer than three.
    tau2 : float or None
        Variance of the true values between sites. This and what follows is None with one site.
    tau2_low, tau2_high : float or None
        Confidence interval of `tau2` by the Q-profile method (Viechtbauer 2007).
    q, q_p_value : float or None
        Cochran's Q, and its p-value from a chi-squared of k − 1 degrees of freedom.
    i2 : float or None
        Share of the variance that is between sites, 0 to 1, at sites of typical precision (Higgins
        and Thompson 2002).
    h2 : float or None
        All variance over that within sites, 1 or more.
    """

    k: int
    value: float
    standard_error: float
    low: float
    high: float
    weights: tuple[float, ...]
    prediction_low: float | None = None
    prediction_high: float | None = None
    tau2: float | None = None
    tau2_low: float | None = None
    tau2_high: float | None = None
    q: float | None = None
    q_p_value: float | None = None
    i2: float | None = None
    h2: float | None = None


def pool(estimate: Sequence[float], variance: Sequence[float], level: float = 0.95) -> Pooled:
    """Pool independent estimates whose true values may differ.

    Parameters
    ----------
    estimate : sequence of float, shape (k,)
        One per site, on a scale on which it is about normal: logit AUROC, log odds ratio.
    variance : sequence of float, shape (k,)
        Sampling variance of each, taken as known.
    level : float
        Coverage of the intervals.

    Returns
    -------
    Pooled

    Raises
    ------
    ValueError
        Without estimates, when the lengths differ, or when an estimate is not finite or a variance
        not above 0.

    Notes
    -----
    Where the sites differ less than their variances allow, Hartung and Knapp's standard error would
    be smaller than that of estimates which do not differ at all. It is not let below that (Röver,
    Knapp and Friede 2015), so a few sites that happen to agree give no narrow interval. With two
    sites the interval is wide, as it must be: the t then has one degree of freedom.

    The prediction interval takes the estimated variance between sites as the true one. In
    simulations with 6 to 20 sites and a nominal 95 %, it held the next site's value in 85 to 95 %
    (least where the sites differ little against their errors); the mean's interval kept its level.

    Examples
    --------
    >>> three = pool([1.0, 1.4, 0.7], [0.04, 0.05, 0.06])
    >>> round(three.value, 3), round(three.low, 3), round(three.high, 3)
    (1.041, 0.187, 1.895)
    >>> pool([1.0], [0.04]).prediction_low is None
    True
    """
    y, v = _checked(estimate, variance, level)
    k, above = len(y), 0.5 + level / 2
    if k == 1:
        error = float(np.sqrt(v[0]))
        half = float(ndtri(above)) * error
        own = float(y[0])
        return Pooled(1, own, error, own - half, own + half, weights=(1.0,))
    tau2 = between_sites(y, v)
    w = 1 / (v + tau2)
    mean = float(w @ y / w.sum())
    scatter = float(w @ (y - mean) ** 2) / (k - 1)
    error = float(np.sqrt(max(1.0, scatter) / w.sum()))
    half = float(stdtrit(k - 1, above)) * error
    predicted = k >= FEWEST_TO_PREDICT
    far = float(stdtrit(k - 2, above)) * np.sqrt(tau2 + error**2) if predicted else 0.0
    q = _q(y, v, 0.0)
    tau2_low, tau2_high = (_where_q_is(y, v, float(chdtri(k - 1, p))) for p in (1 - above, above))
    typical = _typical_variance(v)
    return Pooled(
        k=k,
        value=mean,
        standard_error=error,
        low=mean - half,
        high=mean + half,
        weights=tuple((w / w.sum()).tolist()),
        prediction_low=mean - float(far) if predicted else None,
        prediction_high=mean + float(far) if predicted else None,
        tau2=tau2,
        tau2_low=tau2_low,
        tau2_high=tau2_high,
        q=q,
        q_p_value=float(chdtrc(k - 1, q)),
        i2=tau2 / (tau2 + typical),
        h2=1 + tau2 / typical,
    )


def between_sites(estimate: np.ndarray, variance: np.ndarray) -> float:
    """Variance of the true values between sites by restricted maximum likelihood.

    Parameters
    ----------
    estimate, variance : ndarray of float, shape (k,)
        Two or more, as of `pool`.

    Returns
    -------
    float
        0 or more.
    """
    y, v = estimate, variance

    def unlikely(tau2: np.ndarray) -> np.ndarray:
        w = 1 / (v + np.asarray(tau2)[..., None])
        total = w.sum(axis=-1)
        mean = (w @ y) / total
        residual = (w * (y - mean[..., None]) ** 2).sum(axis=-1)
        return 0.5 * (np.log(total) - np.log(w).sum(axis=-1) + residual)

    # there may be more than one peak, so look everywhere before refining; none lies above the sum
    # of squares about the mean, where every independent contrast's own likelihood has fallen
    largest = 1.1 * len(y) * float(np.var(y)) + float(v.min()) * 1e-6
    grid = np.r_[0.0, np.geomspace(largest * 1e-7, largest, 200)]
    at = int(np.argmin(unlikely(grid)))
    if at == 0:
        return 0.0
    around = (grid[at - 1], grid[min(at + 1, len(grid) - 1)])
    found = minimize_scalar(
        lambda x: float(unlikely(np.array(x))),
        bounds=around,
        method="bounded",
        options={"xatol": 1e-9 * around[1]},
    )
    return float(found.x)


def _q(y: np.ndarray, v: np.ndarray, tau2: float) -> float:
    """Weighted squares about the mean; chi-squared of k − 1 where `tau2` is right."""
    w = 1 / (v + tau2)
    return float(w @ (y - w @ y / w.sum()) ** 2)


def _where_q_is(y: np.ndarray, v: np.ndarray, quantile: float) -> float:
    """Between-site variance at which Q, which falls with it, has come down to a quantile."""
    if _q(y, v, 0.0) <= quantile:
        return 0.0
    # Q is below the sum of squares over tau2
    highest = len(y) * float(np.var(y)) / quantile
    return float(brentq(lambda tau2: _q(y, v, tau2) - quantile, 0.0, highest, xtol=1e-14))


def _typical_variance(v: np.ndarray) -> float:
    w = 1 / v
    return float((len(v) - 1) * w.sum() / (w.sum() ** 2 - (w**2).sum()))


def _checked(
    estimate: Sequence[float], variance: Sequence[float], level: float
) -> tuple[np.ndarray, np.ndarray]:
    y, v = (np.asarray(part, dtype="float64") for part in (estimate, variance))
    if y.ndim != 1 or y.shape != v.shape or not len(y):
        raise ValueError(
            "one estimate and one variance per site are needed, of one site or more; got shapes "
            f"{y.shape} and {v.shape}"
        )
    odd = int((~(np.isfinite(y) & np.isfinite(v) & (v > 0))).sum())
    if odd:
        raise ValueError(
            f"{odd} of {len(y)} sites have an estimate that is not finite or a variance that is "
            "not above 0; leave them out and name them"
        )
    if not 0 < level < 1:
        raise ValueError(f"level is the coverage of the intervals, between 0 and 1; got {level!r}")
    return y, v
