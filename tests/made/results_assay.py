"""A plausible ``assay.json``: the trial's own lots and limits, and one made-up plate of wells."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd

from signature.assay.detection import detection_by_plate
from signature.assay.plate_quality import PlateQuality
from signature.assay.quality import merge_wells
from signature.assay.rules import Rules
from signature.assay.wells import COLUMNS, Wells
from signature.check import check_study
from signature.check.assay_record import AssayRecord, BatchRows, Harmonisation
from signature.datasets import opt
from signature.outcomes import preterm_birth
from signature.study.schema import FeatureSchema, Role


@cache
def assay_record() -> AssayRecord:
    """Lots of the trial, whose share of events differs, and wells of two made-up plates."""
    cohort = opt.load()
    cohort = cohort.with_outcome("preterm_birth", preterm_birth.derive(cohort.records))
    panel = FeatureSchema(tuple(replace(c, in_panel=True) for c in cohort.schema.columns))
    cohort = cohort.with_features(panel)
    markers = panel.only(
        c.name for c in panel.columns if c.role is Role.MARKER and c.group == "cytokine"
    )
    lots = sorted(cohort.plate.dropna().unique())
    return AssayRecord(
        check=check_study(cohort),
        detection=tuple(detection_by_plate(cohort.X, markers, cohort.plate)),
        wells=wells_quality(),
        harmonisation=Harmonisation(
            method="reference_shift",
            by="plate",
            reference=lots[0],
            unseen="frozen",
            batches=tuple(
                BatchRows(
                    batch=lot,
                    rows=int((cohort.plate == lot).sum()),
                    events=int(cohort.outcome[cohort.plate == lot].sum()),
                    references=12,
                )
                for lot in lots
            ),
            n_columns=2,
            shifts={lots[0]: {"IL6": 0.0, "TNF": 0.0}, lots[1]: {"IL6": 0.4, "TNF": 0.0}},
            not_known={lots[1]: ["TNF"]},
        ),
    )


def wells_quality() -> PlateQuality:
    """Two plates of duplicates, blanks and two bridges; one well with few beads."""
    rng = np.random.default_rng(4)
    rows = []
    for plate in ("1", "2"):
        names = ["blank", "bridge a", "bridge b", *(f"s{plate}{i}" for i in range(21))]
        for i, name in enumerate(names):
            kind = name.split()[0] if i < 3 else "sample"
            for marker, level in (("IL6", 6.0), ("TNF", 9.0)):
                mean = {0: 4.0, 1: level - 1, 2: level + 1}.get(i, level + rng.normal(0, 1))
                for twin in (0, 1):
                    well = f"{chr(65 + i % 8)}{1 + 2 * (i // 8) + twin}"
                    signal = float(np.exp2(mean + rng.normal(0, 0.08) + 0.3 * (plate == "2")))
                    beads = 12.0 if (plate, i, twin) == ("1", 9, 0) else float(rng.integers(60, 90))
                    rows.append((plate, well, name, kind, marker, signal, beads, np.nan))
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    return merge_wells(Wells("plates.csv", table, len(table)), Rules())[1]
