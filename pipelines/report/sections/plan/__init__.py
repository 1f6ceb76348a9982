"""How many people the question takes, and what more of them would buy."""

from __future__ import annotations

from typing import Any

from pipelines.fit.results_folder import Results

TITLE = "How many people it takes"
ORDER = 72

_MEASURES = {
    "auroc": "AUROC",
    "observed_over_expected": "Observed over expected events",
    "calibration_slope": "Calibration slope",
    "net_benefit": "Net benefit, standardised",
}


def summarize(results: Results) -> dict[str, Any] | None:
    """Collect the plan; None where it was not asked for."""
    found = results.plan
    if found is None:
        return None
    told = found.model_dump()
    for measure in told["validation"]["measures"]:
        measure["label"] = _MEASURES[measure["measure"]]
    if told["curve"]:
        for size in told["curve"]["sizes"]:
            half = 1.96 * size["standard_error"]
            size["estimate"] = {
                "value": size["auroc"],
                "low": max(0.0, size["auroc"] - half),
                "high": min(1.0, size["auroc"] + half),
            }
    return told
