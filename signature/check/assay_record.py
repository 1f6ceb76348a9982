"""``assay.json``: what the assay did to the analysed rows, and what was done about it."""

from __future__ import annotations

from typing import Literal

from signature.assay.plate_quality import MarkerPlate, PlateQuality
from signature.check.report import CheckReport
from signature.records.base import Record


class BatchRows(Record):
    """How many rows a batch has, analysed and as reference."""

    batch: str
    rows: int
    events: int | None
    """Missing where so few rows would tell somebody's outcome."""
    references: int


class Harmonisation(Record):
    """What an experiment does about batches inside its folds."""

    method: Literal["none", "combat", "combat_nonparametric", "reference_shift"]
    by: str
    """What the batch is: the plate, or a recorded column."""
    reference: str | None
    """The batch that stays as it is."""
    unseen: Literal["frozen", "adapted", "refused"]
    batches: tuple[BatchRows, ...]
    n_columns: int
    """Markers that are harmonised."""
    held_out: int = 0
    """Rows that are held out in the first repeat."""
    held_out_unseen: int = 0
    """Those of a batch that the training rows of their fold say too little of, and that passed as
    measured."""
    shifts: dict[str, dict[str, float]] = {}
    """Batch → marker → how far it measures above the reference batch; of declared shifts only."""
    not_known: dict[str, list[str]] = {}
    """Batch → markers whose shift could not be had from the reference rows and stands at 0."""


class AssayRecord(Record):
    """All of ``assay.json``: counts and quantiles, no row and no name."""

    version: Literal[1] = 1
    check: CheckReport
    detection: tuple[MarkerPlate, ...]
    wells: PlateQuality | None
    harmonisation: Harmonisation | None
