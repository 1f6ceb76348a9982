"""The files that a run leaves: their columns, and the schema of their JSON."""

from __future__ import annotations

from typing import Annotated, Literal, get_args

import pandas as pd
from pydantic import Field

from signature.exceptions import PredictionsError
from signature.records.base import Record
from signature.records.claim import Claim
from signature.records.decision import FinalThreshold, SetsRecord, ThresholdRecord
from signature.records.estimates import (
    BestInHindsight,
    CalibrationRecord,
    DecisionCurve,
    Estimate,
    FoldMeans,
    HeldOutTest,
    PooledSites,
    Weighted,
)

PREDICTION_COLUMNS = {
    "experiment": "str",
    "block": "str",
    "candidate": "str",
    "repeat": "int64",
    "fold": "int64",
    "fold_label": "str",
    "row": "int64",
    "person": "int64",
    "site": "str",
    "arm": "str",
    "plate": "int64",
    "weight": "float64",
    "outcome": "int64",
    "probability": "float64",
    "chosen": "str",
}
"""Columns of the predictions table, one line per held-out row, candidate and repeat.

``block`` is one of `BLOCKS`. ``row``, ``person`` and ``plate`` are opaque numbers; plate
−1 is not known. ``weight`` is the survey weight, 1 where there is none. ``fold_label`` is the
held-out site, or the fold's number. ``chosen`` names the model that the inner folds chose, for the
procedure and the reference only.
"""

BlockName = Literal["internal", "site-out", "external"]
"""Ways of holding people out.

``internal``: folds inside the development data. ``external``: sites that took no part in it.
``site-out``: each of these sites in turn, learned from all others.
"""

BLOCKS: tuple[BlockName, ...] = get_args(BlockName)
"""In this order; the last one that is there is the headline."""

PROCEDURE = "procedure"
"""Candidate name of the headline: in each outer fold, the contender that the inner folds chose."""


REFERENCE = "reference"
"""Candidate name of what the panel must add to: in each outer fold, the model of the baseline
features alone that the inner folds chose."""


def check_predictions(table: pd.DataFrame) -> pd.DataFrame:
    """Return the predictions table if it can be evaluated.

    Raises
    ------
    PredictionsError
        When a column is missing, a probability lies outside [0, 1] or is missing, an outcome is
        not 0/1, a weight is not positive, a candidate predicts a row twice in one
        repeat, or not all predict the same rows.
    """
    missing = [c for c in PREDICTION_COLUMNS if c not in table]
    if missing:
        raise PredictionsError(f"the predictions table lacks {', '.join(map(repr, missing))}")
    p = table["probability"]
    if p.isna().any():
        raise PredictionsError(f"{int(p.isna().sum())} of {len(p)} predictions are missing")
    if not p.between(0, 1).all():
        n = int((~p.between(0, 1)).sum())
        raise PredictionsError(f"{n} of {len(p)} probabilities lie outside [0, 1]")
    if not table["outcome"].isin([0, 1]).all():
        raise PredictionsError("outcomes in the predictions table must be 0 or 1")
    if not (table["weight"] > 0).all():
        raise PredictionsError("weights in the predictions table must be above 0")
    twice = int(table.duplicated(["block", "candidate", "repeat", "row"]).sum())
    if twice:
        raise PredictionsError(f"{twice} rows are predicted twice by one candidate in one repeat")
    _same_rows_for_all(table)
    return table


def _same_rows_for_all(table: pd.DataFrame) -> None:
    """Differences between candidates are paired, so all must predict the same held-out rows."""
    keys = ["block", "repeat", "fold", "row", "outcome"]
    predicted = table.groupby(keys)["candidate"].nunique()
    short = int((predicted != table["candidate"].nunique()).sum())
    if short:
        raise PredictionsError(f"{short} held-out rows are not predicted by every candidate")


class FoldResult(Record):
    """What one candidate did on one held-out fold."""

    repeat: int
    fold: int
    label: str
    n: int
    events: int
    auroc: float | None
    chosen: str = ""


class CandidateResult(Record):
    """One candidate over all held-out folds of a block.

    Keys of ``metrics``: ``auroc`` and ``auprc`` (within each held-out fold, then averaged over
    folds); ``brier``, ``log_loss``, ``calibration_slope`` and ``calibration_intercept`` (over all
    held-out rows of a repeat, then averaged over repeats). The slope is undefined for a candidate
    that gives everybody in a fold the same probability.
    """

    name: str
    label: str
    part: Literal["headline", "reference", "contender", "reference candidate", "baseline"]
    metrics: dict[str, Estimate]
    folds: list[FoldResult]
    folds_without_auroc: int


class Difference(Record):
    """Candidate minus reference on the same held-out rows, by metric.

    ``net_benefit`` is at the block's `act_from`.
    """

    candidate: str
    reference: str
    metrics: dict[str, Estimate]


