"""Power of a trial to show that treatment does more for some: planned before there are data."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, sqrt

import numpy as np
from scipy.special import ndtri
from scipy.stats import chi2, nct, norm
from scipy.stats import t as student

FEWEST = 4
"""People of an arm, for two straight lines."""

MOST_PEOPLE = 100_000
"""Randomised; more are called out of reach."""

_QUANTILES = 15


def interaction_power(
    effect: float, treated: int, control: int, *, alpha: float = 0.05, one_sided: bool = False
) -> float:
    """Power of the t test of two straight lines, averaged over how scores may spread.

    Parameters
    ----------
    effect : float
        Difference of slopes in residual standard deviations of the outcome per standard deviation
        of the score.
    treated, control : int
        People whose outcome is known, four or more.
    alpha : float
        Level of the test.
    one_sided : bool
        Whether only a positive difference counts.

    Raises
    ------
    ValueError
        When an arm has fewer than four people.

    Examples
    --------
    >>> round(interaction_power(0.5, 100, 100), 2)
    0.93
    """
    if min(treated, control) < FEWEST:
        raise ValueError(
            f"an interaction needs {FEWEST} people or more in both arms; got {treated} and "
            f"{control}"
        )
    # scores spread by chance, too: power is averaged over their sums of squares in both arms
    share = (np.arange(_QUANTILES) + 0.5) / _QUANTILES
    square = 1 / (1 / chi2.ppf(share, treated - 1)[:, None] + 1 / chi2.ppf(share, control - 1))
    df = treated + control - 4
    critical = student.ppf(1 - (alpha if one_sided else alpha / 2), df)
    shift = effect * np.sqrt(square)
    # far tails by symmetry: the routine is at home where the shift is moderate
    found = nct.sf(critical, df, shift)
    if not one_sided:
        found = found + nct.sf(critical, df, -shift)
    return float(found.mean())


def measured_correlation(below_limit: float = 0.0, reliability: float = 1.0) -> float:
    """Correlation of a marker as it is measured with what it is.

    Parameters
    ----------
    below_limit : float
        Share of people below the detection limit, who all get the same value.
    reliability : float
        Share of a measured value's variance that a second sample of the same day would repeat.

    Raises
    ------
    ValueError
        When they are no shares.

    Examples
    --------
    >>> round(measured_correlation(0.5, 0.8), 2)
    0.81
    """
    if not (0 <= below_limit < 1 and 0 < reliability <= 1):
        raise ValueError(
            "the share below the limit lies from 0 to below 1, reliability above 0 up to 1; got "
            f"{below_limit!r} and {reliability!r}"
        )
    lost = 0.0
    if below_limit > 0:
        # what the values below the limit, of a normal distribution, would still have told
        q = float(ndtri(below_limit))
        ratio = float(norm.pdf(q)) / below_limit
        lost = below_limit * (1 - q * ratio - ratio**2)
    return sqrt((1 - lost) * reliability)


@dataclass(frozen=True)
class Planned:
    """Conditions of a planned trial.

    Parameters
    ----------
    treated : float
        Share of people randomised to treatment.
    lost : float
        Share whose outcome will not be known.
    below_limit, reliability : float
        As of `measured_correlation`.
    alpha : float
    one_sided : bool
        Whether the side that gains more is named beforehand.
    """

    treated: float = 0.5
    lost: float = 0.0
    below_limit: float = 0.0
    reliability: float = 1.0
    alpha: float = 0.05
    one_sided: bool = False

    def power(self, effect: float, people: int) -> float:
        """Power with so many people randomised, for a true difference per SD of the true marker."""
        known = people * (1 - self.lost)
        arms = [int(known * share) for share in (self.treated, 1 - self.treated)]
        if min(arms) < FEWEST:
            return 0.0
        seen = effect * measured_correlation(self.below_limit, self.reliability)
        return interaction_power(seen, *arms, alpha=self.alpha, one_sided=self.one_sided)

    def people_for(self, effect: float, power: float) -> int | None:
        """Fewest people to randomise for a power; None beyond `MOST_PEOPLE`."""
        few = many = 4 * FEWEST
        while self.power(effect, many) < power:
            if many == MOST_PEOPLE:
                return None
            few, many = many, min(2 * many, MOST_PEOPLE)
        while many - few > 1:
            middle = (few + many) // 2
            few, many = (middle, many) if self.power(effect, middle) < power else (few, middle)
        return many


def people_for_average(benefit: float, planned: Planned, power: float) -> int | None:
    """People to randomise for a test of an average benefit, in SD of the outcome; None: no end.

    Examples
    --------
    >>> people_for_average(0.5, Planned(), 0.8)
    126
    """
    if benefit <= 0:
        return None
    quantiles = float(ndtri(1 - planned.alpha / 2) + ndtri(power))
    spread = 1 / planned.treated + 1 / (1 - planned.treated)
    found = ceil((quantiles / benefit) ** 2 * spread / (1 - planned.lost))
    return found if found <= MOST_PEOPLE else None


def benefit_of_chosen(average: float, effect: float, share: float, planned: Planned) -> float:
    """Average benefit of the share of people in whom the measured marker is highest.

    Parameters
    ----------
    average, effect : float
        Benefit in all, and its difference per standard deviation of the true marker.
    share : float
        Of people who are chosen.

    Examples
    --------
    >>> round(benefit_of_chosen(0.2, 0.5, 0.5, Planned()), 2)
    0.6
    """
    told = sqrt(planned.reliability)
    above = 1 - planned.below_limit
    if share <= above:
        return average + effect * told * float(norm.pdf(ndtri(1 - share))) / share
    # everybody above the limit, and some of those below it, whom nothing tells apart
    density = float(norm.pdf(ndtri(planned.below_limit)))
    sum_of_scores = density - (share - above) * density / planned.below_limit
    return average + effect * told * sum_of_scores / share
