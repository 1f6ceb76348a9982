"""The effect among all who were randomised, arm by arm."""

from __future__ import annotations

from typing import Any

from pipelines.report.trial_results import TrialResults
from pipelines.report.trial_words import decimals, good, shown, unit_of_difference

TITLE = "Average effect"
ORDER = 20


def summarize(results: TrialResults) -> dict[str, Any]:
    """Collect the average benefit of each arm over control."""
    record = results.record
    adjusted = any(one.adjusted is not None for one in record.average)
    return {
        "control": record.arms[0],
        "endpoint": record.endpoint["label"],
        "definition": record.endpoint["definition"],
        "good": good(record),
        "unit": unit_of_difference(record),
        "digits": decimals(record),
        "adjusted": adjusted,
        "head": ["Arm", "Difference of means", "p", *(["Adjusted", "p"] if adjusted else [])],
        "arms": [
            {
                "arm": one.arm,
                "unadjusted": shown(one.unadjusted),
                "adjusted": None if one.adjusted is None else shown(one.adjusted),
            }
            for one in record.average
        ],
    }
