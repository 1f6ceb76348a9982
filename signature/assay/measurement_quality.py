"""The laboratory's rules for measurements that came without wells."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import pandas as pd

from signature.assay.bridging import BridgeShifts, apply_shifts, bridge_shifts
from signature.assay.measurements import COLUMNS, Measurements
from signature.assay.plate_quality import PlateQuality
from signature.assay.plate_summary import NO_WELLS, count_by_marker, plate_or_none
from signature.assay.rules import Rules
from signature.assay.same_units import in_units

FLAGGED = "flagged by the laboratory"
BRIDGE = "bridge sample"


def judge_measurements(
    parts: Sequence[Measurements], rules: Rules | None = None, bridges: Collection[str] = ()
) -> tuple[list[Measurements], PlateQuality]:
    """Set flagged measurements aside, bridge the plates, and count.

    Of `Rules`, those on flags and bridging apply; the others need wells.

    Parameters
    ----------
    parts : sequence of Measurements
        One per file. They are judged together, for each may hold one plate.
    rules : Rules, optional
    bridges : collection of str
        Sample names of bridges. They serve to bridge and are set aside, bridging or not.

    Returns
    -------
    parts : list of Measurements
    quality : PlateQuality
        Without ``plates``: detection by marker and plate, bridges left out. ``limit`` is the
        plate's own, before any bridging.

    Raises
    ------
    AssayError
        When bridges are named that cannot bridge, see `signature.assay.bridging.bridge_shifts`.
    UnitError
        When two files give a marker units that measure different things.
    """
    rules = rules or Rules()
    # a shift on the log2 scale is the same in every unit, so the files keep theirs
    alike, _ = in_units(parts, {})
    reasons = [_flagged(part, rules) for part in parts]
    source = " + ".join(part.source for part in parts)
    kept = [p.table[r == ""] for p, r in zip(alike, reasons, strict=True)]
    shifts = _shifts(source, pd.concat(kept, ignore_index=True), rules, bridges)
    judged, people = [], []
    for part, same, reason in zip(parts, alike, reasons, strict=True):
        bridge = part.table["sample"].isin(set(bridges))
        own = _set_aside(part, reason.mask(bridge, BRIDGE))
        judged.append(own if shifts is None else apply_shifts(own, shifts))
        people.append(same.table.assign(reason=reason)[~bridge])
    every = pd.concat(people, ignore_index=True)
    return judged, PlateQuality(
        source=source,
        unread=sum(len(part.set_aside) for part in parts),
        flagged=int(every["flag"].notna().sum()),
        markers=count_by_marker(_counted(every)),
        bridging=shifts,
    )


def _flagged(measurements: Measurements, rules: Rules) -> pd.Series:
    reason = pd.Series("", index=measurements.table.index, dtype="str")
    return (
        reason.mask(measurements.table["flag"].notna(), FLAGGED) if rules.drop_flagged else reason
    )


def _shifts(
    source: str, kept: pd.DataFrame, rules: Rules, bridges: Collection[str]
) -> BridgeShifts | None:
    if rules.bridging == "off" or not bridges or kept["plate"].nunique() < 2:
        return None
    return bridge_shifts(
        Measurements(source, kept, len(kept)),
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
