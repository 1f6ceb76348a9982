"""From raw wells to measurements by the laboratory's rules, with every exclusion counted."""

from __future__ import annotations

import numpy as np
import pandas as pd

from signature.assay.blanks import blank_limits, reads_like_a_blank
from signature.assay.bridging import BridgeShifts, apply_shifts, bridge_shifts
from signature.assay.measurements import COLUMNS, SET_ASIDE, Measurements
from signature.assay.plate_quality import PlateQuality
from signature.assay.plate_summary import summarise
from signature.assay.replicates import merge_replicates, why_unused
from signature.assay.rules import Rules
from signature.assay.wells import Kind, Wells
from signature.exceptions import AssayError

LIKE_A_BLANK = "reads like a blank"
MERGED = (Kind.SAMPLE, Kind.BRIDGE, Kind.CONTROL)
"""Kinds of wells whose replicates are merged."""


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

    The signal is taken to rise with the concentration. In a competitive assay it falls, and "low
    signal" is not "low": turn such wells into concentrations.

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
    table, limits, empty = judge_wells(wells, rules)
    merged = merge_replicates(table[table["kind"].isin(MERGED)], limits, rules)
    people = merged[merged["kind"] == Kind.SAMPLE]
    measurements = _signals(wells, people, unit)
    shifts = _shifts(wells, merged, unit, rules)
    if shifts is not None:
        measurements = apply_shifts(measurements, shifts)
    return measurements, summarise(wells, table, merged, empty, shifts)


def judge_wells(wells: Wells, rules: Rules) -> tuple[pd.DataFrame, pd.DataFrame, pd.Series]:
    """Apply the rules for single wells, and take the limits from the blanks.

    Returns
    -------
    table : DataFrame
        The wells, with ``unused``: why a well is not used, empty where it is.
    limits : DataFrame
        As from `signature.assay.blanks.blank_limits`.
    empty : Series of bool
        By plate and well, whether it reads like a blank and is none.
    """
    table = _checked(wells)
    table["unused"] = why_unused(table, rules)
    blanks = table[(table["kind"] == Kind.BLANK) & (table["unused"] == "")]
    limits = blank_limits(blanks[["plate", "marker", "signal"]], rules.blank_sds)
    return table, limits, _mark_unfilled(table, limits)


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


def as_measurements(wells: Wells, merged: pd.DataFrame, unit: str) -> Measurements:
    """Keep what has no ``reason``, and set the rest aside.

    Parameters
    ----------
    wells : Wells
        The file.
    merged : DataFrame
        Replicates merged, with ``value``, ``below`` and ``above`` as in `Measurements`.
    unit : str
        Of the values.
    """
    fine = merged["reason"] == ""
    kept = merged[fine]
    table = kept.assign(unit=unit, flag=pd.Series(pd.NA, index=kept.index, dtype="str"))
    aside = pd.DataFrame({"row": pd.NA, "reason": merged.loc[~fine, "reason"]})
    return Measurements(
        source=wells.source,
        table=table[list(COLUMNS)].reset_index(drop=True),
        rows_in=len(merged),
        set_aside=aside[list(SET_ASIDE)].reset_index(drop=True),
        unknown=wells.unknown,
    )


def _signals(wells: Wells, merged: pd.DataFrame, unit: str) -> Measurements:
    below = merged["below"]
    numbers = {"value": merged["signal"].where(~below), "below": merged["limit"].where(below)}
    return as_measurements(wells, merged.assign(**numbers, above=np.nan), unit)


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
        _signals(wells, both, unit),
        bridges,
        reference=reference,
        method=rules.bridging,
        fewest=rules.fewest_bridges,
    )
