"""Detection by marker and plate, from a cohort's table."""

from __future__ import annotations

import numpy as np
import pandas as pd

from signature.assay.plate_quality import MarkerPlate
from signature.assay.plate_summary import NO_WELLS, count_by_marker, plate_or_none
from signature.study.schema import BELOW, FeatureSchema, Role


def detection_by_plate(
    X: pd.DataFrame, schema: FeatureSchema, plate: pd.Series | None = None
) -> list[MarkerPlate]:
    """Count detected, censored and missing values of each marker on each plate.

    Parameters
    ----------
    X : DataFrame
        A cohort's table: markers beside their ``<marker>__below`` columns.
    schema : FeatureSchema
        Says which columns are markers.
    plate : Series of str, optional
        Plate of each row, same index. Without it, and for rows that have none, the plate is ``""``.

    Returns
    -------
    list of MarkerPlate
        In the order of the schema, plates sorted within.

    Examples
    --------
    >>> from signature.study.schema import Column, censored
    >>> schema = FeatureSchema(censored(Column("IL6", Role.MARKER, "cytokine")))
    >>> X = pd.DataFrame({"IL6": [None, 8.0, None], "IL6__below": [2.0, None, None]}, dtype=float)
    >>> row = detection_by_plate(X, schema)[0]
    >>> row.detected, row.below, row.missing
    (1, 1, 1)
    """
    if plate is None:
        plate = pd.Series("", index=X.index)
    plate = plate_or_none(plate)
    names = [c.name for c in schema.columns if c.role is Role.MARKER and c.name in X]
    if not names:
        return []
    none = pd.Series(np.nan, index=X.index)
    parts = []
    for name in names:
        limit = X.get(name + BELOW, none)
        found = {"detected": X[name].notna(), "below": limit.notna(), "limit": limit}
        parts.append(pd.DataFrame({"marker": name, "plate": plate, **found}))
    every = pd.concat(parts, ignore_index=True).assign(reason="", above=False, **NO_WELLS)
    return sorted(count_by_marker(every), key=lambda row: names.index(row.marker))
