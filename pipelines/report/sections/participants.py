"""Who is in the analysis, who is not and why, and from where."""

from __future__ import annotations

from typing import Any

from pipelines.fit.results_folder import Results

TITLE = "Participants"
ORDER = 10


def summarize(results: Results) -> dict[str, Any]:
    """Collect the flow of exclusions, the sites and the features that were dropped."""
    launch = results.launch
    flow = [line.model_dump() for line in launch.flow]
    start = flow[0]["left"] + flow[0]["removed"] if flow else launch.n_rows
    return {
        "start": start,
        "flow": flow,
        "removed": sum(line["removed"] for line in flow),
        "rows": launch.n_rows,
        "people": launch.n_people,
        "events": launch.n_events,
        "share": launch.n_events / launch.n_rows if launch.n_rows else None,
        "sites": [
            s.model_dump() | {"share": s.events / s.n if s.n else None} for s in launch.sites
        ],
        "dropped": [{"name": n, "reason": r} for n, r in launch.dropped_features.items()],
        "outcome": launch.outcome,
        "citation": launch.citation,
    }


TEMPLATE = """
{% from "macros.html" import data_table %}
<p><strong>Outcome:</strong> {{ outcome.label | sentence }}. {{ outcome.definition }}
An event means that a person {{ outcome.event }}; no event, that a person {{ outcome.no_event
}}.</p>
<p><strong>Data:</strong> {{ citation }}</p>
{% call data_table("From the records to the analysis, in rows", ["Step", "Removed", "Left"]) %}
<tr><th scope="row">In the records</th><td></td><td>{{ start | count }}</td></tr>
{% for line in flow %}
<tr><th scope="row">{{ line.reason }}</th><td>{{ line.removed | count }}</td>
<td>{{ line.left | count }}</td></tr>
{% endfor %}
<tr class="headline"><th scope="row">Analysed</th><td>{{ removed | count }}</td>
<td>{{ rows | count }}</td></tr>
{% endcall %}
<p>The {{ rows | count }} rows are of {{ people | count }} people, with {{ events | count }} events
({{ share | percent }}).</p>
{% if sites %}
{% call data_table("Sites", ["Site", "Rows", "Events", "Share of events"]) %}
{% for s in sites %}
<tr><th scope="row">{{ s.site }}</th><td>{{ s.n | count }}</td><td>{{ s.events | count }}</td>
<td>{{ s.share | percent }}</td></tr>
{% endfor %}
{% endcall %}
{% endif %}
{% if dropped %}
{% call data_table("Features that were asked for and left out", ["Feature", "Reason"], false) %}
{% for d in dropped %}
<tr><th scope="row">{{ d.name }}</th><td>{{ d.reason }}</td></tr>
{% endfor %}
{% endcall %}
{% else %}
<p>No feature that was asked for was left out.</p>
{% endif %}
"""
