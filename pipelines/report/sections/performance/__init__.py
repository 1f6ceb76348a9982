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
