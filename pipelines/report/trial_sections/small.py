"""What a small trial does not say, and why."""

from __future__ import annotations

from typing import Any

from pipelines.report.trial_results import TrialResults

TITLE = "What a trial of this size does not say"
ORDER = 95


def summarize(results: TrialResults) -> dict[str, Any] | None:
    """Collect what is withheld; None where the trial is not small."""
    size = results.record.size
    if not size.small:
        return None
    return {
        "people": sum(size.people.values()),
        "detectable": size.detectable_interaction,
        "reported": list(size.reported),
        "withheld": [{"what": one.what, "why": one.why} for one in size.not_reported],
    }


TEMPLATE = """
{% from "macros.html" import data_table %}
<p>With {{ people | count }} people analysed this report gives: {{ reported | join("; ") }}. It
stops there. A difference in effect must be {{ detectable | number(1) }} standard deviations of the
outcome per standard deviation of the marker to be found in four of five such trials.</p>
{% call data_table("Not reported", ["What", "Why"], false) %}
{% for one in withheld %}
<tr><th scope="row">{{ one.what | sentence }}</th><td>{{ one.why | sentence }}</td></tr>
{% endfor %}
{% endcall %}
"""
