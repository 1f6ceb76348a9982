"""The first screen of a trial: which word the result has earned, how sure, what not to do."""

from __future__ import annotations

from dataclasses import dataclass

from pipelines.report.trial_results import TrialResults
from pipelines.report.trial_words import (
    AddedBenefit,
    benefit_of,
    decimals,
    good,
    unit_of_difference,
)
from signature.effect.trial.trial import ArmFlow
from signature.effect.trial_record import TrialClaim
from signature.records.estimates import EffectEstimate

TITLE = "The answer"
ORDER = 0


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
    headline: AddedBenefit | None
    folds: int
    repeats: int


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
        headline=None if record.headline is None else benefit_of(record.headline, record),
        folds=crossfitting["folds"],
        repeats=crossfitting["repeats"],
    )
