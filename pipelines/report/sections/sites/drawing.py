"""Draw the AUROC of two candidates in every held-out fold."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from markupsafe import Markup

from pipelines.report.figures import GRID, MAIN, MUTED, SECOND, canvas, to_svg
from pipelines.report.plots import shorten
from pipelines.report.sections.sites import BlockFolds


def by_fold(block: BlockFolds, compared: tuple[str, str]) -> Markup:
    """Draw procedure and reference side by side, a line per fold.

    Parameters
    ----------
    block : BlockFolds
    compared : tuple of str
        Names of the procedure and of the reference.
    """
    # Many folds are drawn by label, so that repeats lie on one line.
    lines = list(dict.fromkeys(f.label for f in block.folds))
    with canvas(1.15 + 0.28 * len(lines)) as (figure, axes):
        axes.axvline(0.5, color=MUTED, linewidth=1, linestyle=(0, (3, 2)))
        marks = zip(compared, (SECOND, MAIN), ("o", "D"), (-0.14, 0.14), strict=True)
        for name, colour, marker, shift in marks:
            points = [
                (f.auroc[name], lines.index(f.label) + shift)
                for f in block.folds
                if f.auroc[name] is not None
            ]
            axes.plot(
                [x for x, _ in points],
                [y for _, y in points],
                marker,
                color=colour,
                markersize=5,
                alpha=0.85,
                label=_label(block, name),
            )
        _name_lines(axes, block, lines)
        figure.supxlabel("AUROC in the held-out fold (dashed: coin toss)", fontsize=9)
        figure.legend(loc="outside upper left", ncols=2, handletextpad=0.2)
        return to_svg(
            figure,
            key=f"sites-{block.name}",
            title=f"AUROC by held-out fold, {block.title}",
            description="One line per held-out site or fold, with events and rows where each "
            "is drawn once: a circle for the procedure, a diamond for the reference.",
        )


def _label(block: BlockFolds, name: str) -> str:
    return shorten(next(c.label for c in block.candidates if c.name == name), 40)


def _name_lines(axes: Any, block: BlockFolds, lines: Sequence[str]) -> None:
    sizes = {f.label: f"{f.label} ({f.events}/{f.n})" for f in block.folds}
    axes.set_yticks(range(len(lines)), lines if block.repeated else [sizes[k] for k in lines])
    axes.set_ylim(len(lines) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.grid(axis="x", color=GRID)
