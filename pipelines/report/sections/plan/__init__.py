"""How many people the question takes, and what more of them would buy."""

from __future__ import annotations

from dataclasses import dataclass

from pipelines.fit.results_folder import Results
from signature.records.estimates import Estimate
from signature.records.plan import Curve, DevelopmentPlan, ExpectedPrecision, TrainingSize

TITLE = "How many people it takes"
ORDER = 72

_MEASURES = {
    "auroc": "AUROC",
    "observed_over_expected": "Observed over expected events",
    "calibration_slope": "Calibration slope",
    "net_benefit": "Net benefit, standardised",
}


@dataclass(frozen=True)
class Precision:
    """What one measure will look like in the test, and its name in words."""

    label: str
    plan: ExpectedPrecision


@dataclass(frozen=True)
class TrainedOn:
    """AUROC on held-out people after training on so many, with a normal interval."""

    people: float
    auroc: Estimate


@dataclass(frozen=True)
class PeoplePlan:
    """How many people a model and its test take.

    Parameters
    ----------
    development : DevelopmentPlan
    tested : int
        People on whom the model is tested.
    measures : tuple of Precision
    curve : Curve, optional
        The learning curve; None where there is none.
    sizes : tuple of TrainedOn
        What the learning curve was fitted to; empty without one.
    no_curve : str
        Why there is no learning curve.
    """

    development: DevelopmentPlan
    tested: int
    measures: tuple[Precision, ...]
    curve: Curve | None
    sizes: tuple[TrainedOn, ...]
    no_curve: str


def summarize(results: Results) -> PeoplePlan | None:
    """Collect the plan; None where it was not asked for."""
    found = results.plan
    if found is None:
        return None
    measures = found.validation.measures
    return PeoplePlan(
        development=found.development,
        tested=found.validation.people,
        measures=tuple(Precision(_MEASURES[m.measure], m) for m in measures),
        curve=found.curve,
        sizes=tuple(_trained_on(size) for size in found.curve.sizes) if found.curve else (),
        no_curve=found.no_curve,
    )


def _trained_on(size: TrainingSize) -> TrainedOn:
    half = 1.96 * size.standard_error
    low, high = max(0.0, size.auroc - half), min(1.0, size.auroc + half)
    return TrainedOn(size.people, Estimate(value=size.auroc, low=low, high=high))
