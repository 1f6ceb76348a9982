"""Share of values above the limit of detection, by marker and plate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from signature.assay.plate_quality import MarkerPlate
from signature.check.view import FEWEST

DRAWN = 40
"""Markers in the drawing, the least detected first."""

NOT_KNOWN = "not known"
"""Printed where a plate has no name."""


@dataclass(frozen=True)
class DetectionLine:
    """One marker: the share above its limit, over all plates and on each."""

    label: str
    detected: float
    shares: dict[str, float | None]


@dataclass(frozen=True)
class Detection:
    """Markers that have values below a limit, the least detected first."""

    plates: tuple[str, ...]
    caption: str
    head: tuple[str, ...]
    rows: tuple[DetectionLine, ...]
    drawn: tuple[DetectionLine, ...]
    small: int
    """Plates of fewer than ``fewest`` rows, which have no column."""
    fewest: int
    always: int
    """Markers without a value below a limit."""


def detection_of(rows: tuple[MarkerPlate, ...], labels: Mapping[str, str]) -> Detection:
    """Compare markers that have values below a limit over plates.

    Parameters
    ----------
    rows : tuple of MarkerPlate
        Counts by marker and plate.
    labels : mapping
        Printed name by marker.
    """
    rows_on: dict[str, int] = {}
    for r in rows:
        rows_on[r.plate] = max(rows_on.get(r.plate, 0), r.detected + r.below)
    plates = sorted(p for p, n in rows_on.items() if n >= FEWEST) or sorted(rows_on)
    limited = {r.marker for r in rows if r.below}
    lines = [
        _line(labels.get(marker, marker), {r.plate: r for r in rows if r.marker == marker}, plates)
        for marker in dict.fromkeys(r.marker for r in rows if r.marker in limited)
    ]
    lines.sort(key=lambda line: line.detected)
    names = tuple(p or NOT_KNOWN for p in plates)
    return Detection(
        plates=names,
        caption="Share of values above the limit, by marker and plate"
        + (f": the {DRAWN} least detected" if len(lines) > DRAWN else ""),
        head=("Marker", "All", *names),
        rows=tuple(lines),
        drawn=tuple(lines[:DRAWN]),
        small=len(rows_on) - len(plates),
        fewest=FEWEST,
        always=len({r.marker for r in rows}) - len(limited),
    )


def _line(label: str, own: Mapping[str, MarkerPlate], plates: list[str]) -> DetectionLine:
    known = sum(r.detected + r.below for r in own.values())
    return DetectionLine(
        label=label,
        detected=sum(r.detected for r in own.values()) / known,
        shares={p or NOT_KNOWN: _share(own.get(p)) for p in plates},
    )


def _share(row: MarkerPlate | None) -> float | None:
    if row is None or not row.detected + row.below:
        return None
    return row.detected / (row.detected + row.below)
