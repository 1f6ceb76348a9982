"""What would be gained by treating those of whom benefit is predicted, and what it would harm."""

from __future__ import annotations

from typing import Any

from pipelines.report.trial_results import TrialResults
from pipelines.report.trial_words import decimals, shown, unit_of_difference
from signature.effect.benefit.advised_groups import Advice, AdvisedGroup
from signature.effect.benefit.rule_value import RuleValue
from signature.effect.trial_record import BenefitResult
from signature.effect.visits.visit_lines import FEWEST
from signature.records.estimates import EffectEstimate

TITLE = "Treating by predicted benefit"
ORDER = 60


def summarize(results: TrialResults) -> dict[str, Any] | None:
    """Collect the value of the rule of each candidate; None where there is none."""
    record = results.record
    rules = [_rule(one) for one in record.candidates if one.rule is not None]
    if not rules and record.best_arm is None:
        return None
    headline = next(one for one in record.candidates if one.headline)
    return {
        "treated": record.treated,
        "control": record.arms[0],
        "unit": unit_of_difference(record),
        "digits": decimals(record),
        "predictive": record.claim.predictive,
        "advice": record.claim.advice,
        "headline": headline.label,
        "groups": []
        if headline.advice is None
        else [
            _group(f"advised {record.treated}", headline.advice.treat),
            _group("advised against", headline.advice.against),
        ],
        "difference": shown(_difference(headline.advice)),
        "number_needed": headline.number_needed,
        "rules": rules,
        "best_arm": _best_arm(record.best_arm, record.arms),
    }


def _rule(one: BenefitResult) -> dict[str, Any]:
    # a candidate that is not constant has both
    assert one.rule is not None
    assert one.advice is not None
    return {
        "label": one.label,
        "headline": one.headline,
        "share": one.rule.shares[1],
        "over_none": shown(one.rule.gains[0]),
        "over_all": shown(one.rule.gains[1]),
        "withheld": _benefit(one.advice.against),
    }


def _benefit(group: AdvisedGroup) -> dict[str, Any]:
    """Return the benefit among people of one advice; of a few it would be nearly their own."""
    return {"few": group.people < FEWEST, **shown(group.benefit)}


def _difference(found: Advice | None) -> EffectEstimate | None:
    if found is None or min(found.treat.people, found.against.people) < FEWEST:
        return None
    return found.difference


def _group(name: str, group: AdvisedGroup) -> dict[str, Any]:
    return {
        "name": name,
        "people": group.people,
        "share": group.share,
        "benefit": _benefit(group),
    }


def _best_arm(found: RuleValue | None, arms: list[str]) -> dict[str, Any] | None:
    if found is None:
        return None
    return {
        "lines": [
            {"arm": arm, "share": share, "gain": shown(gain)}
            for arm, share, gain in zip(arms, found.shares, found.gains, strict=True)
        ],
        "over_best": shown(found.over_best),
    }
