"""A trial planned before there are data: power to tell who gains more, and what choosing buys."""

from __future__ import annotations

from collections.abc import Iterator

from pipelines.trials.experiment import TrialExperiment
from signature.effect.trial.interaction_power import (
    Planned,
    benefit_of_chosen,
    measured_correlation,
    people_for_average,
)
from signature.page.numbers import number, percent
from signature.records.trial_plan import PlannedTest, TrialPlanRecord

SHARES_OF_PEOPLE = (0.5, 1.0, 2.0, 4.0)


def trial_plan(experiment: TrialExperiment) -> TrialPlanRecord:
    """Reckon power and sizes from what the experiment's file declares alone.

    Parameters
    ----------
    experiment : TrialExperiment
    """
    told, asked = experiment.plan, experiment.next_trial
    ratio = experiment.trial.ratio
    arms = ratio[experiment.trial.control], ratio[experiment.trial.treated]
    two_sided = Planned(
        treated=arms[1] / sum(arms),
        lost=told.lost,
        below_limit=told.below_limit,
        reliability=told.reliability,
        alpha=asked.alpha,
    )
    named = Planned(**{**vars(two_sided), "one_sided": True})
    # a score is told apart as it was learned: limits and reliability are in its accuracy
    learned = Planned(treated=two_sided.treated, lost=told.lost, alpha=asked.alpha, one_sided=True)
    people = [round(told.people * share) for share in SHARES_OF_PEOPLE]
    chosen = benefit_of_chosen(told.benefit, told.difference, told.chosen, two_sided)
    return TrialPlanRecord(
        experiment=experiment.name,
        people=people,
        power_asked=asked.power,
        alpha=asked.alpha,
        treated_share=two_sided.treated,
        lost=told.lost,
        correlation=measured_correlation(told.below_limit, told.reliability),
        tests=[
            PlannedTest(
                what=what,
                effect=effect,
                power=[planned.power(effect, n) for n in people],
                people_needed=planned.people_for(effect, asked.power),
            )
            for what, effect, planned in (
                ("a marker, either side", told.difference, two_sided),
                ("a marker, the side named beforehand", told.difference, named),
                (
                    f"a learned score that goes with benefit at {told.accuracy:g}",
                    told.difference * told.accuracy,
                    learned,
                ),
            )
        ],
        benefit=told.benefit,
        difference=told.difference,
        chosen=told.chosen,
        benefit_of_chosen=chosen,
        all_comers=people_for_average(told.benefit, two_sided, asked.power),
        enriched=people_for_average(chosen, two_sided, asked.power),
    )


def trial_plan_lines(plan: TrialPlanRecord) -> list[str]:
    """Return the lines of a plan, a paragraph for the protocol last."""
    return [*_table(plan), "", *_choosing(plan), "", _paragraph(plan)]


def _table(plan: TrialPlanRecord) -> Iterator[str]:
    yield (
        f"Power to tell who gains more, if benefit differs by {number(plan.difference, 2)} SD of "
        f"the outcome per SD of what a marker stands for; {percent(plan.treated_share)} treated, "
        f"{percent(plan.lost)} lost, a measured marker goes with the true one at "
        f"{number(plan.correlation, 2)}."
    )
    head = " ".join(f"{n:>8,}" for n in plan.people)
    yield f"  {'people randomised':<58} {head}  for {percent(plan.power_asked)}"
    for test in plan.tests:
        powers = " ".join(f"{percent(p):>8}" for p in test.power)
        yield f"  {test.what:<58} {powers}  {_size(test.people_needed)}"


def _choosing(plan: TrialPlanRecord) -> Iterator[str]:
    power = percent(plan.power_asked)
    yield (
        f"Average benefit {number(plan.benefit, 2)} SD in all, "
        f"{number(plan.benefit_of_chosen, 2)} in the {percent(plan.chosen)} with the highest "
        "measured marker."
    )
    yield f"  {_size(plan.all_comers)} of all comers show it with {power} power,"
    yield f"  {_size(plan.enriched)} of those chosen do, of {_size(plan.screened)} screened."
    if plan.all_comers is not None and plan.enriched is not None:
        if plan.enriched >= plan.all_comers:
            yield "  Choosing needs no fewer people: it is no use."
        elif plan.screened is not None and plan.screened > plan.all_comers:
            yield "  Choosing randomises fewer and screens more; who is left out is not studied."


def _paragraph(plan: TrialPlanRecord) -> str:
    marker, named, score = plan.tests
    at = SHARES_OF_PEOPLE.index(1.0)
    return (
        f"For the protocol: {plan.people[at]:,} people are randomised, "
        f"{percent(plan.treated_share)} of them to treatment; {percent(plan.lost)} are expected to "
        "be lost. Whether treatment does more for some is decided by one test that is fixed now. "
        f"If benefit differs by {number(plan.difference, 2)} standard deviations of the outcome "
        "per standard deviation of a marker, a test of this marker alone at a level of "
        f"{percent(plan.alpha)} has a power of {percent(marker.power[at])} "
        f"({percent(named.power[at])} if the side is named beforehand); "
        f"{_size(marker.people_needed)} people would give {percent(plan.power_asked)}. The "
        "strongest of a panel is harder to tell from chance, and a score that has to be learned "
        f"has {percent(score.power[at])}."
    )


def _size(people: int | None) -> str:
    return "out of reach" if people is None else f"{people:,}"
