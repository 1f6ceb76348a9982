"""Assess the assay behind an experiment's rows: what the quality section of the report shows."""

from __future__ import annotations

import numpy as np
import pandas as pd

from pipelines.question.handling import placed
from pipelines.question.study import AssembledStudy
from signature.assay.detection import detection_by_plate
from signature.check import check_study
from signature.check.assay_record import AssayRecord, BatchRows, Harmonisation
from signature.check.view import FEWEST
from signature.prepare.harmonisation import SMALLEST_BATCH
from signature.study.cohort import Cohort
from signature.study.schema import BATCH, FeatureSchema


def assay_record(study: AssembledStudy) -> AssayRecord:
    """Check the analysed rows, count detection by plate, and say how batches are treated."""
    cohort, described = study.cohort, study.described
    quality, reading = (described.quality, described.reading) if described else (None, None)
    panel = FeatureSchema.narrowed(c for c in cohort.schema.columns if c.in_panel)
    return AssayRecord(
        check=check_study(cohort, quality, reading=reading),
        detection=tuple(detection_by_plate(cohort.X, panel, _plates(cohort))),
        wells=quality,
        harmonisation=_harmonisation(study),
    )


def _plates(cohort: Cohort) -> pd.Series | None:
    """Name each row's plate, unless it is one of few: what is said of it would be said of them."""
    if cohort.plate is None:
        return None
    rows = cohort.plate.map(cohort.plate.value_counts())
    return cohort.plate.mask(rows < FEWEST, f"plates of fewer than {FEWEST} rows")


def _harmonisation(study: AssembledStudy) -> Harmonisation | None:
    cohort, assay = study.cohort, study.experiment.assay
    if assay.batch is None:
        return None
    handling, levels = cohort.schema.handling, cohort.schema[BATCH].levels
    not_known: dict[float, list[str]] = {}
    if assay.harmonise == "reference_shift":
        assert study.references is not None
        assert handling.reference is not None
        columns = handling.harmonised
        _, not_known = placed(study.references, cohort.schema, columns, handling.reference)
    held_out, unseen = _held_out(study)
    return Harmonisation(
        method=assay.harmonise,
        by=assay.batch,
        reference=assay.reference,
        unseen=assay.unseen,
        batches=tuple(_rows(study, code, level) for code, level in enumerate(levels)),
        n_columns=len(handling.harmonised),
        held_out=held_out,
        held_out_unseen=unseen,
        shifts={levels[int(code)]: dict(by) for code, by in handling.shifts.items()},
        not_known={levels[int(code)]: names for code, names in not_known.items()},
    )


def _held_out(study: AssembledStudy) -> tuple[int, int]:
    """Count held-out rows, and those that ComBat passes on as they were measured."""
    assay = study.experiment.assay
    codes = study.cohort.X[BATCH].to_numpy()
    held_out, unseen = np.zeros((2, len(codes)), dtype=bool)
    for fold in study.folds:
        if fold.repeat != study.folds[0].repeat:
            continue
        held_out[fold.held_out] = True
        if assay.harmonise.startswith("combat") and assay.unseen == "frozen":
            known, sizes = np.unique(codes[fold.train], return_counts=True)
            known = known[sizes >= SMALLEST_BATCH]
            unseen[fold.held_out] |= ~np.isin(codes[fold.held_out], known)
    return int(held_out.sum()), int(unseen.sum())


def _rows(study: AssembledStudy, code: int, level: str) -> BatchRows:
    own: pd.Series = study.cohort.X[BATCH] == code
    n, references = int(own.sum()), 0
    if study.references is not None:
        references = int((study.references[BATCH] == code).sum())
    return BatchRows(
        batch=level,
        rows=n,
        events=int(study.cohort.outcome[own].sum()) if n >= FEWEST else None,
        references=references,
    )
