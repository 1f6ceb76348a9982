"""What a small trial does not say, and why."""

from __future__ import annotations

from dataclasses import dataclass

from pipelines.report.trial_results import TrialResults
from signature.effect.trial.small_trial import NotReported

TITLE = "What a trial of this size does not say"
ORDER = 95


@dataclass(frozen=True)
class Withheld:
    """What is reported of a small trial and what is not."""

    people: int
    detectable: float
    """Smallest interaction found in four of five such trials, in standard deviations of the
    outcome per standard deviation of the marker."""
    reported: tuple[str, ...]
    withheld: tuple[NotReported, ...]


def summarize(results: TrialResults) -> Withheld | None:
    """Collect what is withheld; None where the trial is not small."""
    size = results.record.size
    if not size.small:
        return None
    return Withheld(
        people=sum(size.people.values()),
        detectable=size.detectable_interaction,
        reported=size.reported,
        withheld=size.not_reported,
    )
