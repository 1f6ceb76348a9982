"""Who was randomised, whose outcome is known, and what was done about the others (CONSORT 2010)."""

from __future__ import annotations

from dataclasses import dataclass

from pipelines.report.trial_results import TrialResults
from pipelines.report.trial_words import LeftOut, label, left_out
from signature.effect.trial.allocation import AllocationCheck
from signature.effect.trial.trial import ArmFlow
from signature.records.results import FlowLine

TITLE = "Participants"
ORDER = 10


@dataclass(frozen=True)
class Participants:
    """The numbers of a CONSORT diagram."""

    exclusions: list[FlowLine]
    arms: list[ArmFlow]
    allocation: AllocationCheck
    strata: tuple[str, ...]
    """Within which people were randomised."""
    notes: list[str]
    dropped: tuple[LeftOut, ...]
    """Features without use."""


def summarize(results: TrialResults) -> Participants:
    """Collect the numbers of a CONSORT diagram."""
    record = results.record
    return Participants(
        exclusions=record.exclusions,
        arms=record.flow,
        allocation=record.allocation,
        strata=tuple(label(name, record) for name in record.experiment["trial"]["strata"]),
        notes=record.notes,
        dropped=left_out(record.dropped_features, record),
    )
