"""Number needed to treat, with an interval that is honest when the effect may be none.

The number is one over the difference of risks, so an effect of 0 is a number without end. An
interval of the effect that covers 0 then goes from so many treated for one to benefit, through
infinity, to so many for one to be harmed (Altman 1998); two ends alone would leave out the middle.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import Literal

from signature.records.estimates import Estimate

Direction = Literal["benefit", "harm"]


@dataclass(frozen=True)
class Number:
    """So many people treated for one more to benefit, or to be harmed.

    Parameters
    ----------
    number : float
        1 or more, infinite when nobody does.
    direction : {"benefit", "harm"} or None
        None when infinite.
    """

    number: float
    direction: Direction | None

    def __str__(self) -> str:
        if self.direction is None:
            return "∞"
        digits = 0 if self.number >= 9.95 else 1
        return f"NNT{'B' if self.direction == 'benefit' else 'H'} {self.number:.{digits}f}"


@dataclass(frozen=True)
class NumberNeeded:
    """A number needed to treat and the ends of its interval.

    Parameters
    ----------
    value : Number
    most_favourable, least_favourable : Number or None
        From the upper and the lower end of the effect's interval; None without one.
    through_infinity : bool
        Whether the interval includes no effect, and so goes from benefit over infinity to harm.
    """

    value: Number
    most_favourable: Number | None
    least_favourable: Number | None
    through_infinity: bool

    def __str__(self) -> str:
        if self.most_favourable is None:
            return f"{self.value} (no interval)"
        middle = " to ∞ to " if self.through_infinity else " to "
        return f"{self.value} ({self.most_favourable}{middle}{self.least_favourable})"


def number_needed(reduction: Estimate) -> NumberNeeded | None:
    """Turn a reduction of risk into a number needed to treat.

    Parameters
    ----------
    reduction : Estimate
        Risk of a harmful event under control less that under treatment, or of a favourable one the
        other way around: positive where treatment does better, as of
        `signature.effect.trial.aipw.benefit_scores`. Only of outcomes that are events. Estimates
        beyond a difference of 1 count as 1.

    Returns
    -------
    NumberNeeded or None
        None where the reduction is undefined.

    Examples
    --------
    >>> print(number_needed(Estimate(value=0.10, low=-0.05, high=0.25)))
    NNTB 10 (NNTB 4.0 to ∞ to NNTH 20)
    >>> print(number_needed(Estimate(value=0.25, low=0.15, high=0.35)))
    NNTB 4.0 (NNTB 2.9 to NNTB 6.7)
    """
    if reduction.value is None:
        return None
    value = _number(reduction.value)
    if reduction.low is None or reduction.high is None:
        return NumberNeeded(value, None, None, False)
    crosses = reduction.low < 0 < reduction.high
    return NumberNeeded(value, _number(reduction.high), _number(reduction.low), crosses)


def _number(difference: float) -> Number:
    if difference == 0:
        return Number(inf, None)
    direction: Direction = "benefit" if difference > 0 else "harm"
    return Number(max(1.0, 1 / abs(difference)), direction)
