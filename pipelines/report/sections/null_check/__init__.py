"""What the whole procedure finds where nothing is to be found."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipelines.fit.results_folder import Results
from pipelines.words.blocks import TITLES
from signature.records.null_check import NullCheck

if TYPE_CHECKING:
    from markupsafe import Markup

TITLE = "With shuffled outcomes"
ORDER = 55

BIN_WIDTH = 0.02
"""Of the histogram, in units of the AUROC."""


@dataclass(frozen=True)
class Bin:
    """Runs whose AUROC lies between two edges."""

    start: float
    stop: float
    n: int


@dataclass(frozen=True)
class ShuffledRuns:
    """What was found in runs on shuffled outcomes, and whether they are of this report."""

    found: NullCheck
    current: bool
    command: str
    """That makes the runs again."""
    own_repeats: int
    """Of the outer folds in the real run."""
    within: str
    block: str
    two_blocks: bool
    undefined: int
    """Runs without an AUROC."""
    bins: tuple[Bin, ...]
    smallest_p: float


def summarize(results: Results) -> ShuffledRuns | None:
    """Collect what the shuffled runs found; None where there were none."""
    found = results.null_check
    if found is None:
        return None
    known = [value for value in found.aurocs if value is not None]
    return ShuffledRuns(
        found=found,
        current=_is_current(found, results),
        command=f"python -m pipelines.null_check experiments/{found.experiment}.toml "
        f"--runs {found.runs}",
        own_repeats=results.experiment.validation.repeats,
        within=" and ".join(found.within),
        block=TITLES[found.block],
        two_blocks=len(results.blocks) > 1,
        undefined=found.runs - len(known),
        bins=_bins(known),
        smallest_p=1 / (found.runs + 1),
    )


def _is_current(found: NullCheck, results: Results) -> bool:
    """Whether the shuffled runs are of the same data, settings, code and real run."""
    told, real = results.experiment.candidates, found.comparison
    return (
        found.run_fingerprint == results.launch.fingerprint
        and found.contenders == told.contenders
        and found.references == told.references
        and (real is None or real.headline_auroc == results.evaluation.verdict.auroc.value)
    )


def _bins(values: list[float]) -> tuple[Bin, ...]:
    """Count runs by AUROC, from the lowest bin that holds any to the highest."""
    # the small number keeps a value that lies on an edge in the bin that begins there
    where = [math.floor(value / BIN_WIDTH + 1e-9) for value in values]
    return tuple(
        Bin(start=i * BIN_WIDTH, stop=(i + 1) * BIN_WIDTH, n=where.count(i))
        for i in (range(min(where), max(where) + 1) if where else ())
    )


def draw(summary: ShuffledRuns) -> dict[str, Markup]:
    """Draw the histogram of the shuffled runs' AUROC, and where the real run lies."""
    from pipelines.report.figures import GRID, MAIN, MUTED, PALE, SECOND, canvas, to_svg

    bins, real = summary.bins, summary.found.comparison
    if not bins:
        return {}
    with canvas(2.6) as (figure, axes):
        axes.bar(
            [b.start for b in bins],
            [b.n for b in bins],
            BIN_WIDTH,
            align="edge",
            color=PALE,
            edgecolor=MAIN,
            linewidth=0.8,
            label="shuffled outcomes",
        )
        axes.axvline(0.5, color=MUTED, linewidth=1, linestyle=(0, (3, 2)))
        if real is not None:
            axes.axvline(real.auroc, color=SECOND, linewidth=2, label="the outcomes as they are")
        axes.yaxis.get_major_locator().set_params(integer=True)
        axes.set_ylabel("runs")
        axes.grid(axis="y", color=GRID)
        figure.supxlabel("AUROC on held-out people (dashed: coin toss)", fontsize=9)
        figure.legend(loc="outside upper left", ncols=2)
        svg = to_svg(
            figure,
            key="null_check-auroc",
            title="AUROC with shuffled outcomes",
            description=f"A histogram of the AUROC of {summary.found.runs} runs on shuffled "
            "outcomes"
            + (
                "; a line in the second colour marks the run on the outcomes as they are."
                if real is not None
                else "."
            ),
        )
    return {"auroc": svg}
