"""The features: what was measured, in which unit, how much of it is missing or below the limit."""

from __future__ import annotations

from typing import Any

from pipelines.fit.results_folder import Results

TITLE = "Features"
ORDER = 20

CENSORED_MUCH = 0.6
"""Above this share below the limit a marker says little more than detected or not."""


def summarize(results: Results) -> dict[str, Any]:
    """Group the features, those known anyway first and the panel under question after them."""
    columns = sorted(results.launch.columns, key=lambda c: c.in_panel)
    groups: dict[tuple[bool, str], list[dict[str, Any]]] = {}
    for column in columns:
        record = column.model_dump()
        groups.setdefault((column.in_panel, column.group), []).append(record)
    return {
        "n_panel": sum(c.in_panel for c in columns),
        "n_baseline": sum(not c.in_panel for c in columns),
        "groups": [
            {"in_panel": in_panel, "group": group, "columns": members}
            for (in_panel, group), members in groups.items()
        ],
        "censored_much": [c.label for c in columns if c.below_limit > CENSORED_MUCH],
        "censored_limit": CENSORED_MUCH,
        "implausible": [
            {"label": c.label, "rows": c.out_of_range} for c in columns if c.out_of_range
        ],
    }


TEMPLATE = """
{% from "macros.html" import data_table %}
<p>{{ n_baseline | count }} features are known anyway and {{ n_panel | count }} belong to the panel
under
question. Percentiles are of the values that could be measured; a value below the detection limit is
counted, not replaced by a number.</p>
{% if implausible %}
<p class="failed">Outside the plausible range: {% for c in implausible %}{{ c.label }} in
{{ c.rows | count }} rows{{ ", " if not loop.last }}{% endfor %}. A code for “missing” that was read
as a number would look like this.</p>
{% endif %}
{% if censored_much %}
<p>Below the detection limit in more than {{ censored_limit | percent }} of rows, and so hardly more
than “detected or not”: {{ censored_much | join(", ") }}.</p>
{% endif %}
{% call data_table("Features by group", ["Feature", "Unit", "Missing", "Below limit",
"5th percentile",
"25th", "Median", "75th", "95th"]) %}
{% for g in groups %}
<tr class="group"><th scope="rowgroup" colspan="9">{{ g.group | sentence }} –
{{ "panel under question" if g.in_panel else "known anyway" }}</th></tr>
{% for c in g.columns %}
<tr><th scope="row">{{ c.label }}</th><td class="text">{{ c.unit }}</td><td>{{ c.missing | percent
}}</td>
<td>{{ c.below_limit | percent }}</td>
{% if c.quantiles %}{% for q in c.quantiles %}<td>{{ q | quantity }}</td>{% endfor %}
{% else %}<td colspan="5">no percentiles</td>{% endif %}</tr>
{% endfor %}
{% endfor %}
{% endcall %}
"""
