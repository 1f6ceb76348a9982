"""The first screen of a trial: which word the result has earned, how sure, what not to do."""

from __future__ import annotations

from dataclasses import dataclass

from pipelines.report.trial_results import TrialResults
from pipelines.report.trial_words import (
    benefit_of,
    decimals,
    flipped,
    good,
    label,
    unit_of_difference,
)
from signature.effect.interaction.deciding_test import DecidingTest
from signature.effect.trial.trial import ArmFlow
from signature.effect.trial_record import TrialClaim, TrialRecord
from signature.page.numbers import percent
from signature.records.estimates import EffectEstimate

TITLE = "The answer"
ORDER = 0

MANY_LOST = 0.25
"""Share of an arm's outcomes: where more are lost, tests of interactions may err too often."""


@dataclass(frozen=True)
class Hypothesis:
    """What was named before the data were seen, and what was found of it.

    Parameters
    ----------
    name : str
        As "CRP, per standard deviation" or "HAMD-17 ≥ 19".
    benefit : EffectEstimate
        Additional benefit, positive where those who have more of it gain more.
    unit : str
    digits : int
    p : float
    one_sided : bool
    """

    name: str
    benefit: EffectEstimate
    unit: str
    digits: int
    p: float
    one_sided: bool


@dataclass(frozen=True)
class Answer:
    """The claim, what it rests on, and what it must not be taken for."""

    question: str
    caution: str
    claim: TrialClaim
    small: bool
    withheld: tuple[str, ...]
    randomised: int
    known: int
    """People of all arms whose outcome is known."""
    flow: list[ArmFlow]
    endpoint: str
    good: str
    treated: str
    control: str
    unit: str
    digits: int
    benefit: EffectEstimate
    """Average benefit of `treated` over `control`, positive where good."""
    adjusted: bool
    decided: DecidingTest | None
    people: int
    """Of the two arms, whose outcome is known."""
    clearest: str | None
    """Feature of the largest statistic, as it is printed."""
    named: tuple[Hypothesis, ...]
    leans: str
    """That so many outcomes were lost that the answer leans on a model; empty where it does not."""
    folds: int
    repeats: int


def hypotheses(record: TrialRecord) -> tuple[Hypothesis, ...]:
    """List markers and groups that were named beforehand and could be tested."""
    found = []
    for marker in record.named:
        benefit = benefit_of(marker.test, record)
        found.append(
            Hypothesis(
                name=f"{label(marker.marker, record)}, per standard deviation",
                benefit=EffectEstimate(value=benefit.value, low=benefit.low, high=benefit.high),
                unit=unit_of_difference(record, marker.test.scale),
                digits=decimals(record, marker.test.scale),
                p=marker.test.p,
                one_sided=benefit.one_sided,
            )
        )
    for group in record.moderators:
        told = group.found
        if told.p is None:
            continue
        names = [one.level.replace("_", " ") for one in told.levels if one.effect is not None]
        of_two = told.difference is not None
        found.append(
            Hypothesis(
                name=f"{group.label}: {names[1]} against {names[0]}" if of_two else group.label,
                benefit=flipped(told.difference, told.difference_low, told.difference_high, record),
                unit=unit_of_difference(record, told.scale),
                digits=decimals(record, told.scale),
                p=told.p,
                one_sided=False,
            )
        )
    return tuple(found)


def summarize(results: TrialResults) -> Answer:
    """Collect the answer and what it rests on."""
    record = results.record
    experiment, crossfitting = record.experiment, record.experiment["crossfitting"]
    overall = next(one for one in record.average if one.arm == record.treated)
    return Answer(
        question=experiment["question"],
        caution=experiment["caution"],
        claim=record.claim,
        small=record.size.small,
        withheld=tuple(one.what for one in record.size.not_reported),
        randomised=sum(arm.randomised for arm in record.flow),
        known=sum(arm.known for arm in record.flow),
        flow=record.flow,
        endpoint=record.endpoint["label"],
        good=good(record),
        treated=record.treated,
        control=record.arms[0],
        unit=unit_of_difference(record),
        digits=decimals(record),
        benefit=overall.adjusted or overall.unadjusted,
        adjusted=overall.adjusted is not None,
        decided=record.decided,
        people=record.size.people[record.arms[0]] + record.size.people[record.treated],
        clearest=None
        if record.decided is None or record.decided.clearest is None
        else label(record.decided.clearest, record),
        named=hypotheses(record),
        leans=_leans(record),
        folds=crossfitting["folds"],
        repeats=crossfitting["repeats"],
    )


def _leans(record: TrialRecord) -> str:
    arms = {arm.arm: arm for arm in record.flow}
    told = [arms[name] for name in (record.treated, record.arms[0])]
    shares = [1 - arm.known / arm.randomised for arm in told]
    if max(shares) < MANY_LOST:
        return ""
    lost = " and ".join(
        f"{percent(share)} under {arm.arm}" for share, arm in zip(shares, told, strict=True)
    )
    return (
        f"{lost} of the outcomes were lost: the answer leans on how well the features tell who is "
        "lost. Where losses go with a marker and prognosis with a curve of it, tests of who gains "
        "more may be wrong more often than they say."
    )
