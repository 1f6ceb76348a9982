"""How often a marker was detected, on which plates, against which limits."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from signature.assay.unit_names import is_log2
from signature.check.association import association
from signature.check.report import (
    Finding,
    Severity,
    Table,
    by_column,
    largest_first,
    listed,
    percent,
)
from signature.check.view import FEWEST, View, shown
from signature.study.schema import BELOW, Scale, source_of

LOW = 0.4
"""Detection rate below which a marker can only be detected or not."""

GAP = 0.2
"""Difference between two plates' rates that matters."""

LEVEL = 0.01
"""Chance of a false alarm over all markers together."""

RATIO = 2.0
"""Ratio of two limits that matters (one unit of log2)."""


def findings(view: View) -> Iterator[Finding]:
    """Look at detection rates and limits."""
    yield from _low(view)
    yield from _differing(view)
    yield from _limits_differ(view)
    yield from _limits_contradict(view)


def _measured(view: View, limit: str) -> tuple[np.ndarray, np.ndarray]:
    """Return detected (0/1) and the rows where the marker was looked for."""
    below = view.cohort.X[limit].notna().to_numpy()
    detected = ~np.isnan(view.values(source_of(limit)))
    return detected, detected | below


def _low(view: View) -> Iterator[Finding]:
    low, never = {}, []
    for limit in view.cohort.schema.limits:
        detected, looked = _measured(view, limit)
        if not looked.any():
            continue
        rate = detected.sum() / looked.sum()
        if rate == 0:
            never.append(source_of(limit))
        elif rate < LOW:
            low[source_of(limit)] = float(round(rate, 3))
    if never:
        yield Finding(
            severity=Severity.WARNING,
            code="never_detected",
            sentence=f"Below the limit in every row: {listed(never)}",
            action="Leave them out; if values were expected, check the unit of the limit.",
            columns=tuple(never),
        )
    if low:
        yield by_column(
            "low_detection",
            "Detected in fewer than 40 % of the rows",
            low,
            "Use them as detected or not detected, or leave them out; do not average them.",
        )


def _differing(view: View) -> Iterator[Finding]:
    limits = view.cohort.schema.limits
    told: set[str] = set()
    for word, by in view.groups().items():
        found = {}
        for limit in limits:
            if source_of(limit) in told:
                continue
            detected, looked = _measured(view, limit)
            use = looked & view.one_each
            gap = uneven(detected[use], by.to_numpy()[use], tests=len(limits))
            if gap:
                found[source_of(limit)] = gap
        if found:
            yield by_column(
                f"detection_by_{word}",
                f"Detection rates differ between {word}s more than chance allows",
                largest_first(found),
                "Look at limits and sample handling; a marker that is detected on some "
                f"{word}s only tells the {word}, not the person.",
                written=lambda gap: f"by up to {percent(gap)}",
            )
        if view.nested:  # what differs between sites differs between their plates
            told |= set(found)


def uneven(yes: np.ndarray, by: np.ndarray, *, tests: int) -> float:
    """Return the largest gap between groups' rates, 0 when it is small or chance may explain it.

    Parameters
    ----------
    yes : ndarray of bool, shape (n_rows,)
    by : ndarray of object, shape (n_rows,)
        Group of each row; rows without one do not count, nor do groups of fewer than 10.
    tests : int
        How many such comparisons there are; the level is divided by it (Bonferroni).
    """
    known = ~pd.isna(by)
    codes, _ = pd.factorize(by[known])
    size = np.bincount(codes)
    hits = np.bincount(codes, weights=yes[known], minlength=len(size)).astype(int)
    size, hits = size[size >= FEWEST], hits[size >= FEWEST]
    if len(size) < 2:
        return 0.0
    rates = hits / size
    gap = float(rates.max() - rates.min())
    if gap < GAP:
        return 0.0
    p, _ = association(np.column_stack([hits, size - hits]))
    return round(gap, 3) if p < LEVEL / max(tests, 1) else 0.0


