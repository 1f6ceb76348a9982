"""Whether the panel foretells the outcome, whatever the arm, beyond what is known anyway."""

from __future__ import annotations

from dataclasses import dataclass

from pipelines.report.trial_results import TrialResults
from signature.records.estimates import Estimate

TITLE = "Prognosis, whatever the arm"
ORDER = 70


@dataclass(frozen=True)
class Line:
    """The share of the outcome's variance within arms that is explained, and from what."""

    name: str
    share: Estimate


@dataclass(frozen=True)
class Foretold:
    """How much of the outcome is foretold in held-out people."""

    people: int
    lines: tuple[Line, ...]
    """The gain by the panel last."""
    adds: bool
    """Whether the panel adds to the baseline."""


def summarize(results: TrialResults) -> Foretold | None:
    """Collect how much of the outcome is foretold; None where nothing was learned."""
    found = results.record.prognosis
    if found is None:
        return None
    return Foretold(
        people=found.people,
        lines=(
            Line("baseline alone", found.baseline),
            Line("baseline and panel", found.panel),
            Line("gain by the panel", found.gain),
        ),
        adds=found.adds,
    )
