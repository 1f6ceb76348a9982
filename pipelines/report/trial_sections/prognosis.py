"""Whether the panel foretells the outcome, whatever the arm, beyond what is known anyway."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from pipelines.report.trial_results import TrialResults

TITLE = "Prognosis, whatever the arm"
ORDER = 70


def summarize(results: TrialResults) -> dict[str, Any] | None:
    """Collect how much of the outcome is foretold; None where nothing was learned."""
    found = results.record.prognosis
    if found is None:
        return None
    return {
        "people": found.people,
        "lines": [
            {"name": "baseline alone", **asdict(found.baseline)},
            {"name": "baseline and panel", **asdict(found.panel)},
            {"name": "gain by the panel", **asdict(found.gain)},
        ],
        "adds": found.adds,
    }


TEMPLATE = """
{% from "macros.html" import data_table %}
<p>Predicted in held-out people without regard to treatment, in {{ people | count }} people.
{% if adds %}The panel foretells something of the outcome that the baseline does not.{% else %}The
panel was not shown to foretell anything of the outcome that the baseline does
not.{% endif %} This earns or loses the word <em>prognostic</em>; it says nothing of who gains from
treatment.</p>
{% call data_table("Share of the outcome’s variance within arms that is explained",
["Predicted from", "Share explained"]) %}
{% for line in lines %}
<tr{% if loop.last %} class="headline"{% endif %}><th scope="row">{{ line.name | sentence }}</th>
<td>{{ line | estimate(3, true) }}</td></tr>
{% endfor %}
{% endcall %}
<p>1 would be perfect, 0 is no better than the mean of the arm, and below 0 the predictions are
worse than that mean.</p>
"""
