"""Counting what became of wells and measurements, for `PlateQuality`."""

from __future__ import annotations

import re
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
        markers=_markers(people),
        cv_by_level=_cv_by_level(merged),
        bridging=shifts,
    )


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


def _markers(people: pd.DataFrame) -> tuple[MarkerPlate, ...]:
    rows = []
    for (marker, plate), group in people.groupby(["marker", "plate"], sort=True):
        kept = group[group["reason"] == ""]
        low = int(kept["below"].sum())
        high = int(kept["above"].sum()) if "above" in kept else 0
        excluded = group.loc[group["reason"] != "", "reason"].value_counts()
        first = group.iloc[0]
        rows.append(
            MarkerPlate(
                marker=str(marker),
                plate=str(plate),
                n=len(group),
                detected=len(kept) - low - high,
                below=low,
                above=high,
                excluded={str(k): int(v) for k, v in sorted(excluded.items())},
                limit=_number(first["limit"]),
                blank=_number(first["blank"]),
                blanks=0 if pd.isna(first["blanks"]) else int(first["blanks"]),
                cv=_number(group["cv"].median()) if group["cv"].notna().any() else None,
            )
        )
    return tuple(rows)


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
