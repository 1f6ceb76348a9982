"""``equivalents.json``: which markers may stand in for each other, and what a partner loses."""

from __future__ import annotations

from typing import Literal

from signature.records.base import Record
from signature.records.results import Estimate


class Comparison(Record):
    """Another set of markers minus the own one, on the same held-out people."""

    auroc: Estimate
    """Difference; below 0 the other set ranks worse."""
    log_loss: Estimate
    """Difference; above 0 the other set is worse."""
    equivalent: bool
    """Whether the interval of the AUROC difference lies above minus the margin."""


class StandIn(Record):
    """One marker in place of another."""

    marker: str
    label: str
    stand_in: str
    stand_in_label: str
    clustered: float
    """Share of outer folds in whose training rows the two belong together."""
    comparison: Comparison


class Replacement(Record):
    """What became of a marker that cannot be measured, or was too dear."""

    marker: str
    label: str
    stand_in: str | None
    stand_in_label: str | None
    """Null where it was dropped."""


class WithinReach(Record):
    """The best set of markers among those that a partner can measure.

    `markers`, `replaced` and `cost` are those of all development rows; the comparison is of sets
    that each outer fold found anew, in the same way, on its training rows.
    """

    measured: tuple[str, ...]
    """Markers that can be measured, of the panel."""
    priced: bool
    """Whether costs were given."""
    markers: tuple[str, ...]
    labels: tuple[str, ...]
    replaced: tuple[Replacement, ...]
    cost: float | None
    """Of these markers together."""
    own_cost: float | None
    """Of the set that is replaced; null where one of its markers has no price."""
    comparison: Comparison


class EquivalentsRecord(Record):
    """All of ``equivalents.json``: nothing of a person."""

    version: Literal[1] = 1
    experiment: str
    fingerprint: str
    """Of the run."""
    candidate: str
    markers: tuple[str, ...]
    """That passed selection on all development rows; where empty, nothing is compared."""
    margin: float
    """Loss of AUROC that still counts as equivalent."""
    cluster_cut: float
    """Absolute Spearman correlation from which markers belong together, in training rows."""
    outer_folds: int
    own_folds: int
    """Outer folds whose own selection was the starting point; in the others, which selected
    nothing, it was that of all development rows."""
    bootstraps: int
    auroc: Estimate | None
    """Of the set as it is; optimistic where it was selected on all development rows."""
    stand_ins: tuple[StandIn, ...]
    within_reach: WithinReach | None
