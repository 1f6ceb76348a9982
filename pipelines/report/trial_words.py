"""What is good and in which unit: how the sections of a trial's report turn numbers into words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from signature.effect.interaction.arm_by_score import ArmByScore
from signature.effect.trial_record import TrialRecord
from signature.effect.visits.engagement import ArmChange
from signature.effect.visits.visit_lines import VisitMean
from signature.records.estimates import EffectEstimate


@dataclass(frozen=True)
class AddedBenefit:
    """How much more people gain from treatment whose score is higher.

    Parameters
    ----------
    value : float
        Additional benefit per standard deviation of the score: positive where people with a
        higher score gain more.
    low, high : float or None
        Ends of its interval.
    p, p_low, p_high : float
        P-value of no difference, with its Monte Carlo interval.
    one_sided : bool
        Whether `p` is of the side that was named beforehand.
    how : str
        What `p` was computed over.
    people : int
        Of both arms.
    """

    value: float | None
    low: float | None
    high: float | None
    p: float
    p_low: float
    p_high: float
    how: str
    people: int
    one_sided: bool


@dataclass(frozen=True)
class LeftOut:
    """A feature that was not used, as a report prints it, and the reason."""

    label: str
    why: str


def sign(record: TrialRecord) -> int:
    """Return 1 where a higher outcome is better, else −1: what turns differences into benefit."""
    return 1 if record.endpoint["higher_is_better"] else -1


def flipped(
    value: float | None, low: float | None, high: float | None, record: TrialRecord
) -> EffectEstimate:
    """Turn a difference of the outcome with its interval into benefit, positive where good."""
    if sign(record) > 0 or value is None:
        return EffectEstimate(value=value, low=low, high=high)
    return EffectEstimate(
        value=-value,
        low=None if high is None else -high,
        high=None if low is None else -low,
    )


def benefit_of(test: ArmByScore, record: TrialRecord) -> AddedBenefit:
    """Return an interaction as additional benefit per standard deviation of the score."""
    found = flipped(test.estimate, test.low, test.high, record)
    return AddedBenefit(
        value=found.value,
        low=found.low,
        high=found.high,
        p=test.p,
        p_low=test.p_low,
        p_high=test.p_high,
        how=test.how,
        people=sum(test.people.values()),
        one_sided=test.side != "two-sided",
    )


def unit_of_difference(record: TrialRecord, scale: str = "outcome") -> str:
    """Name the unit of a difference between arms.

    Parameters
    ----------
    record : TrialRecord
    scale : {"outcome", "log odds"}
        Of the test.
    """
    return "log-odds" if scale == "log odds" else unit_of(record.endpoint)


def unit_of(endpoint: Mapping[str, Any]) -> str:
    """Name the unit of a difference in an endpoint."""
    if endpoint["kind"] == "continuous":
        return str(endpoint["unit"] or "units")
    return "difference in risk"


def decimals(record: TrialRecord, scale: str = "outcome") -> int:
    """Say with how many decimals a difference between arms is printed; `scale` as of its unit."""
    return 2 if scale == "log odds" or record.endpoint["kind"] == "continuous" else 3


def shown(found: EffectEstimate | None) -> EffectEstimate:
    """Return an estimate for a template; undefined where there is none."""
    return EffectEstimate(value=None) if found is None else found


def as_estimate(mean: ArmChange | VisitMean) -> EffectEstimate:
    """Return a mean with its interval as pages print and draw it."""
    return EffectEstimate(value=mean.mean, low=mean.low, high=mean.high)


def good(record: TrialRecord) -> str:
    """Say which outcome is good."""
    kind, better = record.endpoint["kind"], record.endpoint["higher_is_better"]
    if kind == "continuous":
        return f"{'higher' if better else 'lower'} is better"
    return "the event is what one hopes for" if better else "the event is what one wants to avoid"


def label(name: str, record: TrialRecord) -> str:
    """Print a feature as the report does elsewhere."""
    return record.labels.get(name, name.replace("_", " "))


def left_out(reasons: Mapping[str, str], record: TrialRecord) -> tuple[LeftOut, ...]:
    """Print features that were not used; `reasons` by name of the feature."""
    return tuple(LeftOut(label(name, record), why) for name, why in reasons.items())
