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
