"""What a small trial does not say, and why."""

from __future__ import annotations

from typing import Any

from pipelines.report.trial_results import TrialResults

TITLE = "What a trial of this size does not say"
ORDER = 95


def summarize(results: TrialResults) -> dict[str, Any] | None:
    """Collect what is withheld; None where the trial is not small."""
    size = results.record.size
    if not size.small:
        return None
    return {
        "people": sum(size.people.values()),
        "detectable": size.detectable_interaction,
        "reported": list(size.reported),
        "withheld": [{"what": one.what, "why": one.why} for one in size.not_reported],
    }
