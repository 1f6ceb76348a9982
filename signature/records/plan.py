"""``plan.json``: how many people a study needs, and what more of them would buy."""

from __future__ import annotations

from typing import Literal

from signature.records.base import Record
from signature.records.results import Estimate

CriterionName = Literal["shrinkage", "optimism", "overall risk"]


class NeededPeople(Record):
    """One criterion for the development of a model."""

    name: CriterionName
    rule: str
    """The demand in words."""
    people: int
    events: float
    """Expected among them."""
    events_per_parameter: float


class DevelopmentPlan(Record):
    """What the development of this model needs, by the criteria of Riley and others."""

    people: int
    """That there are to develop on."""
    event_rate: float
    """Share of rows with the event, as there is one outcome per row."""
    parameters: int
    """Columns that vary and reach a linear model on all features, baseline and panel."""
    auroc: float
    """Anticipated in new people."""
    auroc_from: Literal["gate", "option"]
    """The experiment's gate, or the command line."""
    cox_snell: float
    """R² that goes with this AUROC and event rate."""
    nagelkerke: float
    criteria: tuple[NeededPeople, ...]
    people_needed: int
    enough: bool
    shrinkage: float
    """That effects estimated by maximum likelihood from the people there are would need."""
    parameters_within: int
    """Candidate parameters that the people there are would be enough for."""


class ExpectedPrecision(Record):
    """What one number will look like in the validation."""

    measure: Literal["auroc", "observed_over_expected", "calibration_slope", "net_benefit"]
    expected: Estimate
    target_width: float
    people_needed: int
    """For an interval no wider than that."""


class ValidationPlan(Record):
    """How precisely the headline block can test a calibrated model with the anticipated AUROC."""

    block: Literal["internal", "external"]
    people: int
    event_rate: float
    threshold: float | None
    """Risk from which on one would treat; null where none was given."""
    measures: tuple[ExpectedPrecision, ...]


class TrainingSize(Record):
    """AUROC on held-out people after training on a share of each outer fold's training people."""

    share: float
    people: float
    auroc: float
    standard_error: float


class MorePeople(Record):
    """What so many more people would buy."""

    more: int
    people: int
    auroc: Estimate
    gain: Estimate
    """Over the people there are; never below 0, as the curve is taken not to fall."""


class Curve(Record):
    """The learning curve ``ceiling - gap * people ** -rate``."""

    settings: Literal["chosen in each fold", "as built"]
    """Candidate and parameters that each fold's own training rows chose, or the first contender
    without tuning."""
    candidates: tuple[str, ...]
    repetitions: int
    fits: int
    sizes: tuple[TrainingSize, ...]
    ceiling: float
    gap: float
    rate: float
    misfit: float
    """Weighted sum of squares, with `len(sizes) - 3` degrees of freedom."""
    now: Estimate
    """With all the people there are."""
    more: tuple[MorePeople, ...]


class PlanRecord(Record):
    """All of ``plan.json``: nothing of a person."""

    version: Literal[1] = 1
    experiment: str
    development: DevelopmentPlan
    validation: ValidationPlan
    curve: Curve | None
    no_curve: str
    """Why there is no learning curve; empty where there is one."""
