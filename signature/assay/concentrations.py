"""Concentrations from wells, by the standards on each plate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from signature.assay.measurements import Measurements
from signature.assay.plate_quality import CurveSummary, PlateQuality
from signature.assay.plate_summary import summarise
from signature.assay.quality import MERGED, as_measurements, judge_wells
from signature.assay.replicates import merge_replicates
from signature.assay.rules import Rules
from signature.assay.standard_curve import Curve, CurveRules, fit_curve
from signature.assay.wells import Kind, Wells
from signature.exceptions import CurveError

NO_CURVE = "no usable standard curve"


@dataclass(frozen=True, eq=False, repr=False)
class Concentrations:
    """Back-calculated concentrations, how sure they are, and the curves they come from.

    Parameters
    ----------
    measurements : Measurements
        Samples; a value outside the curve's range is below its lower or above its upper limit.
    uncertainty : DataFrame
        Row for row beside ``measurements.table``: ``relative_error`` (standard error of the log
        concentration), ``low`` and ``high`` (95 % interval). Missing where there is no number. It
        is kept apart because models learn from values; who compares single samples needs it.
    curves : mapping of (marker, plate) to Curve
        Usable curves.
    refused : mapping of (marker, plate) to str
        Why there is none.
    quality : PlateQuality
        As from `signature.assay.quality.merge_wells`, with ``limit`` a concentration.
    """

    measurements: Measurements
    uncertainty: pd.DataFrame
    curves: Mapping[tuple[str, str], Curve]
    refused: Mapping[tuple[str, str], str]
    quality: PlateQuality

    def __repr__(self) -> str:
        # the default would print samples into logs
        return (
            f"Concentrations({self.measurements!r}, {len(self.curves)} curves, "
            f"{len(self.refused)} refused)"
        )


def concentrations(
    wells: Wells,
    rules: Rules | None = None,
    curve_rules: CurveRules | None = None,
    *,
    unit: str = "pg/mL",
) -> Concentrations:
    """Turn signals into concentrations, marker by marker and plate by plate.

    Wells and replicates are judged as in `merge_wells`. The lower limit is the curve's LLOQ, or the
    concentration of the blanks' limit where that is higher (in a competitive assay, whose signal
    falls, the LLOQ alone). Plates are not bridged: each is tied to
    its own standards. Where a curve is refused, or a plate has no standards, the measurements are
    set aside and the reason is in `Concentrations.refused`.

    Parameters
    ----------
    wells : Wells
        With standards whose ``expected`` is filled in.
    rules : Rules, optional
    curve_rules : CurveRules, optional
    unit : str
        Unit of the standards; say ``"relative"`` when only their dilution is known.

    Returns
    -------
    Concentrations

    Raises
    ------
    CurveError
        When the file has no standards at all, no well to read off them, or no usable curve of any
        marker and plate.
    """
    rules = rules or Rules()
    table, limits, empty = judge_wells(wells, rules)
    standards = table[(table["kind"] == Kind.STANDARD) & (table["unused"] == "")]
    if standards.empty:
        raise CurveError(
            f"{wells.source}: no usable well of a standard; name the standards and their "
            "concentrations in the study dictionary, or use signals"
        )
    measured = table[table["kind"].isin(MERGED)]
    if measured.empty:
        raise CurveError(f"{wells.source}: no well of a sample, a bridge or a control to read off")
    curves, refused = _curves(wells.source, measured, standards, curve_rules)
    falling = {key for key, curve in curves.items() if curve.falls}
    keys = pd.MultiIndex.from_frame(limits[["marker", "plate"]])
    limits = limits.assign(limit=limits["limit"].mask(keys.isin(list(falling))))
    judged = merge_replicates(measured, limits, rules).assign(above=False)
    parts = []
    for key, rows in judged.groupby(["marker", "plate"], sort=False):
        marker, plate = map(str, key)
        if (marker, plate) in curves:
            try:
                where = _where(wells.source, marker, plate)
                rows = _apply(rows, curves[marker, plate], where)
            except CurveError as error:
                refused[marker, plate] = str(error)
                del curves[marker, plate]
        parts.append(_refuse(rows) if (marker, plate) in refused else rows)
    merged = pd.concat(parts).sort_index()
    if not curves:
        raise CurveError(
            f"{wells.source}: none of {len(refused)} standard curves is usable; the first: "
            + next(iter(refused.values()))
        )
    merged = merged.astype({"below": bool, "above": bool})
    people = merged[merged["kind"] == Kind.SAMPLE]
    kept = people[people["reason"] == ""]
    measurements = as_measurements(wells, _limited(people, curves), unit)
    uncertainty = kept[["relative_error", "low", "high"]].where(~(kept["below"] | kept["above"]))
    return Concentrations(
        measurements=measurements,
        uncertainty=uncertainty.reset_index(drop=True),
        curves=curves,
        refused=refused,
        quality=summarise(wells, table, merged, empty).model_copy(
            update={"curves": _summaries(curves, refused)}
        ),
    )


def _curves(
    source: str, measured: pd.DataFrame, standards: pd.DataFrame, rules: CurveRules | None
) -> tuple[dict[tuple[str, str], Curve], dict[tuple[str, str], str]]:
    curves: dict[tuple[str, str], Curve] = {}
    refused: dict[tuple[str, str], str] = {}
    by_key = {(str(m), str(p)): rows for (m, p), rows in standards.groupby(["marker", "plate"])}
    wanted = measured[["marker", "plate"]].drop_duplicates().sort_values(["marker", "plate"])
    for marker, plate in wanted.itertuples(index=False):
        where = _where(source, marker, plate)
        here = by_key.get((marker, plate))
        if here is None:
            refused[marker, plate] = f"{where}: no usable well of a standard on this plate"
            continue
        try:
            curves[marker, plate] = fit_curve(here["expected"], here["signal"], rules, where=where)
        except CurveError as error:
            refused[marker, plate] = str(error)
    return curves, refused


def _summaries(
    curves: Mapping[tuple[str, str], Curve], refused: Mapping[tuple[str, str], str]
) -> tuple[CurveSummary, ...]:
    rows = [CurveSummary(marker=m, plate=p, refused=why) for (m, p), why in refused.items()]
    rows += [
        CurveSummary(
            marker=marker,
            plate=plate,
            shape=curve.shape,
            lloq=curve.lloq,
            uloq=curve.uloq,
            standards=len(curve.levels),
            passed=sum(level.passed for level in curve.levels),
            scatter=float(np.sqrt(curve.fit.residual_variance)),
        )
        for (marker, plate), curve in curves.items()
    ]
    return tuple(sorted(rows, key=lambda row: (row.marker, row.plate)))


def _where(source: str, marker: str, plate: str) -> str:
    return f"{source}, plate {plate!r}, {marker!r}"


def _refuse(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.assign(
        reason=rows["reason"].mask(rows["reason"] == "", NO_CURVE),
        below=False,
        above=False,
        limit=np.nan,
        value=np.nan,
        relative_error=np.nan,
        low=np.nan,
        high=np.nan,
    )


def _apply(rows: pd.DataFrame, curve: Curve, where: str) -> pd.DataFrame:
    limit = curve.lloq
    of_blanks = rows["limit"].iloc[0]
    if pd.notna(of_blanks):
        limit = max(limit, float(curve.concentration(of_blanks)))
    if limit >= curve.uloq:
        raise CurveError(
            f"{where}: the blanks' limit lies at or above the highest usable standard; nothing is "
            "left between them"
        )
    found = pd.Series(curve.concentration(rows["signal"]), index=rows.index)
    low, high = curve.interval(rows["signal"], rows["used"].clip(lower=1))
    fine = rows["reason"] == ""
    return rows.assign(
        value=found,
        below=fine & (found < limit),
        above=fine & (found > curve.uloq),
        limit=limit,
        relative_error=curve.relative_error(rows["signal"], rows["used"].clip(lower=1)),
        low=low,
        high=high,
    )


def _limited(people: pd.DataFrame, curves: Mapping[tuple[str, str], Curve]) -> pd.DataFrame:
    """Give each measurement its number, or the limit of its curve that it lies beyond."""
    uloq = {key: curve.uloq for key, curve in curves.items()}
    pairs = zip(people["marker"], people["plate"], strict=True)
    highest = pd.Series([uloq.get(p, np.nan) for p in pairs], index=people.index, dtype="float64")
    return people.assign(
        value=people["value"].where(~(people["below"] | people["above"])),
        below=people["limit"].where(people["below"]),
        above=highest.where(people["above"]),
    )
