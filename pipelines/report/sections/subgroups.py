"""How held-out predictions did in parts of the people, where these are enough to say."""

from __future__ import annotations

from typing import Any

from pipelines.fit.results_folder import Results
from pipelines.words.blocks import block_words
from pipelines.words.metrics import METRICS
from signature.records.for_whom import BlockSubgroups, SubgroupGap, SubgroupLine
from signature.validation.subgroup_performance import FEWEST_OF_A_CLASS
from signature.validation.subgroup_performance import METRICS as MEASURED

TITLE = "For whom"
ORDER = 66


def summarize(results: Results) -> dict[str, Any] | None:
    """Collect the subgroups of each block; None where the experiment names none."""
    record = results.for_whom
    if record is None or not record.subgroups:
        return None
    found = {b.block: b for b in record.subgroups}
    return {
        "blocks": [
            {**block_words(block, results.evaluation), **_block(found[block.name], record.labels)}
            for block in results.blocks
            if block.name in found
        ],
        "fewest": FEWEST_OF_A_CLASS,
        "metrics": [
            {"name": m, "label": METRICS[m].label, "digits": METRICS[m].digits} for m in MEASURED
        ],
    }


def _block(found: BlockSubgroups, labels: dict[str, str]) -> dict[str, Any]:
    everybody = _line(found.everybody, labels)
    lines = [_line(line, labels) for line in found.lines]
    large = [line for line in lines if not line["suppressed"]]
    gaps = [_gap(gap, labels) for gap in found.gaps]
    compared = [g for g in gaps if g["apart"] is not None]
    return {
        "lines": [everybody, *lines],
        # without a subgroup to compare, nothing is drawn of everybody either
        "drawn": [everybody, *large] if large else [],
        "gaps": gaps,
        "compared": len(compared),
        "apart": sum(g["apart"] for g in compared),
        "by_chance": 0.05 * len(compared),
        "alike": [labels[c] for c in found.alike],
        "draws": found.draws,
    }


def _line(line: SubgroupLine, labels: dict[str, str]) -> dict[str, Any]:
    return {**line.model_dump(), "label": _label(line.column, line.level, labels)}


def _gap(gap: SubgroupGap, labels: dict[str, str]) -> dict[str, Any]:
    auroc = gap.metrics["auroc"]
    known = auroc.low is not None and auroc.high is not None
    return {
        "label": _label(gap.column, gap.level, labels),
        "against": _plain(gap.against),
        "metrics": {name: e.model_dump() for name, e in gap.metrics.items()},
        "apart": (auroc.low > 0 or auroc.high < 0) if known else None,  # type: ignore[operator]
    }


def _label(column: str, level: str, labels: dict[str, str]) -> str:
    return f"{labels[column]}: {_plain(level)}" if column else _plain(level).capitalize()


def _plain(level: str) -> str:
    return level.replace("_", " ")


def draw(summary: dict[str, Any]) -> dict[str, Any]:
    """Draw the AUROC by subgroup, with a line at everybody's."""
    from pipelines.report.plots import forest_figure

    figures = {}
    for block in summary["blocks"]:
        drawn = block["drawn"]
        if not drawn:
            continue
        figures[block["name"]] = forest_figure(
            [line["label"] for line in drawn],
            [line["metrics"]["auroc"] for line in drawn],
            reference=drawn[0]["metrics"]["auroc"]["value"],
            highlight=[True],
            along="AUROC within the subgroup, 95 % interval (dashed: everybody)",
            key=f"subgroups-{block['name']}",
            title=f"AUROC by subgroup, {block['title']}",
            description="One line per subgroup that is large enough: a point for the AUROC on "
            "held-out people, a bar for its 95 % interval. Everybody is on top, in the second "
            "colour, and marked by a dashed line.",
        )
    return figures


