"""From raw wells to measurements by the laboratory's rules, with every exclusion counted."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

from signature.assay.blanks import blank_limits, reads_like_a_blank
from signature.assay.bridging import BridgeShifts, apply_shifts, bridge_shifts
from signature.assay.measurements import COLUMNS, SET_ASIDE, Measurements
from signature.assay.plate_quality import (
    CvBand,
    MarkerPlate,
    PlateLayout,
    PlateQuality,
    WellCell,
)
from signature.assay.replicates import merge_replicates, why_unused
from signature.assay.rules import Rules
from signature.assay.wells import Kind, Wells
from signature.exceptions import AssayError

LIKE_A_BLANK = "reads like a blank"
_PLACE = re.compile(r"^([A-P])0?(\d{1,2})$")
_MERGED = (Kind.SAMPLE, Kind.BRIDGE, Kind.CONTROL)


def merge_wells(
    wells: Wells, rules: Rules | None = None, *, unit: str = "MFI"
) -> tuple[Measurements, PlateQuality]:
    """Merge replicate wells of samples into measurements, and say what was left out.

    In this order: wells without a signal, with too few beads, or known to have failed are not used;
    blanks give each marker a limit on each plate; the usable wells of a sample are averaged; a mean
    under the limit becomes "below", unless it is a number its replicates must agree; plates are
    brought onto one another by their bridge samples, limits included.

    A bridge well that reads like the plate's blanks was never filled and would shift a whole plate;
    it is excluded. A sample's well that does is only marked, in the layout: healthy people may
    well have nothing to show.

    Parameters
    ----------
    wells : Wells
        Raw wells.
    rules : Rules, optional
        What counts; the defaults when left out.
    unit : str
        Unit of the signal.

    Returns
    -------
    measurements : Measurements
        Samples only: no blanks, standards, bridges or controls. ``rows_in`` counts combinations of
        sample, marker and plate; each is in the table, or set aside with a reason (``row`` is
        missing, for it stands for several lines of the file).
    quality : PlateQuality
        Counts wells: those used and those excluded are all. A well is used when it is part of a
        mean, a limit or (for standards, which are not judged here) free to be.

    Raises
    ------
    AssayError
        When a well holds two samples or kinds or a marker twice, or bridging is asked for in a way
        that the plates do not allow.
    """
    rules = rules or Rules()
    table = _checked(wells)
    table["unused"] = why_unused(table, rules)
    limits = limits_of(table, rules)
    empty = _mark_unfilled(table, limits)
    merged = merge_replicates(table[table["kind"].isin(_MERGED)], limits, rules)
    people = merged[merged["kind"] == Kind.SAMPLE]
    measurements = _measurements(wells, people, unit)
    shifts = _shifts(wells, merged, unit, rules)
    if shifts is not None:
        measurements = apply_shifts(measurements, shifts)
    return measurements, _quality(wells, table, merged, empty, shifts)


def limits_of(table: pd.DataFrame, rules: Rules) -> pd.DataFrame:
    """Return the blanks' limits from wells whose ``unused`` is filled in."""
    blanks = table[(table["kind"] == Kind.BLANK) & (table["unused"] == "")]
    return blank_limits(blanks[["plate", "marker", "signal"]], rules.blank_sds)


def _checked(wells: Wells) -> pd.DataFrame:
    table = wells.table.reset_index(drop=True)
    table = table.assign(
        **{c: table[c].astype(str) for c in ("plate", "well", "sample", "kind", "marker")}
    )
    twice = int(table.duplicated(["plate", "well", "marker"]).sum())
    if twice:
        raise AssayError(
            f"{wells.source}: {twice} of {len(table)} rows repeat a marker in a well of a plate; "
            "each well is read once per marker (are two runs in one file, under one plate name?)"
        )
    for what, by in (("sample", ["plate", "well"]), ("kind", ["plate", "sample"])):
        several = int((table.groupby(by)[what].nunique() > 1).sum())
        if several:
            raise AssayError(
                f"{wells.source}: {several} {by[-1]}s of a plate have more than one {what}; "
                "correct the layout of the file"
            )
    return table