def limits_by_plate(view: View) -> pd.DataFrame:
    """Return marker, plate, limit: as the files say, else as the rows below a limit say."""
    if len(view.reading.limits):
        return view.reading.limits[["marker", "plate", "limit"]]
    if view.batch is None:
        return pd.DataFrame(columns=["marker", "plate", "limit"])
    parts = []
    for limit in view.cohort.schema.limits:
        by_plate = view.cohort.X[limit].groupby(view.batch).median().dropna()
        parts.append(
            pd.DataFrame(
                {"marker": source_of(limit), "plate": by_plate.index, "limit": by_plate.to_numpy()}
            )
        )
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


def _limits_differ(view: View) -> Iterator[Finding]:
    limits = limits_by_plate(view)
    found = {}
    for marker, own in limits.groupby("marker") if len(limits) else ():
        if marker not in view.cohort.schema:
            continue
        low, high = own["limit"].min(), own["limit"].max()
        column = view.cohort.schema[str(marker)]
        if is_log2(column.unit):
            # far more than that is no ratio of limits, but another scale
            ratio = float(2 ** min(high - low, 30.0))
        elif low > 0 and column.scale is not Scale.YES_NO:
            ratio = float(high / low)
        else:
            continue
        if ratio > RATIO:
            found[str(marker)] = round(ratio, 1)
    if found:
        yield by_column(
            "limits_differ",
            "Detection limits differ between plates by more than a factor of 2",
            largest_first(found),
            "Keep the limit of each plate beside its values, as here, and never fill in a "
            "number that follows the limit: a model would read the plate off it.",
            written=lambda ratio: f"× {ratio:g}",
        )


def _limits_contradict(view: View) -> Iterator[Finding]:
    limits = view.reading.limits
    if len(limits):
        two = sorted(set(limits.loc[limits["limits"] > 1, "marker"].astype(str)))
        if two:
            yield Finding(
                severity=Severity.WARNING,
                code="two_limits",
                sentence=f"More than one limit for one marker on one plate: {listed(two)}",
                action="Ask which applies; the largest is the safe one.",
                columns=tuple(two),
            )
        above = sorted(set(limits.loc[limits["above_all"].astype(bool), "marker"].astype(str)))
    else:
        above = _above_all(view)
    if above:
        yield Finding(
            severity=Severity.ERROR,
            code="limit_above_values",
            sentence=(
                "A plate's limit lies above every number that the other plates hold: "
                + listed(above)
            ),
            action="Check the unit of this limit; 'below' a limit so high says nothing.",
            columns=tuple(above),
        )


def _above_all(view: View) -> list[str]:
    found = []
    for name in view.cohort.schema.limits:
        values = view.values(source_of(name))
        known = values[~np.isnan(values)]
        limits = view.cohort.X[name].dropna()
        if len(known) >= FEWEST and len(limits) and limits.max() > known.max():
            found.append(name.removesuffix(BELOW))
    return found


def table(view: View) -> Table | None:
    """Return the detection rate by marker and plate."""
    limits = view.cohort.schema.limits
    if not limits:
        return None
    batch = view.batch
    plates = shown(batch)
    rows: list[tuple[str | float | None, ...]] = []
    for limit in limits:
        detected, looked = _measured(view, limit)
        if not looked.any():
            continue
        cells: list[float | None] = [_rate(detected, looked)]
        for plate in plates:
            on = looked & (batch == plate).to_numpy() if batch is not None else looked
            cells.append(_rate(detected, on))
        rows.append((source_of(limit), int(looked.sum()), *cells))
    if not rows:
        return None
    return Table(
        name="detection",
        title="Share detected" + (", by plate" if plates else ""),
        columns=("marker", "rows", "all", *(f"plate {p}" if p.isdigit() else p for p in plates)),
        rows=tuple(rows),
    )


def _rate(detected: np.ndarray, of: np.ndarray) -> float | None:
    return round(float(detected[of].mean()), 4) if of.sum() >= FEWEST else None
