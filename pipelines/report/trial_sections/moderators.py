"""The effect in groups of people that the experiment names."""

from __future__ import annotations

from typing import Any

from pipelines.report.trial_results import TrialResults
from pipelines.report.trial_words import decimals, flipped, unit_of_difference
from signature.effect.trial_record import NamedModerator, TrialRecord

TITLE = "Named groups"
ORDER = 40


def summarize(results: TrialResults) -> dict[str, Any] | None:
    """Collect effects by level; None where the experiment names no groups."""
    record = results.record
    if not record.moderators:
        return None
    scale = record.moderators[0].found.scale
    groups = [_group(one, record) for one in record.moderators]
    return {
        "control": record.arms[0],
        "treated": record.treated,
        "unit": unit_of_difference(record, scale),
        "digits": decimals(record, scale),
        "groups": groups,
        "drawn": [
            {"label": f"{group['label']}: {level['level']}", **level}
            for group in groups
            for level in group["levels"]
            if level["value"] is not None
        ],
        "several": len(groups) > 1,
    }


def _group(one: NamedModerator, record: TrialRecord) -> dict[str, Any]:
    found = one.found
    return {
        "label": one.label,
        "unknown": found.unknown,
        "difference": flipped(
            found.difference, found.difference_low, found.difference_high, record
        ),
        "p": found.p,
        "p_low": found.p_low,
        "p_high": found.p_high,
        "how": found.how,
        "levels": [
            {
                "level": level.level.replace("_", " "),
                "people": level.people,
                **flipped(level.effect, level.low, level.high, record),
            }
            for level in found.levels
        ],
    }


def draw(summary: dict[str, Any]) -> dict[str, Any]:
    """Draw the benefit by level."""
    from pipelines.report.plots import forest_figure

    drawn = summary["drawn"]
    if not drawn:
        return {}
    svg = forest_figure(
        [line["label"] for line in drawn],
        drawn,
        length=40,
        along=f"Benefit ({summary['unit']}), 95 % interval",
        key="moderators-levels",
        title="Benefit by named group",
        description="One line per level that has enough people in both arms: a point for the "
        "benefit of treatment over control, a bar for its 95 % interval; a dashed line stands "
        "at no benefit.",
    )
    return {"levels": svg}


TEMPLATE = """
{% from "macros.html" import data_table, figure %}
<p>Hypotheses that the experiment’s file names, tested one by one{{ " and not corrected for their
number" if several }}. Read the difference between levels and its p-value; that one level’s interval
leaves 0 out and another’s does not is no difference between them.</p>
{% if figures %}
{% call figure(figures.levels, "Benefit of " ~ treated ~ " over " ~ control ~ " by named group") %}
{% call data_table("Benefit by level (" ~ unit ~ ")", ["Group", "Benefit", "Low", "High"]) %}
{% for line in drawn %}
<tr><th scope="row">{{ line.label }}</th><td>{{ line.value | number(digits, true) }}</td>
<td>{{ line.low | number(digits, true) }}</td><td>{{ line.high | number(digits, true) }}</td></tr>
{% endfor %}
{% endcall %}
{% endcall %}
{% endif %}
{% for group in groups %}
{% call data_table(group.label ~ ": benefit by level (" ~ unit ~ ")", ["Level", control, treated,
"Benefit"]) %}
{% for level in group.levels %}
<tr><th scope="row">{{ level.level | sentence }}</th><td>{{ level.people[control] | count }}</td>
<td>{{ level.people[treated] | count }}</td>
<td>{% if level.value is none %}too few people{% else %}{{ level | estimate(digits, true) }}{% endif
%}</td></tr>
{% endfor %}
{% endcall %}
<p>{% if group.p is none %}{{ group.how | sentence }}.{% else %}{% if
group.difference.value is not none %}Benefit in the second level less that in the first:
<strong>{{ group.difference | estimate(digits, true) }}</strong>, {% else %}The same benefit in all
levels: {% endif %}{{ group.p | p_is }} ({{ group.p_low | number(3) }} to
{{ group.p_high | number(3) }}; {{ group.how }}).{% endif %}{% if group.unknown %} The level of
{{ group.unknown | count }} is not known; they are left out.{% endif %}</p>
{% endfor %}
"""
