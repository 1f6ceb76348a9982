"""The model refitted on all development rows, and whether it met the conditions set in advance."""

from __future__ import annotations

from typing import Any

from pipelines.fit.results_folder import Results

TITLE = "Final model and its conditions"
ORDER = 90


def summarize(results: Results) -> dict[str, Any]:
    """Collect the model's settings, why it was chosen, and the gate."""
    final, labels = results.launch.final_model, results.candidate_labels()
    losses = sorted(final.inner_log_loss.items(), key=lambda item: item[1])
    gate = [check.model_dump() for check in results.evaluation.gate]
    return {
        "label": final.label,
        "params": [{"name": n, "value": str(v)} for n, v in sorted(final.params.items())],
        "slope": final.calibration_slope,
        "intercept": final.calibration_intercept,
        "losses": [
            {"label": labels.get(n, n), "loss": loss, "chosen": n == final.candidate}
            for n, loss in losses
        ],
        "gate": gate,
        "passed": results.evaluation.gate_passed,
        "failed": sum(not check["passed"] for check in gate),
    }


TEMPLATE = """
{% from "macros.html" import data_table %}
<p>Refitted on all development rows; its performance is that of the procedure above, because no
rows are
left to test it on. Chosen on the inner folds: <strong>{{ label }}</strong>.</p>
{% call data_table("Log-loss on the inner folds, lower is better", ["Contender", "Log-loss"]) %}
{% for c in losses %}
<tr{% if c.chosen %} class="headline"{% endif %}><th scope="row">{{ c.label }}
{{- " (chosen)" if c.chosen }}</th><td>{{ c.loss | number(4) }}</td></tr>
{% endfor %}
{% endcall %}
{% call data_table("Settings", ["Setting", "Value"]) %}
{% for p in params %}
<tr><th scope="row"><code>{{ p.name }}</code></th><td>{{ p.value }}</td></tr>
{% endfor %}
<tr><th scope="row">Calibration slope, on log-odds</th><td>{{ slope | number }}</td></tr>
<tr><th scope="row">Calibration intercept, on log-odds</th><td>{{ intercept | number }}</td></tr>
{% endcall %}
<h3>Conditions set in advance</h3>
{% if not gate %}
<p>None were set.</p>
{% else %}
<p>{% if passed %}All were met.{% else %}<strong>{{ failed }} of {{ gate | length }} not
met</strong>: the
model is not put forward for use.{% endif %}</p>
{% call data_table("Conditions", ["Condition", "Measured", "Result"], false) %}
{% for check in gate %}
<tr><th scope="row">{{ check.rule }}</th><td>{{ check.measured }}</td>
<td class="{{ "passed" if check.passed else "failed" }}">{{ "met" if check.passed else "not met"
}}</td></tr>
{% endfor %}
{% endcall %}
{% endif %}
"""
