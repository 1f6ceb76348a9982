"""Bridge samples: the same material on several plates, and what it says about their difference."""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal

import numpy as np
import pandas as pd

from signature.assay.measurements import NUMBERS, Measurements
from signature.assay.unit_names import is_log2
from signature.exceptions import AssayError
from signature.records.base import Record


class Shift(Record):
    """What is added, on the log2 scale, to a marker's values and limits on one plate."""

    marker: str
    plate: str
    shift: float
    bridges: int
    """Bridge samples with a number on both plates."""
    difference: float | None = None
    """Median over bridges of log2(reference) − log2(plate), before any shrinkage."""
    spread: float | None = None
    """Standard deviation of that difference between bridges."""


class BridgeShifts(Record):
    """Shifts of every marker on every plate; the reference plate has none."""

    reference: str
    method: Literal["median", "shrunken"]
    fewest_bridges: int
    shifts: tuple[Shift, ...]

    @property
    def unbridged(self) -> tuple[tuple[str, str], ...]:
        """Marker and plate where too few bridges were usable, so that the shift is 0."""
        return tuple((s.marker, s.plate) for s in self.shifts if s.bridges < self.fewest_bridges)


def bridge_shifts(
    measurements: Measurements,
    bridges: Collection[str],
    *,
    reference: str | None = None,
    method: Literal["median", "shrunken"] = "shrunken",
    fewest: int = 2,
) -> BridgeShifts:
    r"""Estimate the plates' differences from samples that were measured on all of them.

    A bridge counts for a marker and plate when it is a number there and on the reference plate: a
    bridge below a limit on either says only "low".

    With few bridges the median difference is mostly noise, and it is added to every sample of the
    plate. ``"shrunken"`` multiplies it by

    .. math:: w = \frac{\tau^2}{\tau^2 + \sigma^2/n}

    where :math:`\sigma^2` is the variance between bridges, pooled over all markers of the plate,
    :math:`n` the marker's bridges, and :math:`\tau^2` the variance of the true shifts about zero by
    the method of moments (Efron and Morris 1973). Bridges that contradict each other by more than
    they differ from zero thus correct nothing, and many that agree are believed. Where no marker
    has two bridges, :math:`\sigma^2` is unknown and nothing is shrunken.

    Parameters
    ----------
    measurements : Measurements
        Samples and bridges of all plates.
    bridges : collection of str
        Sample names of the bridges.
    reference : str, optional
        Plate that the others are brought onto; the one with most measurements when left out.
    method : {"median", "shrunken"}
    fewest : int
        Usable bridges that a marker needs; with fewer its shift is 0, and it is in `unbridged`.

    Returns
    -------
    BridgeShifts

    Raises
    ------
    AssayError
        When a measurement has no plate, the reference is not among the plates, or no bridge is on
        the reference and one more plate.
    """
    table = measurements.table
    nowhere = int(table["plate"].isna().sum())
    if nowhere:
        raise AssayError(
            f"{measurements.source}: {nowhere} of {len(table)} measurements have no plate; "
            "bridging needs the plate of each"
        )
    counts = table["plate"].astype(str).value_counts(sort=False).sort_index()
    reference = str(counts.idxmax()) if reference is None else reference
    if reference not in counts.index:
        raise AssayError(
            f"{measurements.source}: no plate {reference!r} to bridge onto; plates are: "
            + ", ".join(map(repr, counts.index))
        )
    bridging = table[table["sample"].isin(set(bridges))]
    places = bridging.groupby("sample")["plate"].agg(lambda p: len(set(p) | {reference}) - 1)
    if not (places[bridging.loc[bridging["plate"] == reference, "sample"].unique()] > 0).any():
        raise AssayError(
            f"{measurements.source}: {len(set(bridges))} bridge samples are named, and none has a "
            f"usable measurement on plate {reference!r} and on another one; name samples that are "
            "on several plates, or switch bridging off"
        )
    found = _differences(bridging, reference)
    markers = sorted(table["marker"].astype(str).unique())
    shifts: list[Shift] = []
    for plate in counts.index:
        if plate == reference:
            continue
        here = found[found["plate"] == plate].groupby("marker")["difference"]
        middle, spread, n = here.median(), here.std(), here.count()
        enough = n[n >= fewest].index
        weight = pd.Series(1.0, index=enough)
        if method == "shrunken":
            weight = _weights(middle[enough], n[enough], spread, n)
        for marker in markers:
            known = int(n.get(marker, 0))
            shifts.append(
                Shift(
                    marker=marker,
                    plate=plate,
                    shift=float(weight[marker] * middle[marker]) if marker in weight else 0.0,
                    bridges=known,
                    difference=float(middle[marker]) if known else None,
                    spread=float(spread[marker]) if known > 1 else None,
                )
            )
    return BridgeShifts(
        reference=reference, method=method, fewest_bridges=fewest, shifts=tuple(shifts)
    )


