"""What would be gained by treating those of whom benefit is predicted, and what it would harm."""

from __future__ import annotations

from dataclasses import dataclass

from pipelines.report.trial_results import TrialResults
from pipelines.report.trial_words import decimals, shown, unit_of_difference
from signature.effect.benefit.advised_groups import Advice, AdvisedGroup
from signature.effect.benefit.rule_value import RuleValue
from signature.effect.trial_record import BenefitResult, TrialRecord
from signature.effect.visits.visit_lines import FEWEST
from signature.records.estimates import EffectEstimate

TITLE = "Treating by predicted benefit"
ORDER = 60

_ALMOST_NOBODY = 0.05
"""Share of people below which an advice says nothing of its own."""


@dataclass(frozen=True)
class Group:
    """People who get the same advice; where they are `few`, their benefit is not printed."""

    name: str
    people: int
    share: float
    benefit: EffectEstimate
    few: bool


@dataclass(frozen=True)
class Rule:
    """What the rule of one candidate gains."""

    label: str
    headline: bool
    share: float
    """Of people whom it treats."""
    over_none: EffectEstimate
    over_all: EffectEstimate
    against: Group
    """Those advised against, from whom the rule withholds benefit."""


@dataclass(frozen=True)
class ArmLine:
    """One arm of several: how many are advised it, and what advice gains over it for all."""

    arm: str
    share: float
    gain: EffectEstimate


@dataclass(frozen=True)
class BestArm:
    """What giving everybody the arm of the largest predicted benefit gains."""

    lines: tuple[ArmLine, ...]
    over_best: EffectEstimate
    """Over the best single arm for all."""


@dataclass(frozen=True)
class Treating:
    """The value of the rule of each candidate; that of the headline in full."""

    treated: str
    control: str
    unit: str
    digits: int
    predictive: bool
    advice: str
    headline: str
    almost: str
    """That the headline's rule treats almost everybody, or nobody; empty where it does not."""
    groups: tuple[Group, ...]
    """Advised to and advised against by the headline; empty where it makes no rule."""
    difference: EffectEstimate
    """Benefit of the first less that of the second; undefined where either are few."""
    harm_p: float | None
    """One-sided, of no harm from treatment among those advised against; None where few are."""
    number_needed: str | None
    rules: tuple[Rule, ...]
    best_arm: BestArm | None


def summarize(results: TrialResults) -> Treating | None:
    """Collect the value of the rule of each candidate; None where there is none."""
    record = results.record
    rules = tuple(_rule(one) for one in record.candidates if one.rule is not None)
    if not rules and record.best_arm is None:
        return None
    headline = next(one for one in record.candidates if one.headline)
    return Treating(
        treated=record.treated,
        control=record.arms[0],
        unit=unit_of_difference(record),
        digits=decimals(record),
        predictive=record.claim.rule,
        advice=record.claim.advice,
        headline=headline.label,
        almost=_almost(headline.advice, record),
        groups=_groups(headline.advice, record.treated),
        difference=shown(None if headline.advice is None else headline.advice.difference),
        harm_p=None if headline.advice is None else headline.advice.harm_p,
        number_needed=headline.number_needed,
        rules=rules,
        best_arm=_best_arm(record.best_arm, record.arms),
    )


def _rule(one: BenefitResult) -> Rule:
    # a candidate that is not constant has both
    assert one.rule is not None
    assert one.advice is not None
    return Rule(
        label=one.label,
        headline=one.headline,
        share=one.rule.shares[1],
        over_none=one.rule.gains[0],
        over_all=one.rule.gains[1],
        against=_against(one.advice),
    )


def _groups(advice: Advice | None, treated: str) -> tuple[Group, ...]:
    if advice is None:
        return ()
    return _group(f"advised {treated}", advice.treat), _against(advice)


def _almost(advice: Advice | None, record: TrialRecord) -> str:
    if advice is None:
        return ""
    treated, control = record.treated, record.arms[0]
    people, other = advice.treat.people, advice.against.people
    for few, arm in ((other, treated), (people, control)):
        if few <= _ALMOST_NOBODY * (people + other):
            return (
                f"The rule gives {arm} to {people + other - few:,} of {people + other:,} people, "
                f"almost everybody: it is that of giving {arm} to all."
            )
    return ""


def _against(advice: Advice) -> Group:
    return _group("advised against", advice.against)


def _group(name: str, group: AdvisedGroup) -> Group:
    few = group.people < FEWEST
    return Group(name, group.people, group.share, group.benefit, few)


def _best_arm(found: RuleValue | None, arms: list[str]) -> BestArm | None:
    if found is None:
        return None
    return BestArm(
        lines=tuple(
            ArmLine(arm, share, gain)
            for arm, share, gain in zip(arms, found.shares, found.gains, strict=True)
        ),
        over_best=found.over_best,
    )
