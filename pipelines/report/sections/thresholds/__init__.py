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
