"""How precisely so many people can validate a prediction model, and how many a precision needs.

Closed forms of Riley and others (2021; BMJ 2024, part 3) for a model that is calibrated and ranks
as anticipated: AUROC, observed over expected events, calibration slope, net benefit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import asinh, ceil, exp, sqrt

from scipy.special import expit, logit, ndtr, ndtri

from signature.validation.binormal import binormal
from signature.validation.sample_size import QUANTILE

WIDTHS: Mapping[str, float] = {
    "auroc": 0.1,
    "observed_over_expected": 0.2,
    "calibration_slope": 0.2,
    "net_benefit": 0.2,
}
"""Widths of 95 % intervals that Riley and others (2021) call precise."""


@dataclass(frozen=True)
class Precision:
    """What one number will look like in a validation.

    Parameters
    ----------
    measure : str
        A key of `WIDTHS`. ``net_benefit`` is standardised: a share of what a perfect model yields.
    anticipated : float
    low, high : float
        Ends of the 95 % interval to be expected.
    target_width : float
        That counts as precise.
    n_needed : int
        People needed for it.
    """

    measure: str
    anticipated: float
    low: float
    high: float
    target_width: float
    n_needed: int


def auroc_variance(auroc: float, n: float, event_rate: float) -> float:
    """Variance of an AUROC from n people (Hanley and McNeil 1982, as modified by Newcombe 2006).

    Parameters
    ----------
    auroc : float
    n : float
        People, events and others together.
    event_rate : float

    Examples
    --------
    >>> round(auroc_variance(0.8, 4252, 0.018) ** 0.5, 4)
    0.0255
    """
    half = n / 2 - 1
    spread = 1 + half * (1 - auroc) / (2 - auroc) + half * auroc / (1 + auroc)
    return auroc * (1 - auroc) * spread / (n**2 * event_rate * (1 - event_rate))


def validation_precision(
    n: int,
    event_rate: float,
    auroc: float,
    *,
    threshold: float | None = None,
    widths: Mapping[str, float] = WIDTHS,
) -> tuple[Precision, ...]:
    """Say how precise a validation in n people will be.

    Parameters
    ----------
    n : int
        People in whom the model is tested, each once.
    event_rate : float
    auroc : float
        Anticipated in them, above 0.5 and below 1.
    threshold : float, optional
        Risk from which on one would treat; without it there is no net benefit.
    widths : mapping of str to float
        Width of the 95 % interval that counts as precise, by measure.

    Returns
    -------
    tuple of Precision

    Raises
    ------
    ValueError
        When a number is outside its range.

    Notes
    -----
    The log-odds are taken as in `signature.validation.binormal.binormal`. A model that is not
    calibrated there, or people who differ less or more, need other numbers; few events widen all
    intervals beyond what large-sample formulas say.

    Examples
    --------
    >>> for p in validation_precision(300, 0.3, 0.75):
    ...     print(p.measure, round(p.low, 2), round(p.high, 2), p.n_needed)
    auroc 0.69 0.81 433
    observed_over_expected 0.84 1.19 900
    calibration_slope 0.69 1.31 2853
    """
    if n < 2:
        raise ValueError(f"n must be 2 or more; got {n}")
    if not auroc > 0.5:
        raise ValueError(f"auroc must be above 0.5; got {auroc!r}")
    if threshold is not None and not 0 < threshold < 1:
        raise ValueError(f"threshold must lie between 0 and 1; got {threshold!r}")
    slope = _slope_variance(auroc, event_rate)
    half = QUANTILE * sqrt(auroc_variance(auroc, n, event_rate))
    odds = (1 - event_rate) / event_rate
    ratio = QUANTILE * sqrt(odds / n)
    found = [
        Precision(
            "auroc",
            auroc,
            max(0.0, auroc - half),
            min(1.0, auroc + half),
            widths["auroc"],
            _auroc_size(auroc, event_rate, widths["auroc"]),
        ),
        Precision(
            "observed_over_expected",
            1.0,
            exp(-ratio),
            exp(ratio),
            widths["observed_over_expected"],
            # the interval is symmetric on the log scale
            ceil(odds * (QUANTILE / asinh(widths["observed_over_expected"] / 2)) ** 2),
        ),
        _wald("calibration_slope", 1.0, slope, n, widths),
    ]
    if threshold is not None:
        benefit, variance = _net_benefit(auroc, event_rate, threshold)
        found.append(_wald("net_benefit", benefit, variance, n, widths))
    return tuple(found)


def _wald(
    measure: str, anticipated: float, variance: float, n: int, widths: Mapping[str, float]
) -> Precision:
    """Put together a measure whose variance is so much over n."""
    half, width = QUANTILE * sqrt(variance / n), widths[measure]
    needed = ceil(variance * (2 * QUANTILE / width) ** 2)
    return Precision(measure, anticipated, anticipated - half, anticipated + half, width, needed)


def _auroc_size(auroc: float, event_rate: float, width: float) -> int:
    """Smallest n: the variance is (first · n + second) / n², so n solves a quadratic."""
    rate = (1 - auroc) / (2 - auroc) + auroc / (1 + auroc)
    scale = auroc * (1 - auroc) / (event_rate * (1 - event_rate))
    target = (width / (2 * QUANTILE)) ** 2
    first, second = scale * rate / 2, scale * (1 - rate)
    return ceil((first + sqrt(first**2 + 4 * target * second)) / (2 * target))


def _slope_variance(auroc: float, event_rate: float) -> float:
    """Variance of the calibration slope, times n, from the expected information."""
    log_odds, weight, _ = binormal(auroc, event_rate)
    information = weight * expit(log_odds) * expit(-log_odds)
    total = information.sum()
    center = (information @ log_odds) / total
    return float(1 / (information @ (log_odds - center) ** 2))


def _net_benefit(auroc: float, event_rate: float, threshold: float) -> tuple[float, float]:
    """Standardised net benefit of treating from the threshold on, and its variance times n.

    The event rate is estimated along with sensitivity and specificity (Marsh 2020; Riley 2021).
    """
    apart = sqrt(2) * float(ndtri(auroc))
    middle = (float(logit(threshold)) - float(logit(event_rate))) / apart
    sensitivity, specificity = float(ndtr(apart / 2 - middle)), float(ndtr(apart / 2 + middle))
    odds = threshold / (1 - threshold)
    price = odds * (1 - event_rate) / event_rate
    benefit = sensitivity - (1 - specificity) * price
    variance = (
        sensitivity * (1 - sensitivity) / event_rate
        + price**2 * specificity * (1 - specificity) / (1 - event_rate)
        + price**2 * (1 - specificity) ** 2 / (event_rate * (1 - event_rate))
    )
    return benefit, variance
