"""What is done about batches inside the folds, in words and numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from signature.check.assay_record import BatchRows, Harmonisation
from signature.prepare.harmonisation import SMALLEST_BATCH

LARGEST_SHIFTS = 12

METHODS = {
    "none": "not harmonised: values pass as they were measured",
    "combat": "harmonised by ComBat (Johnson 2007), fitted on the training rows of each fold and "
    "never on outcomes",
    "combat_nonparametric": "harmonised by ComBat with non-parametric priors, fitted on the "
    "training rows of each fold and never on outcomes",
    "reference_shift": "moved by constants that come from reference samples outside the analysis",
}
UNSEEN = {
    "frozen": "passes as it was measured, and is flagged",
    "adapted": "is placed by its own unlabelled reference samples, or else refused",
    "refused": "is refused",
}


@dataclass(frozen=True)
class BatchShift:
    """How far one marker measures above the reference in one batch."""

    batch: str
    label: str
    shift: float


@dataclass(frozen=True)
class Batches:
    """What tells batches apart, what becomes of them, and how far they lie from each other."""

    told: Harmonisation
    by: str
    method: str
    unseen: str
    """What becomes of a batch that training did not see."""
    batches: tuple[BatchRows, ...]
    """Those with any rows."""
    too_small: tuple[str, ...]
    """Those with fewer rows than ``smallest`` even over all folds."""
    smallest: int
    shifts: tuple[BatchShift, ...]
    """The largest of ``n_shifts``."""
    n_shifts: int
    not_known: dict[str, tuple[str, ...]]
    """By batch, the markers that had no reference values."""


def batches_of(told: Harmonisation, labels: Mapping[str, str]) -> Batches:
    """Say what an experiment does about batches.

    Parameters
    ----------
    told : Harmonisation
        As the run left it.
    labels : mapping
        Printed name by marker.
    """
    shifts = _shifts(told, labels)
    return Batches(
        told=told,
        by=told.by.replace("_", " "),
        method=METHODS[told.method],
        unseen=UNSEEN[told.unseen],
        batches=tuple(b for b in told.batches if b.rows or b.references),
        too_small=_too_small(told),
        smallest=SMALLEST_BATCH,
        shifts=tuple(shifts[:LARGEST_SHIFTS]),
        n_shifts=len(shifts),
        not_known={
            batch: tuple(labels.get(marker, marker) for marker in markers)
            for batch, markers in told.not_known.items()
        },
    )


def _shifts(told: Harmonisation, labels: Mapping[str, str]) -> list[BatchShift]:
    """List the shifts that are not zero, the largest first."""
    shifts = [
        BatchShift(batch, labels.get(marker, marker), shift)
        for batch, by_marker in told.shifts.items()
        for marker, shift in by_marker.items()
        if batch != told.reference and shift
    ]
    return sorted(shifts, key=lambda s: -abs(s.shift))


def _too_small(told: Harmonisation) -> tuple[str, ...]:
    """Name the batches that have too few rows in every fold."""
    if not told.method.startswith("combat"):
        return ()
    return tuple(b.batch for b in told.batches if 0 < b.rows < SMALLEST_BATCH)
