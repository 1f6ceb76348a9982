"""How people were held out, read from the predictions themselves."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from pipelines.evaluate.fold_facts import folds_of_first_repeat, people_in_two_folds, whole_sites
from pipelines.fit.results_folder import Results
from pipelines.words.blocks import block_words

TITLE = "How people were held out"
ORDER = 30


def summarize(results: Results) -> dict[str, Any]:
    """Describe every block: its folds, their sizes, and who could have leaked."""
    blocks = []
    people: dict[str, set[int]] = {}
    development: dict[str, int] = {}
    for block in results.blocks:
        p = results.procedure_predictions(block.name)
        people[block.name] = set(p["person"])
        development[block.name] = int(p["row"].nunique())
    for block in results.blocks:
        p = results.procedure_predictions(block.name)
        external = block.name == "external"
        folds = folds_of_first_repeat(p)
        n = sum(f["n"] for f in folds)
        # Outside folds were trained on the development rows, which the internal block holds.
        outside = development.get("internal", 0) if external else 0
        starts = [sum(f["n"] for f in folds[:i]) for i in range(len(folds) + 1)]
        for fold, (start, stop) in zip(folds, pairwise(starts), strict=True):
            fold["start"], fold["stop"] = outside + start, outside + stop
            fold["trained"] = outside if external else n - fold["n"]
        blocks.append(
            {
                **block_words(block, results.evaluation),
                "external": external,
                "scheme": block.scheme,
                "repeats": block.n_repeats,
                "rows": outside + n,
                "outside": outside,
                "folds": folds,
                "whole_sites": whole_sites(p),
                "people_in_two_folds": people_in_two_folds(p),
            }
        )
    elsewhere = people.get("external")
    return {
        "blocks": blocks,
        "tested_outside": elsewhere is not None,
        "people_in_two_blocks": len(people["internal"] & elsewhere) if elsewhere else 0,
    }


def draw(summary: dict[str, Any]) -> dict[str, Any]:
    """Draw one line per fold: which rows train, which are tested."""
    from pipelines.report.figures import MAIN, PALE, canvas, to_svg

    figures = {}
    for block in summary["blocks"]:
        folds = block["folds"]
        with canvas(0.75 + 0.27 * len(folds)) as (figure, axes):
            for i, fold in enumerate(folds):
                trained = (
                    [(0, block["outside"])]
                    if block["external"]
                    else [(0, fold["start"]), (fold["stop"], block["rows"] - fold["stop"])]
                )
                axes.broken_barh(trained, (i - 0.36, 0.72), facecolors=PALE)
                axes.broken_barh([(fold["start"], fold["n"])], (i - 0.36, 0.72), facecolors=MAIN)
            axes.set_yticks(range(len(folds)), [f["label"] for f in folds])
            axes.set_ylim(len(folds) - 0.4, -0.6)
            axes.set_xlim(0, block["rows"])
            figure.supxlabel("rows (strong colour: tested, faint: trained on)", fontsize=9)
            axes.tick_params(axis="y", length=0)
            axes.spines["left"].set_visible(False)
            figures[block["name"]] = to_svg(
                figure,
                key=f"validation-{block['name']}",
                title=f"Folds, {block['title']}",
                description="One line per fold. Strong: the rows that were tested. Faint: the rows "
                "that the model was trained on. No row is both.",
            )
    return figures
