"""How the candidates did in every held-out fold or site, and which contender was chosen there."""

from __future__ import annotations

from collections import Counter
from typing import Any

from pipelines.fit.results_folder import Results
from pipelines.words.blocks import block_words
from signature.records.estimates import PooledSites
from signature.records.results import PROCEDURE

TITLE = "Folds and sites"
ORDER = 70

FEW_EVENTS = 10
"""Below this an AUROC of one fold says next to nothing, and its line is marked."""


def summarize(results: Results) -> dict[str, Any]:
    """Line up the AUROC of all candidates fold by fold."""
    labels = results.candidate_labels()
    blocks = []
    for block in results.blocks:
        candidates = sorted(block.candidates, key=lambda c: c.part != "headline")
        by_fold = {c.name: {(f.repeat, f.fold): f.auroc for f in c.folds} for c in candidates}
        folds = [
            {
                "repeat": f.repeat + 1,
                "label": f.label,
                "n": f.n,
                "events": f.events,
                "few": min(f.events, f.n - f.events) < FEW_EVENTS,
                "chosen": labels.get(f.chosen, f.chosen),
                "auroc": {c.name: by_fold[c.name].get((f.repeat, f.fold)) for c in candidates},
            }
            for f in block.candidate(PROCEDURE).folds
        ]
        chosen = Counter(str(f["chosen"]) for f in folds)
        blocks.append(
            {
                **block_words(block, results.evaluation),
                "repeated": block.n_repeats > 1,
                "folds": folds,
                "n_folds": len(folds),
                "candidates": [
                    {
                        "name": c.name,
                        "label": c.label,
                        "without_auroc": c.folds_without_auroc,
                    }
                    for c in candidates
                ],
                "without_auroc": block.candidate(PROCEDURE).folds_without_auroc,
                "chosen": [{"label": k, "n": n} for k, n in chosen.most_common()],
                "pooled": _pooled(block.sites),
            }
        )
    return {
        "blocks": blocks,
        "few_events": FEW_EVENTS,
        "compared": [PROCEDURE, results.evaluation.reference],
    }


def _pooled(sites: PooledSites | None) -> dict[str, Any] | None:
    if sites is None:
        return None
    return {
        "k": len(sites.sites) - len(sites.left_out),
        "left_out": sites.left_out,
        "auroc": sites.auroc.model_dump(),
        "prediction": sites.prediction.model_dump(),
    }


def draw(summary: dict[str, Any]) -> dict[str, Any]:
    """Draw procedure and reference side by side in every fold."""
    from pipelines.report.figures import GRID, MAIN, MUTED, SECOND, canvas, to_svg
    from pipelines.report.plots import shorten

    figures = {}
    for block in summary["blocks"]:
        folds = block["folds"]
        names = {c["name"]: c["label"] for c in block["candidates"]}
        # Many folds are drawn by label, so that repeats lie on one line.
        lines = list(dict.fromkeys(f["label"] for f in folds))
        with canvas(1.15 + 0.28 * len(lines)) as (figure, axes):
            axes.axvline(0.5, color=MUTED, linewidth=1, linestyle=(0, (3, 2)))
            marks = zip(summary["compared"], (SECOND, MAIN), ("o", "D"), (-0.14, 0.14), strict=True)
            for name, colour, marker, shift in marks:
                points = [
                    (f["auroc"][name], lines.index(f["label"]) + shift)
                    for f in folds
                    if f["auroc"][name] is not None
                ]
                axes.plot(
                    [x for x, _ in points],
                    [y for _, y in points],
                    marker,
                    color=colour,
                    markersize=5,
                    alpha=0.85,
                    label=shorten(names[name], 40),
                )
            sizes = {f["label"]: f"{f['label']} ({f['events']}/{f['n']})" for f in folds}
            ticks = list(sizes) if block["repeated"] else list(sizes.values())
            axes.set_yticks(range(len(lines)), ticks)
            axes.set_ylim(len(lines) - 0.4, -0.6)
            axes.tick_params(axis="y", length=0)
            axes.spines["left"].set_visible(False)
            axes.grid(axis="x", color=GRID)
            figure.supxlabel("AUROC in the held-out fold (dashed: coin toss)", fontsize=9)
            figure.legend(loc="outside upper left", ncols=2, handletextpad=0.2)
            figures[block["name"]] = to_svg(
                figure,
                key=f"sites-{block['name']}",
                title=f"AUROC by held-out fold, {block['title']}",
                description="One line per held-out site or fold, with events and rows where each "
                "is drawn once: a circle for the procedure, a diamond for the reference.",
            )
    return figures
