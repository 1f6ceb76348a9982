"""The next trial: randomise everybody, or those whom the signature picks."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from pipelines.report.trial_results import TrialResults
from pipelines.report.trial_words import decimals, unit_of_difference
from signature.effect.benefit.enrichment import TrialSize

TITLE = "The next trial"
ORDER = 90


def summarize(results: TrialResults) -> dict[str, Any] | None:
    """Collect both designs; None in a small trial, which has learned nothing to enrich with."""
    record = results.record
    found = record.next_trial
    if record.size.small:
        return None
    if found is None:
        return {"designs": [], "predictive": record.claim.predictive}
    return {
        "predictive": record.claim.predictive,
        "unit": unit_of_difference(record),
        "digits": decimals(record),
        "power": found.power,
        "alpha": found.alpha,
        "positive": found.positive,
        "power_of_all_comers": found.power_of_all_comers,
        "enriched": found.enriched.randomised,
        "randomised_ratio": found.randomised_ratio,
        "screened_ratio": found.screened_ratio,
        "designs": [
            _design("all comers", found.all_comers),
            _design("only those whom the signature picks", found.enriched),
            _design("the same, if they gain no more than the interval’s lower end", found.cautious),
        ],
    }


def _design(name: str, size: TrialSize) -> dict[str, Any]:
    return {"name": name, **asdict(size)}


TEMPLATE = """
{% from "macros.html" import data_table %}
{% if not designs %}
<p>{% if predictive %}Those whom the rule would treat are not estimated to gain: there is nobody to
enrich the next trial with.{% else %}There is no evidence that this panel tells who gains more, so
the next trial should not choose people by it.{% endif %}</p>
{% else %}
<p>Two arms of equal size, a power of {{ power | percent }} at a two-sided level of {{ alpha |
percent }}. The signature picks {{ positive | percent }} of people; the others are screened and not
randomised.</p>
{% call data_table("People needed", ["Design", "Benefit planned for (" ~ unit ~ ")",
"Randomised", "Screened"]) %}
{% for design in designs %}
<tr><th scope="row">{{ design.name | sentence }}</th>
<td>{{ design.benefit | number(digits, true) }}</td>
{% if design.randomised is none %}<td>out of reach</td><td>out of reach</td>{% else
%}<td>{{ design.randomised | count }}</td><td>{{ design.screened | count }}</td>{% endif %}</tr>
{% endfor %}
{% endcall %}
<p>{% if power_of_all_comers is not none %}A trial of all comers with {{ enriched | count }} people
would have a power of {{ power_of_all_comers | percent }}. {% endif %}{% if randomised_ratio is not
none %}All comers need {{ randomised_ratio | number(1) }} times as many people
randomised{% if screened_ratio is not none %} and {{ screened_ratio | number(1) }} times as many
screened{% endif %}. {% endif %}What a signature promises in the trial it was learned in is
uncertain: plan by the cautious line, and let some people in whom it does not pick, or the next
trial cannot show whether it was right.</p>
{% endif %}
"""
