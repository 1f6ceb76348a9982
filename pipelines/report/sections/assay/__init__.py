"""The assay: what is doubtful, what lay below its limit, the plates, how batches are treated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipelines.fit.results_folder import Results
from pipelines.question.experiment import Assay
from pipelines.report.sections.assay.batches import Batches, batches_of
from pipelines.report.sections.assay.detection import Detection, detection_of
from pipelines.report.sections.assay.wells import Wells, wells_of
from signature.check.report import Finding, Severity

if TYPE_CHECKING:
    from markupsafe import Markup

TITLE = "Assay quality"
ORDER = 25

LIMITS = {
    "substitute": "one learned number per marker stands for all of them",
    "normal": "each becomes the mean of a normal distribution below its limit; in trees, one "
    "learned number per marker stands for all",
    "conditional": "each is estimated from the person's other markers; in trees, one learned "
    "number per marker stands for all",
}
MISSING = {
    "median": "the median of the training rows",
    "regression": "regression on the person's other columns",
}


@dataclass(frozen=True)
class InFolds:
    """What models are given instead of gaps and of values below a limit."""

    limits: str
    detected_above: float
    missing: str
    residualise: tuple[str, ...]


@dataclass(frozen=True)
class AssayQuality:
    """All that a report says of the assay; no row and no name."""

    findings: tuple[Finding, ...]
    n_serious: int
    """Findings that ask for something to be done."""
    detection: Detection
    wells: Wells | None
    """None where the study has no file of wells."""
    harmonisation: Batches | None
    """None where the experiment names no batch."""
    in_folds: InFolds


def summarize(results: Results) -> AssayQuality:
    """Collect findings, detection, plates and harmonisation."""
    record = results.assay
    labels = {c.name: c.label for c in results.launch.columns}
    return AssayQuality(
        findings=record.check.findings,
        n_serious=sum(f.severity != Severity.NOTE for f in record.check.findings),
        detection=detection_of(record.detection, labels),
        wells=None if record.wells is None else wells_of(record.wells, labels),
        harmonisation=(
            None if record.harmonisation is None else batches_of(record.harmonisation, labels)
        ),
        in_folds=_in_folds(results.experiment.assay, labels),
    )


def _in_folds(assay: Assay, labels: Mapping[str, str]) -> InFolds:
    return InFolds(
        limits=LIMITS[assay.limits],
        detected_above=assay.detected_above,
        missing=MISSING[assay.missing],
        residualise=tuple(labels.get(name, name) for name in assay.residualise),
    )


def draw(summary: AssayQuality) -> dict[str, Markup]:
    """Draw detection, plates and replicates."""
    from pipelines.report.sections.assay import drawing

    figures = {}
    if summary.detection.drawn:
        figures["detection"] = drawing.detection(summary.detection)
    if summary.wells is None:
        return figures
    for number, plate in enumerate(summary.wells.plates):
        if plate.cells:
            figures[f"plate-{number}"] = drawing.layout(
                plate, number, summary.wells.fewest, summary.wells.most
            )
    if summary.wells.quality.cv_by_level:
        figures["cv"] = drawing.replicates(summary.wells.quality.cv_by_level)
    return figures
