"""The effect among all who were randomised, arm by arm."""

from __future__ import annotations

from typing import Any

from pipelines.trials.direction import good, unit_of_difference
from pipelines.trials.report import TrialResults
from signature.effect.estimate import Estimate

TITLE = "Average effect"
ORDER = 20


def summarize(results: TrialResults) -> dict[str, Any]:
    """Collect the average benefit of each arm over control."""
    record = results.record
    return {
        "control": record.arms[0],
        "endpoint": record.endpoint["label"],
        "definition": record.endpoint["definition"],
        "good": good(record),
        "unit": unit_of_difference(record),
        "adjusted": any(one.adjusted is not None for one in record.average),
        "arms": [
            {
                "arm": one.arm,
                "unadjusted": _shown(one.unadjusted),
                "adjusted": None if one.adjusted is None else _shown(one.adjusted),
            }
            for one in record.average
        ],
    }


def _shown(found: Estimate) -> dict[str, float | None]:
    return {"value": found.value, "low": found.low, "high": found.high, "p": found.p}


TEMPLATE = """
{% from "macros.html" import data_table %}
<p>{{ definition }} Of this outcome {{ good }}. A benefit above 0 means that the arm did better than
{{ control }}.</p>
{% call data_table("Average benefit over " ~ control ~ " (" ~ unit ~ ")", ["Arm",
"Difference of means", "p"] + (["Adjusted", "p"] if adjusted else [])) %}
{% for one in arms %}
<tr><th scope="row">{{ one.arm }}</th><td>{{ one.unadjusted | estimate(2, true) }}</td>
<td>{{ one.unadjusted.p | p_value }}</td>
{% if adjusted %}<td>{{ one.adjusted | estimate(2, true) }}</td>
<td>{{ one.adjusted.p | p_value }}</td>{% endif %}</tr>
{% endfor %}
{% endcall %}
{% if adjusted %}
<p>Adjusted: augmented by outcome predictions for each arm from models that had not seen the person,
with the declared allocation probabilities (AIPW). It is of the same effect, and mostly more
precise.</p>
{% endif %}
"""
