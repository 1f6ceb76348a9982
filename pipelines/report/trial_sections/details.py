"""What would be needed to do it again."""

from __future__ import annotations

from typing import Any

from pipelines.report.trial_results import TrialResults
from pipelines.report.trial_words import label

TITLE = "Details"
ORDER = 99


def summarize(results: TrialResults) -> dict[str, Any]:
    """Collect settings, versions and the source."""
    record = results.record
    experiment = record.experiment
    crossfitting = experiment["crossfitting"]
    return {
        "name": experiment["name"],
        "dataset": experiment["trial"]["dataset"],
        "endpoint": experiment["trial"]["endpoint"],
        "citation": record.citation,
        "seed": experiment["seed"],
        "missing": experiment["trial"]["missing"],
        "crossfitting": [
            {"name": name.replace("_", " "), "value": value} for name, value in crossfitting.items()
        ],
        "candidates": [experiment["candidates"]["headline"], *experiment["candidates"]["others"]],
        "features": [label(name, record) for name in record.labels],
        "code_version": record.code_version,
        "libraries": [{"name": n, "version": v} for n, v in record.environment.items()],
        "started": record.started,
        "seconds": record.seconds,
        "fingerprint": record.fingerprint,
    }


TEMPLATE = """
{% from "macros.html" import data_table %}
{% call data_table("Run", ["Setting", "Value"], false) %}
<tr><th scope="row">Experiment</th><td><code>experiments/{{ name }}.toml</code></td></tr>
<tr><th scope="row">Data set</th><td><code>{{ dataset }}</code>: {{ citation }}</td></tr>
<tr><th scope="row">Endpoint</th><td><code>{{ endpoint }}</code></td></tr>
<tr><th scope="row">Unknown outcomes</th><td>{{ missing }}</td></tr>
<tr><th scope="row">Candidates, the headline first</th><td>{{ candidates | join(", ") }}</td></tr>
<tr><th scope="row">Seed</th><td>{{ seed }}</td></tr>
{% for one in crossfitting %}
<tr><th scope="row">{{ one.name | sentence }}</th><td>{{ one.value }}</td></tr>
{% endfor %}
<tr><th scope="row">Code version</th><td>{{ code_version }}</td></tr>
<tr><th scope="row">Started</th><td>{{ started | moment }}, took {{ seconds | duration }}</td></tr>
<tr><th scope="row">Fingerprint of data and settings</th><td><code>{{ fingerprint }}</code></td>
</tr>
{% endcall %}
<details><summary>Features and libraries</summary>
<p>Features: {{ features | join("; ") }}.</p>
<p>Libraries: {% for one in libraries %}{{ one.name }} {{ one.version }}{{ ", " if not loop.last
}}{% endfor %}.</p>
</details>
"""