class Block(Record):
    """One way of holding people out."""

    name: BlockName
    scheme: str
    n_rows: int
    n_people: int
    n_events: int
    n_folds: int
    n_repeats: int
    candidates: list[CandidateResult]
    differences: list[Difference]
    calibration: CalibrationRecord | None = None
    """Of the procedure."""
    decision: DecisionCurve | None = None
    sites: PooledSites | None = None
    """Where whole sites are held out one by one."""
    test: HeldOutTest | None = None
    """Where one model was tested once."""
    fold_means: FoldMeans | None = None
    """Where folds were drawn at random."""
    best: BestInHindsight | None = None
    """Where several contenders predicted the same rows."""
    weighted: Weighted | None = None
    """Where rows have survey weights."""
    act_from: float | None = None
    """Probability at which the differences' net benefit is taken."""
    thresholds: list[ThresholdRecord] = []
    sets: SetsRecord | None = None
    """Where inner predictions are there."""

    def candidate(self, name: str) -> CandidateResult:
        """Return the result of one candidate."""
        return next(c for c in self.candidates if c.name == name)

    def difference(self, candidate: str, reference: str) -> Difference:
        """Return one paired difference."""
        return next(
            d for d in self.differences if (d.candidate, d.reference) == (candidate, reference)
        )


class Verdict(Record):
    """The answer to "does the panel add anything to the reference?", in words and number.

    ``adds`` is ``yes`` when the interval of the AUROC difference lies above 0, ``worse`` when it
    lies below, else ``no``.
    """

    adds: Literal["yes", "no", "worse"]
    sentence: str
    auroc: Estimate
    difference: Estimate


class GateCheck(Record):
    """One condition of the experiment's gate."""

    rule: str
    measured: str
    passed: bool


class Evaluation(Record):
    """``evaluation.json``: all that was measured on held-out people.

    The last block is the headline.
    """

    version: Literal[3] = 3
    experiment: str
    reference: str
    blocks: Annotated[list[Block], Field(min_length=1)]
    verdict: Verdict
    claim: Claim
    gate: list[GateCheck]
    bootstraps: int
    final_thresholds: list[FinalThreshold] = []
    """Of the registered model; none below "internally validated"."""

    @property
    def headline(self) -> Block:
        """The block that the verdict and the gate read."""
        return self.blocks[-1]

    @property
    def gate_passed(self) -> bool:
        """Whether every condition of the gate holds."""
        return all(check.passed for check in self.gate)


class FlowLine(Record):
    """One exclusion."""

    reason: str
    removed: int
    left: int


class SiteCount(Record):
    """Rows and events of one site."""

    site: str
    n: int
    events: int


class ColumnSummary(Record):
    """What a report may say of one feature: no person's value, shares and quantiles only."""

    name: str
    label: str
    group: str
    unit: str
    in_panel: bool
    missing: float
    below_limit: float
    yes_no: bool = False
    out_of_range: int = 0
    """Rows with a value outside the plausible range."""
    quantiles: list[float] | None = None
    """5th, 25th, 50th, 75th and 95th percentile of the measured values."""


class FinalModel(Record):
    """The model refitted on all development rows."""

    candidate: str
    label: str
    params: dict[str, float | int | str | bool]
    calibration_slope: float
    calibration_intercept: float
    inner_log_loss: dict[str, float]
    """Log-loss on the inner folds of all development rows, by contender."""


class Launch(Record):
    """``launch.json``: what was run, on what, with what."""

    version: Literal[2] = 2
    experiment: dict[str, object]
    """The experiment file as read."""
    outcome: dict[str, str]
    """``label``, ``event``, ``no_event``, ``definition``."""
    citation: str
    n_rows: int
    n_people: int
    n_events: int
    flow: list[FlowLine]
    sites: list[SiteCount]
    columns: list[ColumnSummary]
    dropped_features: dict[str, str]
    parameters: int
    """Columns that vary and reach a linear model, for sample-size criteria."""
    final_model: FinalModel
    data_digest: str
    fingerprint: str
    code_version: str
    environment: dict[str, str]
    """Version by package, plus ``python`` and ``platform``."""
    fit_warnings: dict[str, int] = {}
    """How often each kind of warning was raised while fitting, e.g. of no convergence."""
    started: str
    seconds: float


BASE = "(base)"
"""Name of the part of a row's log-odds that no feature changes."""

CONTRIBUTION_COLUMNS = {
    "block": "str",
    "candidate": "str",
    "repeat": "int64",
    "fold": "int64",
    "row": "int64",
    "feature": "str",
    "contribution": "float64",
    "percentile": "float64",
}
"""Columns of the contributions table, one line per held-out row and feature of the procedure.

``contribution`` is in log-odds of the event, relative to the training fold's average; those of a
row, plus the fold's base value (feature ``(base)``), add up to its log-odds. ``percentile`` is the
rank of the row's value among the measured values of all rows, 0 to 1, so that it can be read
against `ColumnSummary.quantiles`; it is missing where the value is, and −1 marks a value below its
detection limit. The values themselves are not kept.
"""