def _mark_unfilled(table: pd.DataFrame, limits: pd.DataFrame) -> pd.Series:
    """Exclude unfilled bridge wells, and return which wells read like a blank."""
    counted = table[table["signal"].notna() & (table["kind"] != Kind.BLANK)]
    empty = reads_like_a_blank(counted, limits)
    place = pd.MultiIndex.from_frame(table[["plate", "well"]])
    doubtful = place.isin(empty.index[empty])
    table["unused"] = table["unused"].mask(
        doubtful & (table["kind"] == Kind.BRIDGE) & (table["unused"] == ""), LIKE_A_BLANK
    )
    return empty


def _measurements(wells: Wells, merged: pd.DataFrame, unit: str) -> Measurements:
    fine = merged["reason"] == ""
    kept = merged[fine]
    table = kept.assign(
        value=kept["signal"].where(~kept["below"]),
        below=kept["limit"].where(kept["below"]),
        above=np.nan,
        unit=unit,
        flag=pd.Series(pd.NA, index=kept.index, dtype="str"),
    )[list(COLUMNS)].reset_index(drop=True)
    aside = pd.DataFrame({"row": pd.NA, "reason": merged.loc[~fine, "reason"]})
    return Measurements(
        source=wells.source,
        table=table,
        rows_in=len(merged),
        set_aside=aside[list(SET_ASIDE)].reset_index(drop=True),
        unknown=wells.unknown,
    )


def _shifts(wells: Wells, merged: pd.DataFrame, unit: str, rules: Rules) -> BridgeShifts | None:
    bridges = merged.loc[merged["kind"] == Kind.BRIDGE, "sample"].unique()
    several = merged.loc[merged["kind"] == Kind.SAMPLE, "plate"].nunique() > 1
    if rules.bridging == "off" or not len(bridges) or not several:
        return None
    reference = rules.reference_plate
    if reference is None:
        samples = merged.loc[merged["kind"] == Kind.SAMPLE, "plate"]
        reference = str(samples.value_counts(sort=False).sort_index().idxmax())
    both = merged[merged["kind"].isin((Kind.SAMPLE, Kind.BRIDGE))]
    return bridge_shifts(
        _measurements(wells, both, unit),
        bridges,
        reference=reference,
        method=rules.bridging,
        fewest=rules.fewest_bridges,
    )


def _quality(
    wells: Wells,
    table: pd.DataFrame,
    merged: pd.DataFrame,
    empty: pd.Series,
    shifts: BridgeShifts | None,
) -> PlateQuality:
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


def _layouts(
    table: pd.DataFrame, reason: pd.Series, empty: pd.Series
) -> tuple[PlateLayout, ...]:
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
                    excluded=float(well.out),
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
        excluded = group.loc[group["reason"] != "", "reason"].value_counts()
        first = group.iloc[0]
        rows.append(
            MarkerPlate(
                marker=str(marker),
                plate=str(plate),
                n=len(group),
                detected=len(kept) - low,
                below=low,
                excluded={str(k): int(v) for k, v in sorted(excluded.items())},
                limit=_number(first["limit"]),
                blank=_number(first["blank"]),
                blanks=0 if pd.isna(first["blanks"]) else int(first["blanks"]),
                cv=_number(group["cv"].median()) if group["cv"].notna().any() else None,
            )
        )
    return tuple(rows)


def _cv_by_level(merged: pd.DataFrame) -> tuple[CvBand, ...]:
    """Cut the replicates' levels into tenths; over all markers, for a marker alone has too few."""
    pairs = merged[merged["cv"].notna()]
    if pairs.empty:
        return ()
    level = np.log2(pairs["signal"].astype("float64"))
    edges = np.unique(np.quantile(level, np.linspace(0, 1, 11)))
    if len(edges) < 2:
        edges = np.array([edges[0], edges[0]])
    place = np.clip(np.searchsorted(edges, level, side="right") - 1, 0, len(edges) - 2)
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


def _number(value: float) -> float | None:
    return None if pd.isna(value) else float(value)
