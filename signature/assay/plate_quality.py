"""How good the plates are: the numbers behind a report, with nobody's values in them."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import model_validator

from signature.assay.bridging import BridgeShifts
from signature.records.base import Record


class WellCell(Record):
    """One well of the layout; no sample name, no signal."""

    well: str
    row: int | None
    """1 is A; missing where the name of the well is not a letter and a number."""
    column: int | None
    kind: str
    beads: float | None
    """Median bead count over markers."""
    excluded: float
    """Share of markers for which the well is not used."""
    like_a_blank: bool
    """A well that is no blank, and reads like one: most likely never filled."""


class PlateLayout(Record):
    """A plate as the laboratory filled it."""

    plate: str
    wells: dict[str, int]
    """Number of wells by kind."""
    cells: tuple[WellCell, ...]


class MarkerPlate(Record):
    """What became of one marker's measurements on one plate; samples only."""

    marker: str
    plate: str
    n: int
    detected: int
    below: int
    above: int = 0
    missing: int = 0
    excluded: dict[str, int] = {}
    """Measurements by the reason for which they were set aside."""
    limit: float | None = None
    """Lower limit on this plate, before any bridging; of a cohort, the median over its rows."""
    blank: float | None = None
    """Mean of the blanks."""
    blanks: int = 0
    """Usable blank wells."""
    cv: float | None = None
    """Median CV between replicates, in %."""

    @model_validator(mode="after")
    def _nothing_lost(self) -> Self:
        found = self.detected + self.below + self.above + self.missing + sum(self.excluded.values())
        if found != self.n:
            raise ValueError(
                f"{self.marker} on plate {self.plate!r}: {found} measurements are accounted for, "
                f"of {self.n}"
            )
        return self


class CvBand(Record):
    """Replicates within a tenth of the range of levels."""

    low: float
    high: float
    """Bounds of log2 of the mean signal."""
    n: int
    median: float
    """Median CV, in %."""
    upper: float
    """90th percentile of the CV."""


class CurveSummary(Record):
    """A standard curve, or why there is none."""

    marker: str
    plate: str
    shape: Literal["4PL", "5PL"] | None = None
    lloq: float | None = None
    uloq: float | None = None
    standards: int = 0
    """Standards above zero."""
    passed: int = 0
    """Those found again within the rules."""
    scatter: float | None = None
    """Residual standard deviation of a well, on the scale of the fit."""
    refused: str | None = None


class PlateQuality(Record):
    """Quality of the plates of one file, or of the plates of a cohort.

    A file of wells fills all of it; measurements without wells fill ``markers`` only.
    """

    version: Literal[1] = 1
    source: str
    wells_in: int = 0
    """Wells × markers that the file holds in readable rows."""
    wells_used: int = 0
    wells_excluded: dict[str, int] = {}
    """Wells × markers by reason. With those used they are all."""
    unread: int = 0
    """Rows of the file that could not be read as wells."""
    flagged: int = 0
    """Measurements that the laboratory flagged."""
    plates: tuple[PlateLayout, ...] = ()
    markers: tuple[MarkerPlate, ...] = ()
    cv_by_level: tuple[CvBand, ...] = ()
    bridging: BridgeShifts | None = None
    curves: tuple[CurveSummary, ...] = ()
    """Filled where signals became concentrations."""

    @model_validator(mode="after")
    def _nothing_lost(self) -> Self:
        found = self.wells_used + sum(self.wells_excluded.values())
        if found != self.wells_in:
            raise ValueError(f"{self.source}: {found} wells are accounted for, of {self.wells_in}")
        return self

    def excluded(self) -> dict[str, int]:
        """Return the measurements set aside by reason, over markers and plates."""
        total: dict[str, int] = {}
        for row in self.markers:
            for reason, n in row.excluded.items():
                total[reason] = total.get(reason, 0) + n
        return total
