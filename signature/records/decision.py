"""What deciding by a model leads to, as kept in ``evaluation.json``."""

from __future__ import annotations

from signature.records.base import Record
from signature.records.estimates import Estimate


class ThresholdRecord(Record):
    """One rule that puts a threshold inside each training fold, judged on held-out rows.

    ``events`` and ``non_events`` are the two parts of the net reclassification against the
    reference, whose own thresholds follow the same rule: differences of sensitivity and of
    specificity, procedure minus reference (Pencina 2008; their sum is not given).
    """

    rule: str
    lowest: float
    middle: float
    highest: float
    """Of the folds' thresholds; 0 flags everybody, above 1 nobody."""
    folds: int
    sensitivity: Estimate
    specificity: Estimate
    ppv: Estimate
    npv: Estimate
    flagged: Estimate
    events: Estimate
    non_events: Estimate


class SetsRecord(Record):
    """Class-conditional conformal sets of held-out rows, calibrated inside each training fold.

    A set of both outcomes, or of none, is an indeterminate answer. Costs are in missed events: one
    missed event costs 1, a false alarm the odds of `act_from`.
    """

    error_rate: float
    """Promised at most, in each class."""
    folds: int
    abstaining_folds: int
    """With too few calibration people of a class: everybody there is indeterminate."""
    abstains: str
    """Why, in words; empty where no fold does."""
    coverage_event: Estimate
    coverage_no_event: Estimate
    indeterminate: Estimate
    none: Estimate
    """Part of the indeterminate: neither outcome is as usual."""
    right_event: Estimate
    right_no_event: Estimate
    """Of the sets that name one outcome, how many are right."""
    act_from: float
    cost_deciding: Estimate
    """Of a person, when everybody is decided at `act_from`."""
    cost_decided: Estimate
    """Of a person, in errors alone, when the indeterminate are left open."""
    break_even: Estimate
    """Cost of an indeterminate answer up to which leaving it open pays; below 0 it never does."""
    declared_cost: float | None
    """Of an indeterminate answer, by the experiment."""
    cost_abstaining: Estimate | None
    """At that cost."""


class FinalThreshold(Record):
    """A threshold of the registered model, by the same rule, from its own inner folds."""

    rule: str
    threshold: float
