"""Net benefit of deciding by the model, over all thresholds."""

from __future__ import annotations

from typing import Any

from pipelines.fit.results_folder import Results
from pipelines.words.blocks import block_words

TITLE = "Decision curve"
ORDER = 62

EVERY = 5
"""Thresholds apart that the table shows."""


def summarize(results: Results) -> dict[str, Any] | None:
    """Collect the curves of every block; None where none was computed."""
    blocks = []
    for block in results.blocks:
        curve = block.decision
        if curve is None:
            continue
        rate = block.n_events / block.n_rows
        shown = [i for i, t in enumerate(curve.thresholds) if t <= max(0.3, min(0.9, 3 * rate))]
        lines = [
            {
                "threshold": curve.thresholds[i],
                "procedure": curve.procedure[i].model_dump(),
                "reference": curve.reference[i].model_dump(),
                "everybody": curve.everybody[i].model_dump(),
                "over_defaults": curve.over_defaults[i].model_dump(),
                "over_reference": curve.over_reference[i].model_dump(),
            }
            for i in shown
        ]
        blocks.append(
            {
                **block_words(block, results.evaluation),
                "lines": lines,
                "table": lines[EVERY // 2 :: EVERY],
            }
        )
    if not blocks:
        return None
    labels = results.candidate_labels()
    return {"blocks": blocks, "reference": labels.get(results.evaluation.reference, "reference")}


def draw(summary: dict[str, Any]) -> dict[str, Any]:
    """Draw net benefit against the threshold."""
    from pipelines.report.figures import GRID, MAIN, MUTED, PALE, SECOND, canvas, to_svg

    figures = {}
    for block in summary["blocks"]:
        lines = block["lines"]
        at = [line["threshold"] for line in lines]
        with canvas(3.2) as (figure, axes):
            axes.axhline(0, color=MUTED, linewidth=1, linestyle=(0, (3, 2)))
            ends = [
                [line["procedure"][end] or line["procedure"]["value"] for line in lines]
                for end in ("low", "high")
            ]
            axes.fill_between(at, *ends, color=PALE, linewidth=0)
            for name, colour, label in (
                ("everybody", MUTED, "act on everybody"),
                ("reference", MAIN, summary["reference"]),
                ("procedure", SECOND, "with the panel"),
            ):
                axes.plot(at, [line[name]["value"] for line in lines], color=colour, label=label)
            top = max(line["procedure"]["high"] or 0.0 for line in lines)
            axes.set_ylim(-0.25 * top - 0.005, 1.1 * top + 0.005)
            axes.set_xlim(at[0], at[-1])
            axes.grid(color=GRID)
            axes.set_ylabel("net benefit")
            figure.supxlabel("threshold: probability from which one would act", fontsize=9)
            figure.legend(loc="outside upper left", ncols=3)
            figures[block["name"]] = to_svg(
                figure,
                key=f"decision-{block['name']}",
                title=f"Decision curve, {block['title']}",
                description="Net benefit against the threshold probability: with the panel, with "
                "its pointwise 95 % band, by the reference, and when acting on everybody; acting "
                "on nobody is the dashed line at 0.",
            )
    return figures
