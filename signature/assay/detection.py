"""Detection by marker and plate, from measurements or from a cohort's table."""

from __future__ import annotations

import pandas as pd

from signature.assay.measurements import Measurements
from signature.assay.plate_quality import MarkerPlate, PlateQuality
from signature.schema import BELOW, FeatureSchema, Role

FLAGGED = "flagged by the laboratory"


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
                    limit=float(limits[index].median()) if low else None,
                )
            )
    return rows


def quality_of_measurements(measurements: Measurements) -> PlateQuality:
    """Describe measurements that came without wells: detection by marker and plate, and flags."""
    table = measurements.table
    plate = table["plate"].astype("object").where(table["plate"].notna(), "").astype(str)
    counted = table.assign(
        plate=plate,
        detected=table["value"].notna(),
        low=table["below"].notna(),
        high=table["above"].notna(),
    ).groupby(["marker", "plate"], sort=True, observed=True)
    rows = []
    for (marker, name), group in counted:
        detected, low = int(group["detected"].sum()), int(group["low"].sum())
        high = int(group["high"].sum())
        limit = group["limit"].median() if group["limit"].notna().any() else None
        rows.append(
            MarkerPlate(
                marker=str(marker),
                plate=str(name),
                n=len(group),
                detected=detected,
                below=low,
                above=high,
                missing=len(group) - detected - low - high,
                limit=None if limit is None else float(limit),
            )
        )
    return PlateQuality(
        source=measurements.source,
        unread=len(measurements.set_aside),
        flagged=int(table["flag"].notna().sum()),
        markers=tuple(rows),
    )


def drop_flagged(measurements: Measurements) -> Measurements:
    """Set aside the measurements that carry a flag of the laboratory."""
    flagged = measurements.table["flag"].notna()
    aside = pd.DataFrame({"row": pd.NA, "reason": FLAGGED}, index=range(int(flagged.sum())))
    return Measurements(
        source=measurements.source,
        table=measurements.table[~flagged].reset_index(drop=True),
        rows_in=measurements.rows_in,
        set_aside=_stack(measurements.set_aside, aside),
        unknown=measurements.unknown,
    )


def _stack(first: pd.DataFrame, second: pd.DataFrame) -> pd.DataFrame:
    if first.empty:
        return second
    return first if second.empty else pd.concat([first, second], ignore_index=True)
