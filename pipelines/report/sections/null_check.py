"""What the whole procedure finds where nothing is to be found."""

from __future__ import annotations

import math
from typing import Any

from pipelines.fit.results_folder import Results
from pipelines.words.blocks import TITLES

TITLE = "With shuffled outcomes"
ORDER = 55

BIN_WIDTH = 0.02
"""Of the histogram, in units of the AUROC."""


def summarize(results: Results) -> dict[str, Any] | None:
    """Collect what the shuffled runs found; None where there were none."""
    found = results.null_check
    if found is None:
        return None
    told, evaluation = results.experiment, results.evaluation
    real = found.comparison
    current = (
        found.run_fingerprint == results.launch.fingerprint
        and found.contenders == told.candidates.contenders
        and found.references == told.candidates.references
        and (real is None or real.headline_auroc == evaluation.verdict.auroc.value)
    )
    known = [value for value in found.aurocs if value is not None]
    return {
        "current": current,
        "command": f"python -m pipelines.null_check experiments/{found.experiment}.toml "
        f"--runs {found.runs}",
        "runs": found.runs,
        "repeats": found.repeats,
        "own_repeats": told.validation.repeats,
        "trials": found.trials,
        "own_trials": found.own_trials,
        "within": " and ".join(found.within),
        "people": found.n_people,
        "fixed": found.n_fixed,
        "block": TITLES[found.block],
        "two_blocks": len(results.blocks) > 1,
        "selections": [check.model_dump() for check in found.selections],
        "adds": found.adds.model_dump(),
        "auroc": None if found.auroc is None else found.auroc.model_dump(),
        "difference": None if found.difference is None else found.difference.model_dump(),
        "undefined": found.runs - len(known),
        "bins": _bins(known),
        "real": None if real is None else real.model_dump(),
        "smallest_p": 1 / (found.runs + 1),
        "not_compared": found.not_compared,
    }


def _bins(values: list[float]) -> list[dict[str, float]]:
    """Count runs by AUROC, from the lowest bin that holds any to the highest."""
    # the small number keeps a value that lies on an edge in the bin that begins there
    where = [math.floor(value / BIN_WIDTH + 1e-9) for value in values]
    return [
        {"start": i * BIN_WIDTH, "stop": (i + 1) * BIN_WIDTH, "n": where.count(i)}
        for i in (range(min(where), max(where) + 1) if where else ())
    ]


def draw(summary: dict[str, Any]) -> dict[str, Any]:
    """Draw the histogram of the shuffled runs' AUROC, and where the real run lies."""
    from pipelines.report.figures import GRID, MAIN, MUTED, PALE, SECOND, canvas, to_svg

    bins, real = summary["bins"], summary["real"]
    if not bins:
        return {}
    with canvas(2.6) as (figure, axes):
        axes.bar(
            [b["start"] for b in bins],
            [b["n"] for b in bins],
            BIN_WIDTH,
            align="edge",
            color=PALE,
            edgecolor=MAIN,
            linewidth=0.8,
            label="shuffled outcomes",
        )
        axes.axvline(0.5, color=MUTED, linewidth=1, linestyle=(0, (3, 2)))
        if real is not None:
            axes.axvline(real["auroc"], color=SECOND, linewidth=2, label="the outcomes as they are")
        axes.yaxis.get_major_locator().set_params(integer=True)
        axes.set_ylabel("runs")
        axes.grid(axis="y", color=GRID)
        figure.supxlabel("AUROC on held-out people (dashed: coin toss)", fontsize=9)
        figure.legend(loc="outside upper left", ncols=2)
        svg = to_svg(
            figure,
            key="null_check-auroc",
            title="AUROC with shuffled outcomes",
            description=f"A histogram of the AUROC of {summary['runs']} runs on shuffled outcomes"
            + (
                "; a line in the second colour marks the run on the outcomes as they are."
                if real is not None
                else "."
            ),
        )
    return {"auroc": svg}


