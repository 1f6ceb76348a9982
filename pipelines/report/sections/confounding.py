"""Whether held-out predictions say more of the outcome than the named confounders do."""

from __future__ import annotations

from typing import Any

from pipelines.fit.results_folder import Results
from pipelines.words.blocks import TITLES

TITLE = "Beyond the confounders"
ORDER = 53

ALPHA = 0.05


def summarize(results: Results) -> dict[str, Any] | None:
    """Collect the test, or why there is none; None in folders of an older run."""
    if results.for_whom is None:
        return None
    told = results.for_whom.confounding
    found = told.found
    return {
        "where": TITLES[results.evaluation.headline.name],
        "confounders": list(told.confounders),
        "within_site": told.within_site,
        "reason": told.reason,
        "found": None if found is None else found.model_dump(),
        "shown": found is not None and found.p_value < ALPHA,
        # as many permutations again could have said otherwise
        "close": found is not None and found.p_low < ALPHA <= found.p_high,
        "foretold": None if found is None or found.explained is None else max(0, found.explained),
        "lines": []
        if found is None or found.given.value is None
        else [
            {"label": "Alone", "estimate": found.alone.model_dump()},
            {"label": "Given the confounders", "estimate": found.given.model_dump()},
        ],
    }


def draw(summary: dict[str, Any]) -> dict[str, Any]:
    """Draw the prediction's coefficient without and with the confounders."""
    from pipelines.report.plots import forest_figure

    lines = summary["lines"]
    if not lines:
        return {}
    svg = forest_figure(
        [line["label"] for line in lines],
        [line["estimate"] for line in lines],
        highlight=[False, True],
        height=1.35,
        along="log-odds of the event per SD of the prediction, 95 % interval",
        key="confounding-given",
        title="What the prediction says, alone and given the confounders",
        description="Two points with bars for their 95 % intervals: by how much the event’s "
        "log-odds rise per standard deviation of the prediction, alone and with the "
        "confounders held fixed. At the dashed line, 0, it says nothing.",
    )
    return {"given": svg}


TEMPLATE = """
{% from "macros.html" import data_table, figure %}
{% if confounders %}
<p>Named as confounders, which may lie behind both markers and outcome:
{{ confounders | join(", ") }}{{ ", and the site" if within_site }}.</p>
{% endif %}
{% if reason %}
<p><strong>Not tested: {{ reason }}.</strong> What age, sex, body size, smoking or medication do to
markers and outcome alike has not been told apart from what the predictions say.</p>
{% else %}
<p><strong>{% if shown %}Beyond the named confounders, a higher held-out prediction still went with
more events{% else %}That held-out predictions tell anything beyond the named confounders was not
shown{% endif %}</strong> ({{ where }}; {{ found.people | count }} people,
{{ found.events | count }} with the event; one-sided permutation test, p =
{{ found.p_value | number(4) }}{% if close %}; more permutations could put it on the other side of
0.05: its interval is {{ found.p_low | number(4) }} to {{ found.p_high | number(4) }}{% endif %}).
{% if foretold is none %}Everybody got the same prediction.
{% else %}In held-out people the confounders foretell {{ foretold | percent }} of the variance of
the prediction’s log-odds.{% endif %}
{% if found.fixed %}{{ found.fixed | count }} people had nobody at their site to trade places with.
{% endif %}</p>
{% if lines %}
{% call figure(figures["given"], "Log-odds of the event per standard deviation of the prediction")
%}
{% call data_table("Log-odds per standard deviation of the prediction", ["The prediction",
"Estimate", "Low", "High"]) %}
{% for line in lines %}
<tr><th scope="row">{{ line.label }}</th><td>{{ line.estimate.value | number(2) }}</td>
<td>{{ line.estimate.low | number(2) }}</td><td>{{ line.estimate.high | number(2) }}</td></tr>
{% endfor %}
{% endcall %}
{% endcall %}
{% elif foretold is not none %}
<p>There is no estimate of how much: the confounders leave nothing of the predictions, or both
together separate people with the event from others.</p>
{% endif %}
<ul>
<li>The predictions are those of the whole procedure, which sees all baseline features. What the
panel adds to these is another question: see “Added value over the reference”.</li>
<li>Only what is named is adjusted for, as it was recorded, by straight lines
{{- " and squares" if found.squares }}. A small p does not exclude a confounder that nobody named,
or one that was measured coarsely.</li>
<li>The test is conservative, much so where people are few or the model was itself given the
confounders. A large p does not prove that the confounders account for the predictions.</li>
</ul>
{% endif %}
"""
