"""The assay: what is doubtful, what lay below its limit, the plates, how batches are treated."""

from __future__ import annotations

from typing import Any

from pipelines.fit.results_folder import Results
from pipelines.question.experiment import Assay
from signature.assay.plate_quality import MarkerPlate, PlateQuality
from signature.check.assay_record import Harmonisation
from signature.check.view import FEWEST
from signature.prepare.harmonisation import SMALLEST_BATCH

TITLE = "Assay quality"
ORDER = 25

DRAWN = 40
"""Markers in the drawing, the least detected first."""

LARGEST_SHIFTS = 12

METHODS = {
    "none": "not harmonised: values pass as they were measured",
    "combat": "harmonised by ComBat (Johnson 2007), fitted on the training rows of each fold and "
    "never on outcomes",
    "combat_nonparametric": "harmonised by ComBat with non-parametric priors, fitted on the "
    "training rows of each fold and never on outcomes",
    "reference_shift": "moved by constants that come from reference samples outside the analysis",
}
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
UNSEEN = {
    "frozen": "passes as it was measured, and is flagged",
    "adapted": "is placed by its own unlabelled reference samples, or else refused",
    "refused": "is refused",
}


def summarize(results: Results) -> dict[str, Any]:
    """Collect findings, detection, plates and harmonisation."""
    record = results.assay
    labels = {c.name: c.label for c in results.launch.columns}
    return {
        "findings": [f.model_dump(mode="json") for f in record.check.findings],
        "n_serious": sum(f.severity != "note" for f in record.check.findings),
        "detection": _detection(record.detection, labels),
        "wells": None if record.wells is None else _wells(record.wells, labels),
        "harmonisation": _harmonisation(record.harmonisation, labels),
        "in_folds": _in_folds(results.experiment.assay, labels),
    }


def _in_folds(assay: Assay, labels: dict[str, str]) -> dict[str, Any]:
    """Say what models are given instead of gaps and of values below a limit."""
    return {
        "limits": LIMITS[assay.limits],
        "detected_above": assay.detected_above,
        "missing": MISSING[assay.missing],
        "residualise": [labels.get(name, name) for name in assay.residualise],
    }


def _detection(rows: tuple[MarkerPlate, ...], labels: dict[str, str]) -> dict[str, Any]:
    """Share of values above the limit by marker and plate, for markers that have one."""
    rows_on: dict[str, int] = {}
    for r in rows:
        rows_on[r.plate] = max(rows_on.get(r.plate, 0), r.detected + r.below)
    plates = sorted(p for p, n in rows_on.items() if n >= FEWEST) or sorted(rows_on)
    limited = {r.marker for r in rows if r.below}
    table: list[dict[str, Any]] = []
    for marker in dict.fromkeys(r.marker for r in rows if r.marker in limited):
        own = {r.plate: r for r in rows if r.marker == marker}
        known = sum(r.detected + r.below for r in own.values())
        shares = {p: _share(own.get(p)) for p in plates}
        table.append(
            {
                "label": labels.get(marker, marker),
                "detected": sum(r.detected for r in own.values()) / known,
                "shares": {p or "not known": share for p, share in shares.items()},
            }
        )
    table.sort(key=lambda line: line["detected"])
    return {
        "plates": [p or "not known" for p in plates],
        "caption": "Share of values above the limit, by marker and plate"
        + (f": the {DRAWN} least detected" if len(table) > DRAWN else ""),
        "head": ["Marker", "All", *(p or "not known" for p in plates)],
        "rows": table,
        "drawn": table[:DRAWN],
        "small": len(rows_on) - len(plates),
        "always": len({r.marker for r in rows}) - len(limited),
    }


def _share(row: MarkerPlate | None) -> float | None:
    if row is None or not row.detected + row.below:
        return None
    return row.detected / (row.detected + row.below)


def _wells(quality: PlateQuality, labels: dict[str, str]) -> dict[str, Any]:
    plates = []
    for plate in quality.plates:
        cells = [c.model_dump() for c in plate.cells if c.row is not None]
        plates.append(
            {
                "plate": plate.plate,
                "kinds": plate.wells,
                "cells": cells,
                "unused": sum(c["excluded"] > 0.5 or c["like_a_blank"] for c in cells),
            }
        )
    beads = [c["beads"] for p in plates for c in p["cells"] if c["beads"] is not None]
    bridging = None
    if quality.bridging is not None:
        moved = [s for s in quality.bridging.shifts if s.plate != quality.bridging.reference]
        moved.sort(key=lambda s: -abs(s.shift))
        bridging = {
            "reference": quality.bridging.reference,
            "method": quality.bridging.method,
            "unbridged": sorted({labels.get(m, m) for m, _ in quality.bridging.unbridged}),
            "n_moved": len(moved),
            "largest": [
                {**s.model_dump(), "label": labels.get(s.marker, s.marker)}
                for s in moved[:LARGEST_SHIFTS]
            ],
        }
    return {
        "source": quality.source,
        "wells_in": quality.wells_in,
        "wells_used": quality.wells_used,
        "wells_excluded": quality.wells_excluded,
        "excluded": quality.excluded(),
        "unread": quality.unread,
        "flagged": quality.flagged,
        "plates": plates,
        "fewest": min(beads, default=0.0),
        "most": max(beads, default=0.0),
        "cv_by_level": [b.model_dump() for b in quality.cv_by_level],
        "bridging": bridging,
        "curves": [
            {**c.model_dump(), "label": labels.get(c.marker, c.marker)} for c in quality.curves
        ],
    }


def _harmonisation(told: Harmonisation | None, labels: dict[str, str]) -> dict[str, Any] | None:
    if told is None:
        return None
    shifts: list[dict[str, Any]] = [
        {"batch": batch, "label": labels.get(marker, marker), "shift": shift}
        for batch, by in told.shifts.items()
        for marker, shift in by.items()
        if batch != told.reference and shift
    ]
    shifts.sort(key=lambda s: -abs(s["shift"]))
    return {
        "by": told.by.replace("_", " "),
        "method": METHODS[told.method],
        "unseen": UNSEEN[told.unseen],
        "reference": told.reference,
        "n_columns": told.n_columns,
        "too_small": _too_small(told),
        "smallest": SMALLEST_BATCH,
        "held_out": told.held_out,
        "held_out_unseen": told.held_out_unseen,
        "batches": [b.model_dump() for b in told.batches if b.rows or b.references],
        "shifts": shifts[:LARGEST_SHIFTS],
        "n_shifts": len(shifts),
        "not_known": {b: [labels.get(m, m) for m in names] for b, names in told.not_known.items()},
    }


def _too_small(told: Harmonisation) -> list[str]:
    """Name the batches that have too few rows in every fold."""
    if not told.method.startswith("combat"):
        return []
    return [b.batch for b in told.batches if 0 < b.rows < SMALLEST_BATCH]


def draw(summary: dict[str, Any]) -> dict[str, Any]:
    """Draw detection, plates and replicates."""
    from pipelines.report import plate_plots

    return plate_plots.draw(summary)
