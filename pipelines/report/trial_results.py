"""Write the report of a trial experiment from its ``trial.json``."""

from __future__ import annotations

from pathlib import Path

from pipelines.fit.trial_results import RECORD, TrialResults, has_trial
from pipelines.report.render import render_sections, write_page

__all__ = ["RECORD", "TrialResults", "has_trial", "write_trial_report"]


def write_trial_report(folder: Path) -> Path:
    """Write ``report.html`` into the results folder of a trial experiment.

    Raises
    ------
    ResultsError
        When ``trial.json`` is missing, damaged, or of another version.
    """
    results = TrialResults(folder)
    record = results.record
    return write_page(
        folder,
        title=record.experiment["title"],
        name=record.experiment["name"],
        started=record.started,
        code_version=record.code_version,
        sections=render_sections(results, "pipelines.report.trial_sections"),
    )
