"""The laboratory's rules for measurements that came without wells."""

from __future__ import annotations

from collections.abc import Collection

import pandas as pd

from signature.assay.bridging import BridgeShifts, apply_shifts, bridge_shifts
from signature.assay.measurements import COLUMNS, Measurements
from signature.assay.plate_quality import PlateQuality
from signature.assay.plate_summary import NO_WELLS, count_by_marker, plate_or_none
from signature.assay.rules import Rules

FLAGGED = "flagged by the laboratory"
BRIDGE = "bridge sample"


def judge_measurements(
    measurements: Measurements, rules: Rules | None = None, bridges: Collection[str] = ()
) -> tuple[Measurements, PlateQuality]:
    """Set flagged measurements aside, bridge the plates, and count.

    Of `Rules`, those on flags and bridging apply; the others need wells.

    Parameters
    ----------
    measurements : Measurements
    rules : Rules, optional
    bridges : collection of str
        Sample names of bridges. They serve to bridge and are set aside, bridging or not.

    Returns
    -------
    measurements : Measurements
    quality : PlateQuality
        Without ``plates``: detection by marker and plate, bridges left out. ``limit`` is the
        plate's own, before any bridging.

    Raises
    ------
    AssayError
        When bridges are named that cannot bridge, see `signature.assay.bridging.bridge_shifts`.
    """
    rules = rules or Rules()
    table = measurements.table
    reason = pd.Series("", index=table.index, dtype="str")
    if rules.drop_flagged:
        reason = reason.mask(table["flag"].notna(), FLAGGED)
    bridge = table["sample"].isin(set(bridges))
    shifts = _shifts(measurements, reason == "", rules, bridges)
    judged = _set_aside(measurements, reason.mask(bridge, BRIDGE))
    if shifts is not None:
        judged = apply_shifts(judged, shifts)
    people = table.assign(reason=reason)[~bridge]
    quality = PlateQuality(
        source=measurements.source,
        unread=len(measurements.set_aside),
        flagged=int(people["flag"].notna().sum()),
        markers=count_by_marker(_counted(people)),
        bridging=shifts,
    )
    return judged, quality


def _shifts(
    measurements: Measurements, fine: pd.Series, rules: Rules, bridges: Collection[str]
) -> BridgeShifts | None:
    if rules.bridging == "off" or not bridges or measurements.table["plate"].nunique() < 2:
        return None
    kept = measurements.table[fine].reset_index(drop=True)
    return bridge_shifts(
        Measurements(measurements.source, kept, len(kept)),
        bridges,
        reference=rules.reference_plate,
        method=rules.bridging,
        fewest=rules.fewest_bridges,
    )


def _set_aside(measurements: Measurements, reason: pd.Series) -> Measurements:
    out = reason != ""
    # which line of the file a measurement came from is no longer known here
    aside = pd.DataFrame({"row": pd.NA, "reason": reason[out].to_numpy()}, dtype="object")
    both = pd.concat([measurements.set_aside.astype("object"), aside], ignore_index=True)
    return Measurements(
        source=measurements.source,
        table=measurements.table.loc[~out, list(COLUMNS)].reset_index(drop=True),
        rows_in=measurements.rows_in,
        set_aside=both,
        unknown=measurements.unknown,
    )


def _counted(people: pd.DataFrame) -> pd.DataFrame:
    """Name what `count_by_marker` counts."""
    return people.assign(
        plate=plate_or_none(people["plate"]),
        marker=people["marker"].astype(str),
        detected=people["value"].notna(),
        below=people["below"].notna(),
        above=people["above"].notna(),
        **NO_WELLS,
    )
