"""Draw which rows a fold trains on and which it tests."""

from __future__ import annotations

from markupsafe import Markup

from pipelines.report.figures import MAIN, PALE, canvas, to_svg
from pipelines.report.sections.validation import BlockDesign, DrawnFold


def rows_by_fold(block: BlockDesign) -> Markup:
    """Draw a line per fold: its tested rows strong, its training rows faint."""
    folds = block.folds
    with canvas(0.75 + 0.27 * len(folds)) as (figure, axes):
        for i, fold in enumerate(folds):
            axes.broken_barh(_trained(fold, block), (i - 0.36, 0.72), facecolors=PALE)
            axes.broken_barh([(fold.start, fold.n)], (i - 0.36, 0.72), facecolors=MAIN)
        axes.set_yticks(range(len(folds)), [fold.label for fold in folds])
        axes.set_ylim(len(folds) - 0.4, -0.6)
        axes.set_xlim(0, block.rows)
        figure.supxlabel("rows (strong colour: tested, faint: trained on)", fontsize=9)
        axes.tick_params(axis="y", length=0)
        axes.spines["left"].set_visible(False)
        return to_svg(
            figure,
            key=f"validation-{block.name}",
            title=f"Folds, {block.title}",
            description="One line per fold. Strong: the rows that were tested. Faint: the rows "
            "that the model was trained on. No row is both.",
        )


def _trained(fold: DrawnFold, block: BlockDesign) -> list[tuple[int, int]]:
    """Return start and length of the stretches of training rows."""
    if block.external:
        return [(0, block.outside)]
    return [(0, fold.start), (fold.stop, block.rows - fold.stop)]
