"""The effect among all who were randomised, arm by arm."""

from __future__ import annotations

from dataclasses import dataclass

from pipelines.report.trial_results import TrialResults
from pipelines.report.trial_words import decimals, good, unit_of_difference
from signature.effect.trial_record import ArmEffect

TITLE = "Average effect"
ORDER = 20


@dataclass(frozen=True)
class AverageEffect:
    """The average benefit of each arm over control."""

    control: str
    definition: str
    """Of the endpoint."""
    good: str
    unit: str
    digits: int
    adjusted: bool
    """Whether any arm has an adjusted estimate."""
    head: tuple[str, ...]
    arms: list[ArmEffect]


def summarize(results: TrialResults) -> AverageEffect:
    """Collect the average benefit of each arm over control."""
    record = results.record
    adjusted = any(one.adjusted is not None for one in record.average)
    return AverageEffect(
        control=record.arms[0],
        definition=record.endpoint["definition"],
        good=good(record),
        unit=unit_of_difference(record),
        digits=decimals(record),
        adjusted=adjusted,
        head=("Arm", "Difference of means", "p", *(("Adjusted", "p") if adjusted else ())),
        arms=record.average,
    )
