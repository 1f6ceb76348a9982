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
