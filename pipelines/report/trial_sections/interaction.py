"""The one test that decides, and the tables that only describe: named markers and all markers."""

from __future__ import annotations

from typing import Any

from pipelines.report.trial_results import TrialResults
from pipelines.report.trial_words import benefit_of, decimals, label, unit_of_difference

TITLE = "Who gains more: the test"
ORDER = 30

MOST_DRAWN = 15


def summarize(results: TrialResults) -> dict[str, Any]:
    """Collect the headline test, its control, and the interactions of markers."""
    record = results.record
    some = record.headline or (record.named[0].test if record.named else None)
    scale = some.scale if some else "outcome"
    rows = []
    if record.markers is not None:
        rows = [
            {
                "label": label(row.marker, record),
                **benefit_of(row.test, record),
                "p_family": row.p_family,
                "size": abs(row.test.statistic),
            }
            for row in record.markers.rows
        ]
        rows.sort(key=lambda row: -float(row["size"]))
    return {
        "small": record.size.small,
        "treated": record.treated,
        "control": record.arms[0],
        "unit": unit_of_difference(record, scale),
        "digits": decimals(record, scale),
        "predictive": record.claim.predictive,
        "headline": None if record.headline is None else benefit_of(record.headline, record),
        "control_score": None
        if record.control_score is None
        # the prognosis is of the outcome: where lower is better, a high one is bad
        else benefit_of(record.control_score, record),
        "named": [
            {"label": label(one.marker, record), **benefit_of(one.test, record)}
            for one in record.named
        ],
        "rows": rows,
        "drawn": rows[:MOST_DRAWN],
        "family": len(rows),
        "found": sum(row["p_family"] <= 0.05 for row in rows),
        "left_out": []
        if record.markers is None
        else [
            {"label": label(name, record), "why": why}
            for name, why in record.markers.left_out.items()
        ],
    }


def draw(summary: dict[str, Any]) -> dict[str, Any]:
    """Draw additional benefit by marker, the clearest on top."""
    from pipelines.report.plots import forest_figure

    drawn = summary["drawn"]
    if not drawn:
        return {}
    svg = forest_figure(
        [row["label"] for row in drawn],
        drawn,
        highlight=[row["p_family"] <= 0.05 for row in drawn],
        along=f"Additional benefit per SD of the marker ({summary['unit']}), 95 % interval",
        key="interaction-markers",
        title="Additional benefit by marker",
        description="One line per marker, the largest statistic on top: a point for the "
        "additional benefit of treatment per standard deviation of the marker, a bar for its "
        "95 % interval, which is not corrected for the number of markers. The second colour "
        "marks those whose corrected p is at most 0.05; a dashed line stands at no difference.",
    )
    return {"markers": svg}


TEMPLATE = """
{% from "macros.html" import data_table, figure %}
<p>Numbers are <em>additional benefit</em> of {{ treated }} over {{ control }} ({{ unit }}) per
standard deviation of a score: above 0 where people with more of it gain more.</p>
{% if small %}
<p>Only markers that were named before are tested, and no signature.</p>
{% elif headline is none %}
<p>There was no headline test: the learner predicts the same benefit for everybody.</p>
{% else %}
{% call data_table("The test that decides, and its control", ["Score", "Additional benefit", "p",
"Monte Carlo interval of p"]) %}
<tr class="headline"><th scope="row">Predicted benefit, held out: decides</th>
<td>{{ headline | estimate(digits, true) }}</td><td>{{ headline.p | p_value }}</td>
<td>{{ headline.p_low | number(3) }} to {{ headline.p_high | number(3) }}</td></tr>
{% if control_score is not none %}
<tr><th scope="row">Predicted outcome, held out: control</th>
<td>{{ control_score | estimate(digits, true) }}</td><td>{{ control_score.p | p_value }}</td>
<td>{{ control_score.p_low | number(3) }} to {{ control_score.p_high | number(3) }}</td></tr>
{% endif %}
{% endcall %}
<p>The first line decides about the word <em>predictive</em>, and it alone; its p-value is from
{{ headline.how }}, the learning repeated in each. The second asks whether those with a higher
predicted outcome gain more or less whatever the panel says of benefit: a difference in risk may
be all that there is.</p>
{% endif %}
{% if named %}
{% call data_table("Markers named before the analysis", ["Marker", "Additional benefit", "p",
"Monte Carlo interval of p"]) %}
{% for one in named %}
<tr><th scope="row">{{ one.label }}</th><td>{{ one | estimate(digits, true) }}</td>
<td>{{ one.p | p_value }}</td>
<td>{{ one.p_low | number(3) }} to {{ one.p_high | number(3) }}</td></tr>
{% endfor %}
{% endcall %}
<p>Each is one hypothesis with its own p-value{{ ", not corrected for their number" if named |
length > 1 }}. A small one is a reason to test this marker in the next trial{% if not predictive
%}; it does not make this result predictive{% endif %}.</p>
{% endif %}
{% if rows %}
{% call figure(figures.markers, "Additional benefit by marker, the clearest on top") %}
{% call data_table("All markers", ["Marker", "Additional benefit", "p alone", "p corrected"]) %}
{% for row in rows %}
<tr{% if row.p_family <= 0.05 %} class="headline"{% endif %}><th scope="row">{{ row.label }}</th>
<td>{{ row | estimate(digits, true) }}</td><td>{{ row.p | p_value }}</td>
<td>{{ row.p_family | p_value }}</td></tr>
{% endfor %}
{% endcall %}
{% endcall %}
<p>{{ found | count }} of {{ family | count }} markers have a corrected p of at most 0.05. Corrected
means: if no marker made a difference, at most one trial in twenty would have even one of them so
low (Westfall and Young 1993). Intervals are of each marker alone.</p>
{% endif %}
{% if left_out %}
<p>Not tested: {% for one in left_out %}{{ one.label }} ({{ one.why }}){{ ", " if not loop.last
}}{% endfor %}.</p>
{% endif %}
"""
