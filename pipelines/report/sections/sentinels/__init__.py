"""What was looked at for leakage, and what a person has to look at."""

from __future__ import annotations

from typing import Any

from pipelines.fit.results_folder import Results

TITLE = "Leakage sentinels"
ORDER = 35

_NAMES = {
    "person_on_both_sides": "A person in training and test",
    "twins_across_folds": "The same measurements under two persons",
    "perfect_feature": "A feature that tells the outcome all but perfectly",
    "outcome_source": "A feature that the outcome is made from",
    "plate_tells_outcome": "Plates that tell the outcome",
    "missingness_tells_outcome": "Missing values that tell the outcome",
    "scaled_before_folds": "Columns that were standardised before the folds",
    "canary": "A random column learned anew in every fold",
}
_ORDER = ("failed", "look", "passed", "not applicable")


def summarize(results: Results) -> dict[str, Any]:
    """Collect the sentinels, the worst first."""
    record = results.sentinels
    lines = sorted(record.sentinels, key=lambda s: _ORDER.index(s.status))
    return {
        "sentinels": [
            {"name": _NAMES[s.name], "status": s.status, "sentence": s.sentence} for s in lines
        ],
        "failed": len(record.of("failed")),
        "look": len(record.of("look")),
    }
