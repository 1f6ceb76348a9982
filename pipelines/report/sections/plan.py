"""How many people the question takes, and what more of them would buy."""

from __future__ import annotations

from typing import Any

from pipelines.fit.results_folder import Results

TITLE = "How many people it takes"
ORDER = 72

_MEASURES = {
    "auroc": "AUROC",
    "observed_over_expected": "Observed over expected events",
    "calibration_slope": "Calibration slope",
    "net_benefit": "Net benefit, standardised",
}


def summarize(results: Results) -> dict[str, Any] | None:
    """Collect the plan; None where it was not asked for."""
    found = results.plan
    if found is None:
        return None
    told = found.model_dump()
    for measure in told["validation"]["measures"]:
        measure["label"] = _MEASURES[measure["measure"]]
    if told["curve"]:
        for size in told["curve"]["sizes"]:
            half = 1.96 * size["standard_error"]
            size["estimate"] = {
                "value": size["auroc"],
                "low": max(0.0, size["auroc"] - half),
                "high": min(1.0, size["auroc"] + half),
            }
    return told


TEMPLATE = """
{% from "macros.html" import data_table %}
<p>For an AUROC of {{ development.auroc | number(2) }} in new people
({{ "the experiment’s gate" if development.auroc_from == "gate" else "asked for" }}), an event rate
of {{ development.event_rate | percent }} and {{ development.parameters | count }} parameters,
developing a model takes <strong>{{ development.people_needed | count }} people</strong>; there are
{{ development.people | count }}. That is for unpenalised effects, which from these people would
have to be multiplied by {{ development.shrinkage | number(2) }}.</p>
{% call data_table("Criteria for developing a model (Riley 2020)", ["People", "Events",
"Events per parameter", "So that"], false) %}
{% for c in development.criteria %}
<tr><th scope="row">{{ c.people | count }}</th><td>{{ c.events | number(0) }}</td>
<td>{{ c.events_per_parameter | number(1) }}</td><td>{{ c.rule }}</td></tr>
{% endfor %}
{% endcall %}
<p>A test on {{ validation.people | count }} people can be expected to be this precise, if the model
is calibrated and ranks so:</p>
{% call data_table("Precision of the test", ["Measure", "95 % interval to be expected",
"Wanted width", "People needed for it"], false) %}
{% for m in validation.measures %}
<tr><th scope="row">{{ m.label }}</th><td>{{ m.expected.low | number(2) }} to
{{ m.expected.high | number(2) }}</td><td>{{ m.target_width | number(2) }}</td>
<td>{{ m.people_needed | count }}</td></tr>
{% endfor %}
{% endcall %}
{% if curve %}
<h3>What more people would buy</h3>
<p>The same models, trained on subsets of each fold’s training people: {{ curve.fits | count }} fits
({{ curve.settings }}). Beyond the people there are, this is extrapolated, and a curve that does not
fall is assumed: a gain’s lower end is no evidence of one.</p>
{% call data_table("AUROC on held-out people by training people", ["Trained on", "AUROC"]) %}
{% for size in curve.sizes %}
<tr><th scope="row">{{ size.people | number(0) }}</th><td>{{ size.estimate | estimate }}</td></tr>
{% endfor %}
{% endcall %}
{% call data_table("With more people", ["More people", "AUROC", "Gain"]) %}
{% for m in curve.more %}
<tr><th scope="row">+{{ m.more | count }}</th><td>{{ m.auroc | estimate }}</td>
<td>{{ m.gain | estimate(3, true) }}</td></tr>
{% endfor %}
{% endcall %}
{% else %}
<p>There is no learning curve: {{ no_curve }}.</p>
{% endif %}
"""
