"""What the wells of the plates said."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from signature.check.report import (
    Finding,
    Severity,
    Table,
    by_column,
    largest_first,
    listed,
    several,
)

if TYPE_CHECKING:
    from signature.assay.plate_quality import PlateQuality

MANY = 0.05
"""Share of the wells that may be lost without a warning."""

MARKER = 0.2
"""Share of one marker's measurements that may be lost without a warning."""

CV = 20.0
"""Median CV of replicates, in %, above which a marker is imprecise."""

SHIFT = 0.5
"""Median shift of a plate on the log2 scale that is worth knowing."""


def findings(quality: PlateQuality | None) -> Iterator[Finding]:
    """Turn what merging the wells found into findings."""
    if quality is None:
        return
    if quality.wells_in:
        yield from _excluded(quality)
    yield from _unfilled(quality)
    yield from _imprecise(quality)
    yield from _bridges(quality)


def _excluded(quality: PlateQuality) -> Iterator[Finding]:
    lost = quality.wells_in - quality.wells_used
    if lost:
        reasons = (f"{why} ({count:,})" for why, count in quality.wells_excluded.items())
        yield Finding(
            severity=Severity.WARNING if lost / quality.wells_in > MANY else Severity.NOTE,
            code="wells_excluded",
            sentence=(
                f"{lost:,} of {quality.wells_in:,} readings (wells times markers) are not used: "
                + listed(reasons)
            ),
            action="See which plates and markers they come from; repeat a plate that lost many.",
            counts={"lost": lost, "readings": quality.wells_in},
        )
    total: dict[str, int] = {}
    gone: dict[str, int] = {}
    for row in quality.markers:
        total[row.marker] = total.get(row.marker, 0) + row.n
        gone[row.marker] = gone.get(row.marker, 0) + sum(row.excluded.values())
    worst = {m: round(gone[m] / total[m], 3) for m in total if gone[m] > MARKER * total[m]}
    if worst:
        yield by_column(
            "marker_excluded",
            "More than a fifth of the measurements are lost to the rules for wells",
            worst,
            "Leave these markers out, or ask the laboratory to measure them again.",
        )


def _unfilled(quality: PlateQuality) -> Iterator[Finding]:
    cells = [cell for plate in quality.plates for cell in plate.cells if cell.like_a_blank]
    if cells:
        yield Finding(
            severity=Severity.WARNING,
            code="like_a_blank",
            sentence=f"{several(len(cells), 'well')} that should hold a sample read like a blank",
            action=(
                "Ask the laboratory whether each was filled; name those that were not under "
                "failed_wells in the rules."
            ),
            counts={"wells": len(cells)},
        )


def _imprecise(quality: PlateQuality) -> Iterator[Finding]:
    worst: dict[str, float] = {}
    for row in quality.markers:
        if row.cv is not None and row.cv > CV:
            worst[row.marker] = max(worst.get(row.marker, 0.0), round(row.cv, 1))
    if worst:
        yield by_column(
            "imprecise",
            f"Replicates differ by a median CV of more than {CV:g} % on some plate",
            worst,
            "Small differences between people mean nothing here; look at the low end.",
            written=lambda cv: f"{cv:g} %",
        )


def _bridges(quality: PlateQuality) -> Iterator[Finding]:
    plates = {row.plate for row in quality.markers}
    bridging = quality.bridging
    if bridging is None:
        if len(plates) > 1:
            yield Finding(
                severity=Severity.NOTE,
                code="no_bridges",
                sentence=f"{len(plates)} plates, and no bridge samples that tie them together",
                action="Name the samples that lie on several plates under 'bridges' in the layout.",
            )
        return
    few = sorted({marker for marker, _ in bridging.unbridged})
    if few:
        yield Finding(
            severity=Severity.WARNING,
            code="unbridged",
            sentence=(
                f"Too few bridge samples gave a number (fewer than {bridging.fewest_bridges}), so "
                f"these markers were not shifted between plates: {listed(few)}"
            ),
            action="Harmonise them within the folds, or leave them out.",
            columns=tuple(few),
        )
    moved = {
        s.marker: max((abs(o.shift) for o in bridging.shifts if o.marker == s.marker), default=0.0)
        for s in bridging.shifts
    }
    large = {m: round(v, 2) for m, v in moved.items() if v > SHIFT}
    if large:
        yield by_column(
            "bridge_shift",
            "The bridge samples shifted plates by more than half a doubling",
            largest_first(large),
            "The shift is applied; with few bridges it is itself uncertain.",
            written=lambda shift: f"× {2**shift:.1f}",
            severity=Severity.NOTE,
        )


def tables(quality: PlateQuality | None) -> Iterator[Table]:
    """Plates at a glance, and precision against level."""
    if quality is None:
        return
    if quality.plates:
        kinds = sorted({kind for plate in quality.plates for kind in plate.wells})
        yield Table(
            name="plates",
            title="Wells by plate and kind",
            columns=("plate", *kinds),
            rows=tuple(
                (plate.plate, *(plate.wells.get(kind, 0) for kind in kinds))
                for plate in quality.plates
            ),
        )
    if quality.cv_by_level:
        yield Table(
            name="precision",
            title="How well replicates agree, by level of the signal",
            columns=("log2 signal", "pairs", "median CV, %", "90 % of CVs below, %"),
            rows=tuple(
                (f"{b.low:.1f} to {b.high:.1f}", b.n, round(b.median, 1), round(b.upper, 1))
                for b in quality.cv_by_level
            ),
        )