TEMPLATE = """
{% from "macros.html" import data_table, figure %}
{% macro share(s) %}
{{ s.count | count }} of {{ s.n | count }} runs ({{ s.value | percent(1) }}, 95 % interval
{{ s.low | percent(1) }} to {{ s.high | percent(1) }})
{%- endmacro %}
{% if not current %}
<p><strong>These runs do not belong to this report</strong>: data, settings, candidates or code have
changed since. Make them again with <code>{{ command }}</code>.</p>
{% endif %}
<p>The whole procedure, {{ runs | count }} times, on outcomes that were shuffled among people
{{- " of the same " ~ within if within }}. Features, plates and the rules of the folds stay; the tie
between a person's features and outcome is cut. <strong>Whatever is found here is false</strong>
{%- if within %}, and a marker that only tells one {{ within }} from another, where their event
rates differ, is found falsely too{% endif %}.
Tuning, inner folds, calibration, the choice of the contender and the final fit on all development
rows are done anew in each run, with {{ repeats | count }} repeat{{ "s" if repeats > 1 }} of the
outer folds
{%- if repeats != own_repeats %} where the real run has {{ own_repeats | count }}{% endif %}
{%- if trials != own_trials %} and {{ trials | count }} parameter sets per fit where the real run
tries {{ own_trials | count }}{% endif %}.
{% if fixed %}The outcome of {{ fixed | count }} of {{ people | count }} people could not change,
because all who could change places with them have the same.{% endif %}</p>
<ul>
{% for s in selections %}
<li>{{ s.label }}: the fit on all development rows selected something in
{{ share(s.any_selected) }};
{{ s.markers | estimate(2) }} markers on average, all of them false.
{% if s.declared_bound is not none %}Declared are at most {{ s.declared_bound | number(2) }}:
{% if s.exceeded %}<strong>more than that are selected, the bound does not hold here</strong>
{%- else %}this does not contradict it{% endif %}.
{% endif %}
On average {{ s.outer_folds_selecting | number(2) }} of {{ s.outer_folds | count }} outer folds
selected something. It became the final model in {{ share(s.final_model) }}.</li>
{% endfor %}
<li>The verdict was that the panel adds in {{ share(adds) }}.</li>
{% if auroc is not none %}
<li>AUROC{{ " " ~ block if two_blocks }}: {{ auroc.mean | number }} on average
{%- if auroc.sd is not none %}, standard deviation {{ auroc.sd | number }}{% endif %}.</li>
{% endif %}
{% if real is not none %}
<li>The real run has {{ real.auroc | number }} over as many repeats
{%- if repeats != own_repeats %} ({{ real.headline_auroc | number }} over all){% endif %};
{{ real.at_least | count }} of {{ runs | count }} shuffled runs reached it. Full-pipeline
permutation p-value: {{ real.p_value | quantity }}, the smallest possible being
{{ smallest_p | quantity }}; endless runs would give one between {{ real.p_low | quantity }} and
{{ real.p_high | quantity }} (exact 95 % interval).
{% if real.side != "not decided" %}The runs stopped when it was clear that this lies
{{ real.side }} 0.05, at a risk of 1 %.{% endif +%}
It is about the model as a whole: a small one says that panel and clinical features together tell
something of the outcome, not that the panel adds to the clinical features.</li>
{% else %}
<li>The real run is not compared: {{ not_compared }}.</li>
{% endif %}
</ul>
{% call data_table("Over " ~ runs ~ " runs on shuffled outcomes",
["Number", "Mean", "Standard deviation", "2.5 %", "50 %", "97.5 %"]) %}
{% for name, s in [("AUROC", auroc), ("AUROC, difference to the reference", difference)] %}
{% if s is not none %}
<tr><th scope="row">{{ name }}</th><td>{{ s.mean | number }}</td><td>{{ s.sd | number }}</td>
<td>{{ s.low | number }}</td><td>{{ s.median | number }}</td><td>{{ s.high | number }}</td></tr>
{% endif %}
{% endfor %}
{% endcall %}
{% if undefined %}<p>In {{ undefined | count }} runs the AUROC is undefined.</p>{% endif %}
{% if figures %}
{% call figure(figures.auroc, "AUROC of the runs on shuffled outcomes"
~ (", and of the real run" if real is not none else "")) %}
{% call data_table("Runs by AUROC", ["From", "To", "Runs"]) %}
{% for b in bins %}
<tr><th scope="row">{{ b.start | number(2) }}</th><td>{{ b.stop | number(2) }}</td>
<td>{{ b.n | count }}</td></tr>
{% endfor %}
{% if real is not none %}
<tr class="headline"><th scope="row">{{ real.auroc | number }}</th><td></td>
<td>the real run</td></tr>
{% endif %}
{% endcall %}
{% endcall %}
{% endif %}
"""
