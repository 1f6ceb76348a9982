"""A plan of the run that ``make_results`` makes, with a learning curve that goes on rising."""

from __future__ import annotations

from signature.records.estimates import Estimate
from signature.records.plan import (
    Curve,
    DevelopmentPlan,
    ExpectedPrecision,
    MorePeople,
    NeededPeople,
    PlanRecord,
    TrainingSize,
    ValidationPlan,
)


def plan_record() -> PlanRecord:
    """Return a plan for 812 people."""
    return PlanRecord(
        experiment="opt_demo",
        development=DevelopmentPlan(
            people=812,
            event_rate=0.124,
            parameters=12,
            auroc=0.65,
            auroc_from="gate",
            cox_snell=0.03,
            nagelkerke=0.06,
            criteria=(
                NeededPeople(
                    name="shrinkage",
                    rule="effects need to shrink by no more than 10 %",
                    people=3_600,
                    events=446.0,
                    events_per_parameter=37.2,
                ),
            ),
            people_needed=3_600,
            enough=False,
            shrinkage=0.67,
            parameters_within=2,
        ),
        validation=ValidationPlan(
            block="internal",
            people=812,
            event_rate=0.124,
            threshold=None,
            measures=(
                ExpectedPrecision(
                    measure="auroc",
                    expected=Estimate(value=0.65, low=0.59, high=0.71),
                    target_width=0.1,
                    people_needed=1_200,
                ),
            ),
        ),
        curve=Curve(
            settings="chosen in each fold",
            candidates=("elastic_net",),
            repetitions=3,
            fits=60,
            sizes=(
                TrainingSize(share=0.4, people=244.0, auroc=0.58, standard_error=0.03),
                TrainingSize(share=1.0, people=609.0, auroc=0.61, standard_error=0.03),
            ),
            ceiling=0.66,
            gap=2.0,
            rate=0.5,
            misfit=0.1,
            now=Estimate(value=0.61, low=0.55, high=0.67),
            more=(
                MorePeople(
                    more=200,
                    people=1_012,
                    auroc=Estimate(value=0.62, low=0.55, high=0.69),
                    gain=Estimate(value=0.01, low=0.0, high=0.06),
                ),
            ),
        ),
        no_curve="",
    )
