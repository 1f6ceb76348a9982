"""Detection by marker and plate, from a cohort's table."""

from __future__ import annotations

import numpy as np
import pandas as pd

from signature.assay.plate_quality import MarkerPlate
from signature.schema import BELOW, FeatureSchema, Role


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
    >>> from signature.schema import Column, censored
    >>> schema = FeatureSchema(censored(Column("IL6", Role.MARKER, "cytokine")))
    >>> X = pd.DataFrame({"IL6": [None, 8.0, None], "IL6__below": [2.0, None, None]}, dtype=float)
    >>> row = detection_by_plate(X, schema)[0]
    >>> row.detected, row.below, row.missing
    (1, 1, 1)
    """
    if plate is None:
        plate = pd.Series("", index=X.index)
    plate = plate.astype("object").where(plate.notna(), "").astype(str)
    rows = []
    for column in schema.columns:
        if column.role is not Role.MARKER or column.name not in X:
            continue
        limits = (
            X[column.name + BELOW]
            if column.name + BELOW in X
            else pd.Series(float("nan"), index=X.index)
        )
        detected, below = X[column.name].notna(), limits.notna()
        for name, index in sorted(plate.groupby(plate).groups.items()):
            n, here, low = len(index), int(detected[index].sum()), int(below[index].sum())
            rows.append(
                MarkerPlate(
                    marker=column.name,
                    plate=str(name),
                    n=n,
                    detected=here,
                    below=low,
                    missing=n - here - low,
                    limit=float(np.nanmedian(limits[index].to_numpy())) if low else None,
                )
            )
    return rows
