"""``signature.json``: which markers passed, how sure that is, and how to use them by hand."""

from __future__ import annotations

from typing import Literal

from signature.records.base import Record
from signature.records.results import Estimate


class Neighbour(Record):
    """A panel marker that goes with another one."""

    name: str
    label: str
    correlation: float
    """Spearman, in the development rows."""


class NearMarker(Record):
    """A marker of the panel that did not pass."""

    name: str
    label: str
    frequency: Estimate
    """Share of half-samples that chose it, with its Monte Carlo interval."""
    outer_folds: float
    """Share of outer folds that selected it."""


class SignatureMarker(Record):
    """A marker that passed; weights are in log-odds of the event, after the calibration slope."""

    name: str
    label: str
    unit: str
    scale: str
    direction: Literal[-1, 0, 1]
    """1: a higher value, more events."""
    per_sd: float
    """Per standard deviation of the development rows, on the marker's scale. For a marker that is
    only detected or not: of being detected, per SD of that."""
    per_step: float | None
    """Per `step` of the value as measured; null where a step of the procedure bends it."""
    step: str
    """What a step is: a doubling, one unit of the marker, or detected instead of not."""
    below_limit: float | None
    """Added when the value lies below its detection limit, beside the weight of the value that is
    put in its place; null where the model has no such column."""
    frequency: Estimate
    """Share of half-samples that chose it, with its 95 % Monte Carlo interval."""
    outer_folds: float
    """Share of outer folds that selected it."""
    cluster: tuple[Neighbour, ...]
    """Other markers of the panel that go with it, the closest first."""


class Band(Record):
    """Points of the values from `low` up to, but not including, `high`; null where it is open."""

    low: float | None
    high: float | None
    points: int


class PointLine(Record):
    """How one feature is turned into points; a missing value gives none."""

    name: str
    label: str
    unit: str
    in_panel: bool
    bands: tuple[Band, ...]
    """In the unit of the feature, ascending; empty for a yes/no feature."""
    yes: int | None
    """Points of a yes."""
    below_limit: int | None
    """Points of a value below its detection limit, in place of those of a band."""


class ScoreProbability(Record):
    """What a score means."""

    score: int
    probability: float


class PointScore(Record):
    """A score that a person can add up."""

    lines: tuple[PointLine, ...]
    """Features whose points are not all 0."""
    left_out: tuple[str, ...]
    """Labels of features of the model that are worth less than half a point."""
    band_in_sd: float
    """Width of a band, in standard deviations."""
    log_odds_per_point: float
    probabilities: tuple[ScoreProbability, ...]
    """Ascending, over the middle 98 % of the development rows."""
    rank_correlation: float
    """Spearman of points and model score in the development rows."""
    loss: float
    """One minus that."""
    largest_loss: float
    """The loss that was aimed at."""


class Agreement(Record):
    """How far outer folds agree on which markers they select."""

    outer_folds: int
    selecting_nothing: int
    mean_size: float
    """Markers selected per outer fold."""
    jaccard: float | None
    """Mean over pairs of folds; two empty selections agree in full."""
    nogueira: Estimate | None
    """Corrected for chance; null where no fold selected anything."""


class SignatureRecord(Record):
    """All of ``signature.json``: nothing of a person.

    An empty list of markers is a valid answer.
    """

    version: Literal[1] = 1
    experiment: str
    fingerprint: str
    """Of the run."""
    candidate: str
    candidate_label: str
    chosen: bool
    """Whether this candidate also became the final model."""
    final_model: str
    """Label of the final model."""
    event: str
    n_rows: int
    n_events: int
    """Of the development rows, on which the fit was done."""
    panel_size: int
    """Markers that were selected from."""
    learner: str
    per_half: int
    threshold: float | None
    """Frequency from which a marker passes; null where none was looked for or keeps the level."""
    tested_each: bool
    """Whether markers were so few that each was tested instead, at a family-wise error of
    `alpha`."""
    level: float
    error: Literal["pfer", "fdr"]
    bound: str
    """Where the threshold comes from."""
    declared_bound: float
    """False markers expected at most among those that passed; 0 where none did."""
    alpha: float | None
    pvalue: float | None
    """Of "no marker is associated"; null where it was not tested."""
    pairs: int
    permutations: int
    prognostic_score: bool
    """Whether one score stood for covariates that were too many."""
    most_markers: int | None
    """The candidate keeps at most so many."""
    cluster_cut: float
    """Absolute Spearman correlation from which a marker belongs to another one's cluster."""
    markers: tuple[SignatureMarker, ...]
    near: tuple[NearMarker, ...]
    """The most frequent of the markers that did not pass, ten at most."""
    agreement: Agreement
    points: PointScore | None
    no_points: str = ""
    """Why there is no point score."""
