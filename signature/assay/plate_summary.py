"""Counting what became of wells and measurements, for `PlateQuality`."""

from __future__ import annotations

import re
from collections.abc import Hashable
from typing import Any

import numpy as np
import pandas as pd

from signature.assay.bridging import BridgeShifts
from signature.assay.plate_quality import (
    CvBand,
    MarkerPlate,
    PlateLayout,
    PlateQuality,
    WellCell,
)
from signature.assay.wells import Kind, Wells

_PLACE = re.compile(r"^([A-P])0?(\d{1,2})$")


def summarise(
    wells: Wells,
    table: pd.DataFrame,
    merged: pd.DataFrame,
    empty: pd.Series,
    shifts: BridgeShifts | None = None,
) -> PlateQuality:
    """Count what became of each well and each measurement.

    Parameters
    ----------
    wells : Wells
        The file.
    table : DataFrame
        Its rows, with ``unused`` filled in.
    merged : DataFrame
        As from `signature.assay.replicates.merge_replicates`, and ``above`` (bool) where there are
        upper limits.
    empty : Series of bool
        By plate and well, whether it reads like a blank.
    shifts : BridgeShifts, optional
    """
    keys = ["plate", "sample", "marker"]
    of_group = table[keys].merge(merged[[*keys, "reason"]], on=keys, how="left")["reason"]
    reason = table["unused"].mask(table["unused"] == "", of_group.fillna("").to_numpy())
    excluded = reason[reason != ""].value_counts()
    people = merged[merged["kind"] == Kind.SAMPLE]
    return PlateQuality(
        source=wells.source,
        wells_in=len(table),
        wells_used=int((reason == "").sum()),
        wells_excluded={str(k): int(v) for k, v in sorted(excluded.items())},
        unread=len(wells.set_aside),
        plates=_layouts(table, reason, empty),
        markers=count_by_marker(_flagged(people)),
        cv_by_level=_cv_by_level(merged),
        bridging=shifts,
    )


def _flagged(people: pd.DataFrame) -> pd.DataFrame:
    above = people["above"] if "above" in people else pd.Series(False, index=people.index)
    return people.assign(above=above, detected=~(people["below"] | above))


def _layouts(table: pd.DataFrame, reason: pd.Series, empty: pd.Series) -> tuple[PlateLayout, ...]:
    by_well = (
        table.assign(out=(reason != "").astype("float64"))
        .groupby(["plate", "well"], sort=False)
        .agg(kind=("kind", "first"), beads=("beads", "median"), out=("out", "mean"))
        .reset_index()
    )
    suspects = set(empty.index[empty])
    layouts = []
    for plate, here in by_well.groupby("plate", sort=True):
        cells = []
        for well in here.itertuples():
            match = _PLACE.match(str(well.well).upper())
            cells.append(
                WellCell(
                    well=str(well.well),
                    row=ord(match[1]) - ord("A") + 1 if match else None,
                    column=int(match[2]) if match else None,
                    kind=str(well.kind),
                    beads=_number(well.beads),
                    excluded=_number(well.out) or 0.0,
                    like_a_blank=(plate, well.well) in suspects,
                )
            )
        kinds = {str(k): int(n) for k, n in sorted(here["kind"].value_counts().items())}
        layouts.append(PlateLayout(plate=str(plate), wells=kinds, cells=tuple(cells)))
    return tuple(layouts)


def count_by_marker(people: pd.DataFrame) -> tuple[MarkerPlate, ...]:
    """Count measurements by marker and plate.

    Parameters
    ----------
    people : DataFrame
        One row per measurement: ``marker``, ``plate``, ``reason`` (why it is set aside, empty where
        it is not), ``detected``, ``below``, ``above`` (bool), ``limit``, ``blank``, ``blanks`` and
        ``cv`` (numbers, may be missing).
    """
    if people.empty:
        return ()
    keys = ["marker", "plate"]
    kept = people["reason"] == ""
    flags = {c: people[c].astype(bool) & kept for c in ("detected", "below", "above")}
    counted = people.assign(**flags, kept=kept).groupby(keys, sort=True)
    table = counted.agg(
        n=("kept", "size"),
        kept=("kept", "sum"),
        detected=("detected", "sum"),
        below=("below", "sum"),
        above=("above", "sum"),
        limit=("limit", "median"),
        blank=("blank", "first"),
        blanks=("blanks", "max"),
        cv=("cv", "median"),
    )
    out: dict[tuple[str, str], dict[str, int]] = {}
    reasons = people[~kept].groupby([*keys, "reason"], sort=True).size()
    for marker, plate, reason, n in reasons.rename("n").reset_index().to_numpy():
        out.setdefault((marker, plate), {})[str(reason)] = int(n)
    rows: list[dict[Hashable, Any]] = table.reset_index().to_dict("records")
    return tuple(
        MarkerPlate(
            marker=str(row["marker"]),
            plate=str(row["plate"]),
            n=row["n"],
            detected=row["detected"],
            below=row["below"],
            above=row["above"],
            missing=row["kept"] - row["detected"] - row["below"] - row["above"],
            excluded=out.get((row["marker"], row["plate"]), {}),
            limit=_number(row["limit"]),
            blank=_number(row["blank"]),
            blanks=int(_number(row["blanks"]) or 0),
            cv=_number(row["cv"]),
        )
        for row in rows
    )


NO_WELLS = {"blank": np.nan, "blanks": np.nan, "cv": np.nan}
"""Columns for `count_by_marker` where nobody saw the wells."""


def plate_or_none(plate: pd.Series) -> pd.Series:
    """Name plates for counting: ``""`` where there is none."""
    return plate.astype("object").where(plate.notna(), "").astype(str)


def _cv_by_level(merged: pd.DataFrame) -> tuple[CvBand, ...]:
    """Cut the replicates' levels into about tenths, over all markers: one alone has too few.

    Bounds are rounded, for a quantile is somebody's value.
    """
    pairs = merged[merged["cv"].notna()]
    if pairs.empty:
        return ()
    level = np.log2(pairs["signal"].to_numpy(dtype="float64"))
    inner = np.quantile(level, np.linspace(0.1, 0.9, 9))
    edges = np.unique(np.round([np.floor(level.min()), *inner, np.floor(level.max()) + 1], 1))
    place = np.searchsorted(edges, level, side="right") - 1
    bands = []
    for number in np.unique(place):
        cv = pairs["cv"].to_numpy()[place == number]
        bands.append(
            CvBand(
                low=float(edges[number]),
                high=float(edges[number + 1]),
                n=len(cv),
                median=float(np.median(cv)),
                upper=float(np.quantile(cv, 0.9)),
            )
        )
    return tuple(bands)


def _number(value: Any) -> float | None:
    return None if pd.isna(value) else float(value)
