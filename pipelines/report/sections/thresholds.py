"""What deciding by thresholds, or leaving the unclear open, leads to on held-out people."""

from __future__ import annotations

from typing import Any

from pipelines.fit.results_folder import Results
from pipelines.words.blocks import block_words

TITLE = "Deciding, and leaving open"
ORDER = 64


def summarize(results: Results) -> dict[str, Any] | None:
    """Collect thresholds and conformal sets of every block; None where there are none."""
    evaluation = results.evaluation
    blocks = [
        {
            **block_words(block, evaluation),
            "thresholds": [t.model_dump() for t in block.thresholds],
            "sets": None
            if block.sets is None
            else block.sets.model_dump() | {"promised": 1 - block.sets.error_rate},
            "events": block.n_events,
            "rate": block.n_events / block.n_rows,
        }
        for block in results.blocks
        if block.thresholds or block.sets
    ]
    if not blocks:
        return None
    labels = results.candidate_labels()
    return {
        "blocks": blocks,
        "reference": labels.get(evaluation.reference, "reference"),
        "rung": evaluation.claim.rung,
        "exported": [t.model_dump() for t in evaluation.final_thresholds],
        "declared": results.experiment.decision.act_from is not None,
    }


TEMPLATE = """
{% from "macros.html" import data_table, block_heading %}
{% macro cut(threshold, digits) %}{{ "nobody" if threshold > 1 else threshold | number(digits) }}{%
endmacro %}
<p>Each fold's model has its own threshold, put by the rule on the inner folds of its training
people and judged here on people who had no part in it. A rule that is met on the inner folds is met
only roughly on others.
{% if exported %}The registered model's own thresholds:
{% for t in exported %}{{ t.rule }}, {{ cut(t.threshold, 3) }}{{ "; " if not loop.last }}{%
endfor %}.
{% else %}No threshold is exported with the model: the claim is “{{ rung }}”, and thresholds are
exported from “internally validated” on.{% endif %}</p>
{% for block in blocks %}
{{ block_heading(block) }}
{% if block.thresholds %}
{% call data_table("Thresholds, " ~ block.title, ["Rule in training", "Threshold, middle fold",
"Sensitivity", "Specificity", "PPV", "NPV", "Flagged"], false) %}
{% for t in block.thresholds %}
<tr><th scope="row">{{ t.rule | sentence }}</th>
<td>{{ cut(t.middle, 2) }}
<small>{{ cut(t.lowest, 2) }} to {{ cut(t.highest, 2) }},
{{ t.folds }} {{ "model" if t.folds == 1 else "models" }}</small></td>
<td>{{ t.sensitivity | estimate(2) }}</td><td>{{ t.specificity | estimate(2) }}</td>
<td>{{ t.ppv | estimate(2) }}</td><td>{{ t.npv | estimate(2) }}</td>
<td>{{ t.flagged | estimate(2) }}</td></tr>
{% endfor %}
{% endcall %}
<p>PPV and NPV are for an event rate of {{ block.rate | percent }}.</p>
{% call data_table("Reclassified against “" ~ reference ~ "” under the same rule, " ~ block.title,
["Rule in training", "Events, net share flagged in addition",
"Others, net share flagged no longer"], false) %}
{% for t in block.thresholds %}
<tr><th scope="row">{{ t.rule | sentence }}</th><td>{{ t.events | estimate(3, true) }}</td>
<td>{{ t.non_events | estimate(3, true) }}</td></tr>
{% endfor %}
{% endcall %}
<p>These describe for whom decisions change; whether anything is added is said by the AUROC,
the log-loss and the net benefit.</p>
{% endif %}
{% if block.sets %}
{% set s = block.sets %}
<h4>Leaving the unclear open</h4>
{% if s.abstaining_folds %}
<p><strong>In {{ s.abstaining_folds }} of {{ s.folds }} models everybody is indeterminate</strong>:
{{ s.abstains }}.</p>
{% endif %}
<p>An answer is given where one outcome alone is usual at an error rate of
{{ s.error_rate | percent }} in each class; else the person is indeterminate.</p>
{% call data_table("Conformal sets, " ~ block.title, ["Measured on held-out people", "Value"],
false) %}
<tr><th scope="row">Indeterminate</th><td>{{ s.indeterminate | estimate(2) }}</td></tr>
<tr><th scope="row">Events whose set holds the event (promised:
{{ s.promised | percent }})</th><td>{{ s.coverage_event | estimate(2) }}</td></tr>
<tr><th scope="row">Others whose set holds no event (promised:
{{ s.promised | percent }})</th><td>{{ s.coverage_no_event | estimate(2) }}</td></tr>
<tr><th scope="row">“Event” said, and right</th><td>{{ s.right_event | estimate(2) }}</td></tr>
<tr><th scope="row">“No event” said, and right</th><td>{{ s.right_no_event | estimate(2) }}</td>
</tr>
<tr><th scope="row">Cost per person when everybody is decided at {{ s.act_from | percent }}</th>
<td>{{ s.cost_deciding | estimate(3) }}</td></tr>
<tr><th scope="row">Cost of errors per person when the indeterminate are left open</th>
<td>{{ s.cost_decided | estimate(3) }}</td></tr>
{% if s.cost_abstaining %}
<tr><th scope="row">The same with the declared cost of leaving open,
{{ s.declared_cost | number(2) }}</th><td>{{ s.cost_abstaining | estimate(3) }}</td></tr>
{% endif %}
<tr><th scope="row">Leaving open pays up to this cost of an indeterminate answer</th>
<td>{{ s.break_even | estimate(3) }}</td></tr>
{% endcall %}
<p>Costs are in missed events; a false alarm costs the odds of the probability from which one would
act{{ "" if declared else ", here the share of events, because the experiment declares none" }}.</p>
{% endif %}
{% endfor %}
"""
