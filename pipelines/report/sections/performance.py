"""Every candidate on held-out people, by every metric."""

from __future__ import annotations

from typing import Any

from pipelines.fit.results_folder import Results
from pipelines.words.blocks import block_words
from pipelines.words.metrics import METRICS
from signature.records.results import Estimate

TITLE = "Performance"
ORDER = 40

_PARTS = {
    "headline": "the procedure",
    "reference": "the reference",
    "contender": "contender",
    "reference candidate": "reference candidate",
    "baseline": "baseline",
}


def summarize(results: Results) -> dict[str, Any]:
    """Collect candidates by block, the headline block first, and the procedure on top."""
    order = list(_PARTS)
    labels = results.candidate_labels()
    undefined = Estimate(value=None).model_dump()
    blocks = []
    for block in results.blocks:
        candidates = sorted(block.candidates, key=lambda c: order.index(c.part))
        blocks.append(
            {
                **block_words(block, results.evaluation),
                "rows": block.n_rows,
                "people": block.n_people,
                "events": block.n_events,
                "share": block.n_events / block.n_rows if block.n_rows else None,
                "scheme": block.scheme,
                "test": None if block.test is None else block.test.model_dump(),
                "fold_means": None if block.fold_means is None else block.fold_means.model_dump(),
                "best": None if block.best is None else block.best.model_dump(),
                "best_label": "" if block.best is None else labels[block.best.best],
                "weighted": None if block.weighted is None else block.weighted.model_dump(),
                "candidates": [
                    {
                        "name": c.name,
                        "label": c.label,
                        "part": _PARTS[c.part],
                        "is_headline": c.part == "headline",
                        "metrics": {
                            m: c.metrics[m].model_dump() if m in c.metrics else undefined
                            for m in METRICS
                        },
                    }
                    for c in candidates
                ],
            }
        )
    return {
        "blocks": blocks,
        "metrics": [
            {"name": m, "label": words.label, "meaning": words.meaning, "digits": words.digits}
            for m, words in METRICS.items()
        ],
        "bootstraps": results.evaluation.bootstraps,
    }


def draw(summary: dict[str, Any]) -> dict[str, Any]:
    """Draw the AUROC of every candidate with its interval."""
    from pipelines.report.plots import forest_figure

    figures = {}
    for block in summary["blocks"]:
        candidates = block["candidates"]
        figures[block["name"]] = forest_figure(
            [c["label"] for c in candidates],
            [c["metrics"]["auroc"] for c in candidates],
            reference=0.5,
            highlight=[c["is_headline"] for c in candidates],
            length=32,
            height=0.8 + 0.3 * len(candidates),
            along="AUROC on held-out people, 95 % interval (dashed: coin toss)",
            key=f"performance-{block['name']}",
            title=f"AUROC by candidate, {block['title']}",
            description="One line per candidate: a point for the AUROC on held-out people, "
            "a bar for its 95 % interval. The procedure is on top, in the second colour.",
        )
    return figures


TEMPLATE = """
{% from "macros.html" import data_table, figure, block_heading %}
<p>The procedure is what a user would get: in each fold it takes the contender that the inner folds
prefer. Contenders are listed to explain it, baselines are there to be beaten. Intervals are 95 %,
from {{ bootstraps | count }} bootstrap samples.</p>
{% for block in blocks %}
{{ block_heading(block) }}
<p>{{ block.scheme | sentence }}: {{ block.rows | count }} rows of {{ block.people | count }}
people,
{{ block.events | count }} events ({{ block.share | percent }}).</p>
{% call figure(figures[block.name], "AUROC by candidate, " ~ block.title) %}
{% call data_table("AUROC, " ~ block.title, ["Candidate", "AUROC", "Low", "High"]) %}
{% for c in block.candidates %}
<tr{% if c.is_headline %} class="headline"{% endif %}><th scope="row">{{ c.label }}</th>
<td>{{ c.metrics.auroc.value | number }}</td><td>{{ c.metrics.auroc.low | number }}</td>
<td>{{ c.metrics.auroc.high | number }}</td></tr>
{% endfor %}
{% endcall %}
{% endcall %}
<div class="scroll" tabindex="0" role="region" aria-label="All metrics, {{ block.title }}">
<table class="numeric">
<caption>All metrics, {{ block.title }}</caption>
<thead><tr><th scope="col">Candidate</th>
{% for m in metrics %}<th scope="col">{{ m.label }}</th>{% endfor %}</tr></thead>
<tbody>
{% for c in block.candidates %}
<tr{% if c.is_headline %} class="headline"{% endif %}>
<th scope="row">{{ c.label }}<small class="note"> – {{ c.part }}</small></th>
{% for m in metrics %}
<td>{{ c.metrics[m.name].value | number(m.digits) }}
{% if c.metrics[m.name].low is not none and c.metrics[m.name].high is not none %}
<small>{{ c.metrics[m.name].low | number(m.digits) }} to
{{ c.metrics[m.name].high | number(m.digits) }}</small>
{% endif %}</td>
{% endfor %}
</tr>
{% endfor %}
</tbody>
</table>
</div>
{% set kinds = [block.test, block.fold_means, block.best, block.weighted] %}
{% if kinds | select | list %}
<ul>
{% if block.test %}
<li>One model was tested once. By DeLong's method its AUROC is {{ block.test.auroc | estimate(3) }},
and its difference to the reference {{ block.test.difference | estimate(3, true) }}
(p {{ block.test.p_value | number(3) }}).</li>
{% endif %}
{% if block.fold_means %}
<li>Of the procedure on other samples of this size rather than of these models: AUROC
{{ block.fold_means.auroc | estimate(3) }}, difference to the reference
{{ block.fold_means.difference | estimate(3, true) }} (Nadeau and Bengio's interval over
{{ block.fold_means.folds }} folds{% if block.fold_means.undefined %},
{{ block.fold_means.undefined }} of them without an AUROC{% endif %}).</li>
{% endif %}
{% if block.best %}
<li>Choosing the best of {{ block.best.contenders }} contenders after the fact would claim
{{ block.best.naive | number(3) }} over all rows ({{ block.best_label }}); corrected for that choice
it is {{ block.best.corrected | estimate(3) }}. The procedure needs no such correction.</li>
{% endif %}
{% if block.weighted %}
<li>With survey weights ({{ block.weighted.effective_people | number(0) }} people of equal weight
would tell as much; event rate {{ block.weighted.event_rate | percent }}): AUROC
{{ block.weighted.procedure.auroc | estimate(3) }} with the panel,
{{ block.weighted.reference.auroc | estimate(3) }} without, difference
{{ block.weighted.difference.auroc | estimate(3, true) }}; calibration slope
{{ block.weighted.procedure.calibration_slope | estimate(2) }}. Strata and sampling units are not in
these intervals.</li>
{% endif %}
</ul>
{% endif %}
{% endfor %}
<h3>How to read the metrics</h3>
<ul>
{% for m in metrics %}<li><strong>{{ m.label }}</strong>: {{ m.meaning }}.</li>{% endfor %}
</ul>
"""
