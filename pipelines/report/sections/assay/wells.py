"""The wells of a study: plates as they were filled, bridge samples, standard curves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from signature.assay.bridging import BridgeShifts
from signature.assay.plate_quality import CurveSummary, PlateLayout, PlateQuality, WellCell

LARGEST_SHIFTS = 12


@dataclass(frozen=True)
class Cell:
    """One well where it lies on its plate; row 1 is A."""

    row: int
    column: int
    kind: str
    beads: float | None
    unused: bool
    """Hardly used, or empty."""


@dataclass(frozen=True)
class Plate:
    """A plate as the laboratory filled it."""

    plate: str
    kinds: dict[str, int]
    """Number of wells by kind."""
    cells: tuple[Cell, ...]
    """Wells whose place is known."""
    unused: int


@dataclass(frozen=True)
class BridgeShift:
    """What is added to one marker on one plate, on the log2 scale."""

    marker: str
    label: str
    plate: str
    shift: float
    bridges: int
    spread: float | None


@dataclass(frozen=True)
class Bridging:
    """How plates were brought onto one of them."""

    reference: str
    method: str
    unbridged: tuple[str, ...]
    """Markers with too few bridges on some plate."""
    largest: tuple[BridgeShift, ...]


@dataclass(frozen=True)
class Curve:
    """A standard curve under the marker's printed name."""

    label: str
    curve: CurveSummary


@dataclass(frozen=True)
class Wells:
    """Wells of the whole study, not of the analysed rows alone."""

    quality: PlateQuality
    excluded: dict[str, int]
    """Measurements set aside, by reason."""
    plates: tuple[Plate, ...]
    fewest: float
    most: float
    """Bead counts over all plates."""
    bridging: Bridging | None
    curves: tuple[Curve, ...]


def wells_of(quality: PlateQuality, labels: Mapping[str, str]) -> Wells:
    """Collect plates, bridges and curves.

    Parameters
    ----------
    quality : PlateQuality
        Of a file of wells.
    labels : mapping
        Printed name by marker.
    """
    plates = tuple(_plate(plate) for plate in quality.plates)
    beads = [c.beads for p in plates for c in p.cells if c.beads is not None]
    return Wells(
        quality=quality,
        excluded=quality.excluded(),
        plates=plates,
        fewest=min(beads, default=0.0),
        most=max(beads, default=0.0),
        bridging=None if quality.bridging is None else _bridging(quality.bridging, labels),
        curves=tuple(Curve(labels.get(c.marker, c.marker), c) for c in quality.curves),
    )


def _plate(layout: PlateLayout) -> Plate:
    cells = tuple(
        Cell(
            row=cell.row,
            column=cell.column,
            kind=cell.kind,
            beads=cell.beads,
            unused=_is_unused(cell),
        )
        for cell in layout.cells
        if cell.row is not None and cell.column is not None
    )
    return Plate(layout.plate, layout.wells, cells, unused=sum(c.unused for c in cells))


def _is_unused(cell: WellCell) -> bool:
    return cell.excluded > 0.5 or cell.like_a_blank


def _bridging(found: BridgeShifts, labels: Mapping[str, str]) -> Bridging:
    moved = [s for s in found.shifts if s.plate != found.reference]
    moved.sort(key=lambda s: -abs(s.shift))
    return Bridging(
        reference=found.reference,
        method=found.method,
        unbridged=tuple(sorted({labels.get(marker, marker) for marker, _ in found.unbridged})),
        largest=tuple(
            BridgeShift(
                marker=s.marker,
                label=labels.get(s.marker, s.marker),
                plate=s.plate,
                shift=s.shift,
                bridges=s.bridges,
                spread=s.spread,
            )
            for s in moved[:LARGEST_SHIFTS]
        ),
    )
