"""Who was randomised, whose outcome is known, and what was done about the others (CONSORT 2010)."""

from __future__ import annotations

from typing import Any

from pipelines.report.trial_results import TrialResults
from pipelines.report.trial_words import label

TITLE = "Participants"
ORDER = 10


def summarize(results: TrialResults) -> dict[str, Any]:
    """Collect the numbers of a CONSORT diagram."""
    record = results.record
    balance = record.allocation
    return {
        "exclusions": [line.model_dump() for line in record.exclusions],
        "arms": [
            {
                "arm": arm.arm,
                "randomised": arm.randomised,
                "expected": balance.expected[arm.arm],
                "known": arm.known,
                "unknown": [{"reason": r, "people": n} for r, n in arm.unknown.items()],
                "analysed": arm.analysed,
            }
            for arm in record.flow
        ],
        "p": balance.p,
        "exact": balance.exact,
        "contradicts": balance.contradicts,
        "strata": [label(s, record) for s in record.experiment["trial"]["strata"]],
        "notes": record.notes,
        "dropped": [
            {"label": label(name, record), "why": why}
            for name, why in record.dropped_features.items()
        ],
    }


TEMPLATE = """
{% from "macros.html" import data_table %}
<p>Everybody counts in the arm to which they were randomised, whatever they took (intention to
treat).{% if strata %} Arms were dealt within: {{ strata | join(", ") }}.{% endif %}</p>
{% call data_table("Participants by arm", ["Arm", "Randomised", "Expected by the declared ratio",
"Outcome known", "Analysed", "Outcome not known because"], text=["Outcome not known because"]) %}
{% for arm in arms %}
<tr><th scope="row">{{ arm.arm }}</th><td>{{ arm.randomised | count }}</td>
<td>{{ arm.expected | number(1) }}</td><td>{{ arm.known | count }}</td>
<td>{{ arm.analysed | count }}</td>
<td class="text">{% for one in arm.unknown %}{{ one.reason }}: {{ one.people | count }}{{ "; " if
not loop.last }}{% else %}–{% endfor %}</td></tr>
{% endfor %}
{% endcall %}
<p>{% if contradicts %}<strong>The sizes of the arms contradict the declared ratio</strong>{% else
%}The sizes of the arms fit the declared ratio{% endif %} ({{ p | p_is }}, {{ "exact" if
exact else "chi-squared" }}){% if contradicts %}: check the ratio, and whether everybody who was
randomised is there{% endif %}.</p>
{% if exclusions %}
{% call data_table("Left out before", ["Reason", "People", "Left"]) %}
{% for line in exclusions %}
<tr><th scope="row">{{ line.reason | sentence }}</th><td>{{ line.removed | count }}</td>
<td>{{ line.left | count }}</td></tr>
{% endfor %}
{% endcall %}
{% endif %}
{% if notes %}<ul>{% for note in notes %}<li>{{ note | sentence }}</li>{% endfor %}</ul>{% endif %}
{% if dropped %}
<p>Features without use here: {% for one in dropped %}{{ one.label }} ({{ one.why }}){{ ", " if
not loop.last }}{% endfor %}.</p>
{% endif %}
"""
