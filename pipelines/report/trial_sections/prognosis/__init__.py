"""Whether the panel foretells the outcome, whatever the arm, beyond what is known anyway."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from pipelines.report.trial_results import TrialResults

TITLE = "Prognosis, whatever the arm"
ORDER = 70


def summarize(results: TrialResults) -> dict[str, Any] | None:
    """Collect how much of the outcome is foretold; None where nothing was learned."""
    found = results.record.prognosis
    if found is None:
        return None
    return {
        "people": found.people,
        "lines": [
            {"name": "baseline alone", **asdict(found.baseline)},
            {"name": "baseline and panel", **asdict(found.panel)},
            {"name": "gain by the panel", **asdict(found.gain)},
        ],
        "adds": found.adds,
    }
