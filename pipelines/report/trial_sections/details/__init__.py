"""What would be needed to do it again."""

from __future__ import annotations

from typing import Any

from pipelines.report.trial_results import TrialResults
from pipelines.report.trial_words import label

TITLE = "Details"
ORDER = 99


def summarize(results: TrialResults) -> dict[str, Any]:
    """Collect settings, versions and the source."""
    record = results.record
    experiment = record.experiment
    crossfitting = experiment["crossfitting"]
    return {
        "name": experiment["name"],
        "dataset": experiment["trial"]["dataset"],
        "endpoint": experiment["trial"]["endpoint"],
        "citation": record.citation,
        "seed": experiment["seed"],
        "missing": experiment["trial"]["missing"],
        "crossfitting": [
            {"name": name.replace("_", " "), "value": value} for name, value in crossfitting.items()
        ],
        "candidates": [experiment["candidates"]["headline"], *experiment["candidates"]["others"]],
        "features": [label(name, record) for name in record.labels],
        "code_version": record.code_version,
        "libraries": [{"name": n, "version": v} for n, v in record.environment.items()],
        "started": record.started,
        "seconds": record.seconds,
        "fingerprint": record.fingerprint,
    }
