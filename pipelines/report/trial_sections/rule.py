"""What would be gained by treating those of whom benefit is predicted, and what it would harm."""

from __future__ import annotations

from typing import Any

from pipelines.report.trial_results import TrialResults
from pipelines.report.trial_words import decimals, shown, unit_of_difference
from signature.effect.benefit.advised_groups import Advice, AdvisedGroup
from signature.effect.benefit.rule_value import RuleValue
from signature.effect.trial.estimate import Estimate
from signature.effect.trial_record import BenefitResult
from signature.effect.visits.visit_lines import FEWEST

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


def _difference(found: Advice | None) -> Estimate | None:
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


TEMPLATE = """
{% from "macros.html" import data_table %}
{% macro benefit(found) %}{% if found.few %}too few people{% else
%}{{ found | estimate(digits, true) }}{% endif %}{% endmacro %}
{% if not predictive %}<p><strong>Not recommended.</strong> {{ advice }} The numbers show what such
a rule would have done here, so that nobody has to guess.</p>{% else %}<p>The rule below is a
candidate for the next trial, and no advice to patients.</p>{% endif %}
<p>The rule gives {{ treated }} to those of whom benefit is predicted, and {{ control }} to the
others. Units: {{ unit }}; above 0 is good.</p>
{% if groups %}
{% call data_table("Benefit of " ~ treated ~ " by advice: " ~ headline, ["Group", "People",
"Share", "Benefit of " ~ treated]) %}
{% for group in groups %}
<tr><th scope="row">{{ group.name | sentence }}</th><td>{{ group.people | count }}</td>
<td>{{ group.share | percent }}</td><td>{{ benefit(group.benefit) }}</td></tr>
{% endfor %}
{% endcall %}
<p>Those advised against would be harmed by the rule in so far as they would have
benefited{% if difference.value is not none %}; benefit of the first less that of the second:
<strong>{{ difference | estimate(digits, true) }}</strong>{% endif %}.{% if number_needed is not
none %} Number needed to treat among those advised {{ treated }}: {{ number_needed }} (NNTB: for one
more to benefit, NNTH: for one more to be harmed).{% endif %}</p>
{% else %}
<p>{{ headline }}, the headline candidate, predicts the same for everybody: it makes no rule.</p>
{% endif %}
{% if rules %}
{% call data_table("Gain of the rule over treating by no panel", ["Candidate", "Share treated",
"Over all on " ~ treated, "Over all on " ~ control, "Benefit withheld from those advised against"])
%}
{% for one in rules %}
<tr{% if one.headline %} class="headline"{% endif %}><th scope="row">{{ one.label }}</th>
<td>{{ one.share | percent }}</td><td>{{ one.over_all | estimate(digits, true) }}</td>
<td>{{ one.over_none | estimate(digits, true) }}</td>
<td>{{ benefit(one.withheld) }}</td></tr>
{% endfor %}
{% endcall %}
<p>A rule is worth having where both gains lie above 0: it must beat treating everybody, which needs
no laboratory.</p>
{% endif %}
{% if best_arm is not none %}
<h3>The best of all arms</h3>
{% call data_table("Giving everybody the arm of the largest predicted benefit", ["Arm",
"Share advised it", "Gain over all on it"]) %}
{% for line in best_arm.lines %}
<tr><th scope="row">{{ line.arm }}</th><td>{{ line.share | percent }}</td>
<td>{{ line.gain | estimate(digits, true) }}</td></tr>
{% endfor %}
{% endcall %}
<p>Gain over the best single arm: <strong>{{ best_arm.over_best | estimate(digits, true)
}}</strong>.</p>
{% endif %}
"""
