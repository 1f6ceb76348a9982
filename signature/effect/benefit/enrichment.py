"""The next trial: screen with the signature and randomise the positive, or randomise all comers.

An enriched trial needs fewer people if the positive gain enough more than all, and pays for it by
screening (Simon and Maitournam 2004). What a signature promises in the trial that it was learned in
is uncertain, so every number is also given for the lower end of its interval.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, sqrt

import numpy as np
from scipy.special import ndtr, ndtri

from signature.exceptions import TrialError
from signature.records.estimates import Estimate

MOST_PEOPLE = 1_000_000
"""Beyond, a trial is called out of reach."""


@dataclass(frozen=True)
class TrialSize:
    """A trial of two arms.

    Parameters
    ----------
    benefit : float
        That it is planned for: difference between arms in units of the endpoint (of an event, in
        risk), positive where treatment does better.
    randomised : int or None
        People in both arms; None where the benefit is not above 0, or more than a million are
        needed.
    screened : int or None
        People who must be looked at to randomise so many.
    """

    benefit: float
    randomised: int | None
    screened: int | None


@dataclass(frozen=True)
class Enrichment:
    """Both ways to run the next trial.

    Parameters
    ----------
    positive : float
        Share of people who would be positive.
    all_comers, enriched : TrialSize
        Planned for the estimated benefits.
    cautious : TrialSize
        Enriched, planned for the lower end of the interval of the positive's benefit.
    power_of_all_comers : float or None
        Of a trial of all comers of the size of the enriched one.
    randomised_ratio, screened_ratio : float or None
        All comers over enriched: people randomised, and people looked at; above 1 where enrichment
        saves.
    power, alpha : float
        Aimed at; two-sided.
    """

    positive: float
    all_comers: TrialSize
    enriched: TrialSize
    cautious: TrialSize
    power_of_all_comers: float | None
    randomised_ratio: float | None
    screened_ratio: float | None
    power: float
    alpha: float


def enrichment(
    among_positive: Estimate,
    among_all: Estimate,
    *,
    positive: float,
    sd_positive: float,
    sd_all: float,
    treated_share: float = 0.5,
    power: float = 0.8,
    alpha: float = 0.05,
) -> Enrichment:
    """Size an enriched trial and one of all comers.

    Parameters
    ----------
    among_positive, among_all : Estimate
        Benefit of treatment among those whom the signature would treat, and among all, held out.
    positive : float
        Share of the first among all, in (0, 1].
    sd_positive, sd_all : float
        Standard deviation of the endpoint within arms, among both; of an event √(p (1 − p)) of the
        average risk.
    treated_share : float
        Of those randomised.
    power, alpha : float
        Of the two-sided test of the difference of means.

    Returns
    -------
    Enrichment

    Raises
    ------
    TrialError
        When the positive do not gain: then there is nobody to enrich with.
    ValueError
        When a share, a standard deviation, power or level is out of its range.

    Examples
    --------
    Half are positive, and gain twice what all gain: a quarter of the people is randomised.

    >>> gain, whole = Estimate(value=4.0, low=2.0, high=6.0), Estimate(value=2.0)
    >>> found = enrichment(gain, whole, positive=0.5, sd_positive=8.0, sd_all=8.0)
    >>> found.enriched.randomised, found.enriched.screened, found.all_comers.randomised
    (126, 252, 503)
    >>> found.cautious.randomised, round(found.power_of_all_comers, 2)
    (503, 0.29)
    """
    if not (0 < positive <= 1 and 0 < treated_share < 1 and 0 < alpha < power < 1):
        raise ValueError(
            "positive lies in (0, 1], treated_share in (0, 1), and alpha below power; got "
            f"{positive!r}, {treated_share!r}, {alpha!r}, {power!r}"
        )
    if not (sd_positive > 0 and sd_all > 0):
        raise ValueError(f"the endpoint must vary within arms; got {sd_positive!r} and {sd_all!r}")
    gain, whole = among_positive.value, among_all.value
    if gain is None or gain <= 0:
        raise TrialError(
            "those whom the signature would treat are not estimated to gain"
            + ("" if gain is None else f" (benefit {gain:.3g})")
            + "; there is nobody to enrich the next trial with"
        )
    plan = (treated_share, power, alpha)
    enriched = _size(gain, sd_positive, positive, *plan)
    all_comers = _size(0.0 if whole is None else whole, sd_all, 1.0, *plan)
    low = 0.0 if among_positive.low is None else among_positive.low
    n, many = enriched.randomised, all_comers.randomised
    return Enrichment(
        positive=float(positive),
        all_comers=all_comers,
        enriched=enriched,
        cautious=_size(low, sd_positive, positive, *plan),
        power_of_all_comers=None
        if n is None or whole is None
        else power_of(n, whole, sd_all, treated_share, alpha),
        randomised_ratio=None if n is None or many is None else many / n,
        screened_ratio=None
        if enriched.screened is None or all_comers.screened is None
        else all_comers.screened / enriched.screened,
        power=power,
        alpha=alpha,
    )


def power_of(
    people: int, benefit: float, sd: float, treated_share: float = 0.5, alpha: float = 0.05
) -> float:
    """Power of a two-sided test of a difference of means, by the normal distribution.

    Parameters
    ----------
    people : int
        Randomised, both arms.
    benefit, sd : float
        In units of the endpoint.
    treated_share, alpha : float

    Returns
    -------
    float

    Examples
    --------
    >>> round(power_of(126, 4.0, 8.0), 3)
    0.801
    """
    shift = benefit / sd * sqrt(people * treated_share * (1 - treated_share))
    critical = ndtri(1 - alpha / 2)
    return float(ndtr(shift - critical) + ndtr(-shift - critical))


def _size(
    benefit: float, sd: float, positive: float, treated_share: float, power: float, alpha: float
) -> TrialSize:
    if not benefit > 0:
        return TrialSize(float(benefit), None, None)
    both = ndtri(1 - alpha / 2) + ndtri(power)
    needed = (both * sd / benefit) ** 2 / (treated_share * (1 - treated_share))
    if not np.isfinite(needed) or needed > MOST_PEOPLE:
        return TrialSize(float(benefit), None, None)
    randomised = max(4, ceil(needed))
    return TrialSize(float(benefit), randomised, ceil(randomised / positive))
