"""Who was randomised, whose outcome is known, and what was done about the others (CONSORT 2010)."""

from __future__ import annotations

from typing import Any

from pipelines.report.trial_results import TrialResults
from pipelines.report.trial_words import label

TITLE = "Participants"
ORDER = 10


def summarize(results: TrialResults) -> dict[str, Any]:
    """Collect the numbers of a CONSORT diagram."""
    record = results.record
    balance = record.allocation
    return {
        "exclusions": [line.model_dump() for line in record.exclusions],
        "arms": [
            {
                "arm": arm.arm,
                "randomised": arm.randomised,
                "expected": balance.expected[arm.arm],
                "known": arm.known,
                "unknown": [{"reason": r, "people": n} for r, n in arm.unknown.items()],
                "analysed": arm.analysed,
            }
            for arm in record.flow
        ],
        "p": balance.p,
        "exact": balance.exact,
        "contradicts": balance.contradicts,
        "strata": [label(s, record) for s in record.experiment["trial"]["strata"]],
        "notes": record.notes,
        "dropped": [
            {"label": label(name, record), "why": why}
            for name, why in record.dropped_features.items()
        ],
    }
