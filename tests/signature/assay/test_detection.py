"""Detection by marker and plate, from a cohort's table."""

import numpy as np
import pandas as pd

from signature.assay.detection import detection_by_plate
from signature.study.schema import Column, FeatureSchema, Role, censored


def test_detection_of_a_cohort_by_plate():
    schema = FeatureSchema(
        (
            Column("age", Role.CLINICAL, "demographics"),
            *censored(Column("IL6", Role.MARKER, "cytokine")),
            Column("CRP", Role.MARKER, "acute phase"),
        )
    )
    X = pd.DataFrame(
        {
            "age": [30.0, 40, 50, 60],
            "IL6": [1.0, np.nan, np.nan, np.nan],
            "IL6__below": [np.nan, 0.5, 0.7, np.nan],
            "CRP": [1.0, 2.0, np.nan, 4.0],
        },
        index=[7, 8, 9, 10],
    )
    plate = pd.Series(["p2", "p1", "p1", None], index=X.index)
    rows = {(r.marker, r.plate): r for r in detection_by_plate(X, schema, plate)}
    assert set(rows) == {(m, p) for m in ("IL6", "CRP") for p in ("", "p1", "p2")}
    il6 = rows["IL6", "p1"]
    assert (il6.n, il6.detected, il6.below, il6.missing, il6.limit) == (2, 0, 2, 0, 0.6)
    assert rows["IL6", ""].missing == 1
    assert rows["CRP", "p1"].missing == 1
    assert sum(r.n for r in detection_by_plate(X, schema)) == 8
