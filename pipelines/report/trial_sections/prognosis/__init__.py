"""Whether the panel foretells the outcome, whatever the arm, beyond what is known anyway."""

from __future__ import annotations

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
            {"name": "baseline alone", **found.baseline.model_dump()},
            {"name": "baseline and panel", **found.panel.model_dump()},
            {"name": "gain by the panel", **found.gain.model_dump()},
        ],
        "adds": found.adds,
    }
