"""``null_check.json``: what the whole procedure found where nothing was to be found."""

from __future__ import annotations

from typing import Literal

from signature.records.base import Record
from signature.records.results import Estimate


class Selected(Record):
    """What one selecting candidate kept in one run."""

    final: int
    """Markers that it kept when fitted on all development rows; all of them are false."""
    folds: tuple[int, ...]
    """Markers that it kept in each outer fold."""
    declared_bound: float | None
    """At most so many false markers are expected, as the fit on all development rows declares."""


class NullRun(Record):
    """``null_check/<fingerprint>/run-<number>.json``: one run on shuffled outcomes."""

    version: Literal[1] = 1
    fingerprint: str
    run: int
    auroc: Estimate
    """Of the procedure in the headline block, 95 % interval."""
    difference: Estimate
    """AUROC, procedure minus reference."""
    adds: Literal["yes", "no", "worse"]
    """The verdict."""
    final_model: str
    """The contender that became the final model."""
    selected: dict[str, Selected]
    """By candidate, of those that select; empty where none does."""


class Share(Record):
    """In how many runs something happened, with an exact 95 % interval of the share."""

    count: int
    n: int
    value: float
    low: float
    high: float


class Spread(Record):
    """How a number is distributed over runs."""

    n: int
    mean: float
    sd: float | None
    """Missing with one run only."""
    low: float
    """2.5th percentile."""
    median: float
    high: float
    """97.5th percentile."""


class SelectionCheck(Record):
    """How often one candidate selected although nothing can be true, and how much."""

    candidate: str
    label: str
    any_selected: Share
    """Runs in which the fit on all development rows kept one marker or more."""
    markers: Estimate
    """Mean number of markers that this fit kept, false by construction."""
    declared_bound: float | None
    """What the fits on all development rows declare at most to be expected, mean over runs."""
    exceeded: bool | None
    """Whether the interval of ``markers`` lies above the declared bound."""
    outer_folds: int
    outer_folds_selecting: float
    """Mean number of outer folds, of so many, whose fit kept one marker or more."""
    final_model: Share
    """Runs in which it became the final model."""


class Comparison(Record):
    """The run on the outcomes as they are, among those on shuffled ones."""

    auroc: float
    """Of the real run, over as many repeats as a shuffled run has."""
    headline_auroc: float
    """Of the real run, over all its repeats."""
    at_least: int
    """Shuffled runs that reached it."""
    p_value: float
    """Of the whole procedure; (1 + at_least) / (runs + 1) where no rule stopped the runs."""
    p_low: float
    """Exact 95 % interval of the p-value that endless runs would give."""
    p_high: float
    side: Literal["below", "above", "not decided"]
    """Of .05 on which endless runs would fall, where that stopped them; risk 1 % (Gandy 2009)."""


class NullCheck(Record):
    """All of ``null_check.json``: one line per run at most, nothing of a person."""

    version: Literal[2] = 2
    experiment: str
    fingerprint: str
    """Of the check: data, experiment, code, candidates, and the settings below."""
    run_fingerprint: str
    """Of the real run of the same data, experiment and code."""
    contenders: tuple[str, ...]
    references: tuple[str, ...]
    runs: int
    repeats: int
    """Of the outer folds, in each run."""
    trials: int
    """Parameter sets per candidate and fold."""
    own_trials: int
    """What the experiment itself says."""
    within: tuple[Literal["site", "arm"], ...]
    """What the outcomes were shuffled within."""
    n_people: int
    n_fixed: int
    """People whose outcome could not change, because all of their site and arm have the same."""
    block: Literal["internal", "external"]
    aurocs: tuple[float | None, ...]
    """By run."""
    differences: tuple[float | None, ...]
    auroc: Spread | None
    difference: Spread | None
    adds: Share
    """Runs whose verdict was that the panel adds."""
    selections: tuple[SelectionCheck, ...]
    """Empty where no contender selects."""
    comparison: Comparison | None
    not_compared: str = ""
    """Why there is no comparison."""