def _differences(bridges: pd.DataFrame, reference: str) -> pd.DataFrame:
    """Return log2(reference) − log2(plate) of each bridge that is a number on both."""
    usable = bridges[bridges["value"].notna()]
    usable = usable[_logarithmic(usable) | (usable["value"] > 0)]
    level = usable["value"].where(_logarithmic(usable), np.log2(usable["value"].abs()))
    usable = usable.assign(level=level, plate=usable["plate"].astype(str))
    home = usable.loc[usable["plate"] == reference, ["sample", "marker", "level"]]
    pairs = usable[usable["plate"] != reference].merge(
        home, on=["sample", "marker"], suffixes=("", "_reference")
    )
    return pairs.assign(difference=pairs["level_reference"] - pairs["level"])


def _logarithmic(table: pd.DataFrame) -> pd.Series:
    units = table["unit"].dropna().astype(str).unique()
    return table["unit"].isin([unit for unit in units if is_log2(unit)])


def _weights(middle: pd.Series, n: pd.Series, spread: pd.Series, all_n: pd.Series) -> pd.Series:
    """Return how much of each median difference to believe."""
    spare = (all_n - 1).clip(lower=0)
    if not len(middle) or spare.sum() == 0:
        return pd.Series(1.0, index=middle.index)
    noise = float((spread.fillna(0.0) ** 2 * spare).sum() / spare.sum())
    # the median of two is their mean; of more it is less efficient than the mean by up to pi/2
    error = noise / n * np.where(n > 2, np.pi / 2, 1.0)
    truth = max(0.0, float((middle**2 - error).mean()))
    total = truth + error
    return (truth / total.where(total > 0, 1.0)).where(total > 0, 1.0)


def apply_shifts(measurements: Measurements, shifts: BridgeShifts) -> Measurements:
    """Move values and limits of each plate onto the reference plate, on the log2 scale.

    Raises
    ------
    AssayError
        When a marker or plate of the measurements has no shift.
    """
    table = measurements.table
    by = {(s.marker, s.plate): s.shift for s in shifts.shifts}
    by |= {(m, shifts.reference): 0.0 for m in table["marker"].astype(str).unique()}
    keys = pd.MultiIndex.from_arrays([table["marker"].astype(str), table["plate"].astype(str)])
    unknown = sorted(set(keys.unique()) - set(by))
    if unknown:
        raise AssayError(
            f"{measurements.source}: no shift was estimated for "
            + ", ".join(f"{m} on plate {p!r}" for m, p in unknown[:5])
            + (f" and {len(unknown) - 5} more" if len(unknown) > 5 else "")
            + "; estimate the shifts on the same measurements"
        )
    shift = pd.Series(by, dtype="float64").reindex(keys).set_axis(table.index)
    logarithmic = _logarithmic(table)
    moved = {c: (table[c] * np.exp2(shift)).where(~logarithmic, table[c] + shift) for c in NUMBERS}
    return Measurements(
        source=measurements.source,
        table=table.assign(**moved),
        rows_in=measurements.rows_in,
        set_aside=measurements.set_aside,
        unknown=measurements.unknown,
    )
