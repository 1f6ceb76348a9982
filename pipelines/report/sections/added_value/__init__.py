"""What each candidate adds to the reference, on the same held-out rows."""

from __future__ import annotations

from typing import Any

from pipelines.fit.results_folder import Results
from pipelines.words.blocks import block_words
from pipelines.words.metrics import DIFFERENCES, METRICS, direction
from signature.records.results import PROCEDURE, Estimate

TITLE = "Added value over the reference"
ORDER = 50

DRAWN = ("auroc", "auprc", "brier", "log_loss")
"""Metrics whose difference has a better direction, and so can be drawn as one."""


def summarize(results: Results) -> dict[str, Any]:
    """Collect the differences to the reference by block, the procedure on top."""
    reference = results.evaluation.reference
    labels = results.candidate_labels()
    undefined = Estimate(value=None).model_dump()
    blocks = []
    measured = {m for b in results.blocks for d in b.differences for m in d.metrics}
    for block in results.blocks:
        found = [d for d in block.differences if d.reference == reference]
        found.sort(key=lambda d: d.candidate != PROCEDURE)
        blocks.append(
            {
                **block_words(block, results.evaluation),
                "act_from": block.act_from,
                "differences": [
                    {
                        "candidate": d.candidate,
                        "label": labels.get(d.candidate, d.candidate),
                        "is_headline": d.candidate == PROCEDURE,
                        "metrics": {
                            m: d.metrics[m].model_dump() if m in d.metrics else undefined
                            for m in DIFFERENCES
                        },
                    }
                    for d in found
                ],
                "against_each": [
                    {
                        "label": labels.get(d.reference, d.reference),
                        "metrics": {
                            m: d.metrics[m].model_dump() for m in DIFFERENCES if m in d.metrics
                        },
                    }
                    for d in block.differences
                    if d.candidate == PROCEDURE and d.reference != reference
                ],
            }
        )
    return {
        "reference": labels.get(reference, reference),
        "blocks": blocks,
        "metrics": [
            {"name": m, "label": words.label, "better": words.better, "direction": direction(m)}
            for m, words in DIFFERENCES.items()
            if m in measured
        ],
        "drawn": list(DRAWN),
        "declared": results.experiment.decision.act_from is not None,
    }


def draw(summary: dict[str, Any]) -> dict[str, Any]:
    """Draw the differences, one panel per metric."""
    from pipelines.report.figures import canvas, to_svg
    from pipelines.report.plots import forest, shorten

    figures = {}
    for block in summary["blocks"]:
        differences = block["differences"]
        height = 1.1 + 2 * (0.6 + 0.24 * len(differences))
        with canvas(height, 2, 2, sharey=True) as (figure, grid):
            for metric, axes in zip(DRAWN, grid.flat, strict=True):
                forest(
                    axes,
                    [shorten(d["label"], 24) for d in differences],
                    [d["metrics"][metric] for d in differences],
                    reference=0.0,
                    highlight=[d["is_headline"] for d in differences],
                )
                better = "right" if METRICS[metric].better == "higher" else "left"
                axes.set_title(f"{METRICS[metric].label}: {better} is better")
                axes.locator_params(axis="x", nbins=4)
            figure.supxlabel("candidate minus reference, 95 % interval", fontsize=9)
            figures[block["name"]] = to_svg(
                figure,
                key=f"added-{block['name']}",
                title=f"Differences to the reference, {block['title']}",
                description="Four panels: AUROC and AUPRC, where right of the dashed line is "
                "better than the reference, and Brier score and log-loss, where left is better.",
            )
    return figures