TEMPLATE = """
{% from "macros.html" import data_table, figure, block_heading %}
<p>The same held-out predictions, looked at in parts of the people. With fewer than {{ fewest }}
people with the event, or without it, a subgroup’s metrics would be chance, and are not given.
Subgroups are those that the experiment names; that somebody’s group is not among them does not mean
that the model does as well there.</p>
{% for block in blocks %}
{{ block_heading(block) }}
{% if block.compared %}
<p>{{ block.apart | count }} of {{ block.compared | count }} differences in AUROC between levels
have an interval that leaves 0 out; by chance alone it would be about
{{ block.by_chance | number(1) }}, as intervals are not corrected for their number. An interval that
holds 0 does not show that the model does equally well.</p>
{% endif %}
{% if block.alike %}
<p>All who were held out here are of one level of: {{ block.alike | join(", ") }}.</p>
{% endif %}
{% if block.name in figures %}
{% call figure(figures[block.name], "AUROC by subgroup, " ~ block.title) %}
{% call data_table("AUROC by subgroup, " ~ block.title, ["Subgroup", "AUROC", "Low", "High"]) %}
{% for line in block.drawn %}
<tr><th scope="row">{{ line.label }}</th><td>{{ line.metrics.auroc.value | number }}</td>
<td>{{ line.metrics.auroc.low | number }}</td><td>{{ line.metrics.auroc.high | number }}</td></tr>
{% endfor %}
{% endcall %}
{% endcall %}
{% endif %}
<div class="scroll" tabindex="0" role="region" aria-label="Subgroups, {{ block.title }}">
<table class="numeric"><caption>Held-out metrics by subgroup, {{ block.title }}</caption>
<thead><tr><th scope="col">Subgroup</th><th scope="col">People</th><th scope="col">Events</th>
{% for m in metrics %}<th scope="col">{{ m.label }}</th>{% endfor %}</tr></thead>
<tbody>
{% for line in block.lines %}
<tr{% if loop.first %} class="headline"{% endif %}><th scope="row">{{ line.label }}</th>
<td>{{ line.people | count }}</td>
{% if line.suppressed %}<td>–</td><td class="text" colspan="{{ metrics | length }}">not given:
{{ line.suppressed }}</td>
{% else %}<td>{{ line.events | count }}</td>
{% for m in metrics %}<td>{{ line.metrics[m.name].value | number(m.digits) }}
{% if line.metrics[m.name].low is not none %}
<small>{{ line.metrics[m.name].low | number(m.digits) }} to
{{ line.metrics[m.name].high | number(m.digits) }}</small>{% endif %}</td>{% endfor %}
{% endif %}</tr>
{% endfor %}
</tbody></table></div>
{% if block.gaps %}
{% call data_table("Differences between levels, " ~ block.title, ["Subgroup", "Minus",
"AUROC", "Calibration intercept", "Calibration slope"]) %}
{% for gap in block.gaps %}
<tr{% if gap.apart %} class="headline"{% endif %}><th scope="row">{{ gap.label }}</th>
<td class="text">{{ gap.against }}</td>
<td>{{ gap.metrics.auroc | estimate(2, true) }}</td>
<td>{{ gap.metrics.calibration_intercept | estimate(2, true) }}</td>
<td>{{ gap.metrics.calibration_slope | estimate(2, true) }}</td></tr>
{% endfor %}
{% endcall %}
{% endif %}
{% endfor %}
<ul>
<li>The AUROC counts pairs of a person with the event and one without it from the same subgroup and
the same held-out fold. That of everybody therefore need not equal the mean over folds that is given
elsewhere.</li>
<li>It also differs because people within some groups are more alike: a model may be as good there,
and have less to tell apart. Where a group’s event rate is another, its Brier score is, too.</li>
<li>A calibration intercept above 0 means that events in the group are more frequent than predicted,
below 0 less frequent.</li>
<li>Intervals are from {{ blocks[0].draws | count }} bootstrap samples of people, the fitted models
held fixed.</li>
</ul>
"""
