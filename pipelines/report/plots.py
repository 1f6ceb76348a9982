"""Drawings that more than one section needs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from markupsafe import Markup

from pipelines.report.figures import GRID, MAIN, MUTED, SECOND, canvas, to_svg
from signature.page.numbers import Interval


def forest(
    axes: Any,
    labels: Sequence[str],
    estimates: Sequence[Interval],
    *,
    reference: float | None = None,
    highlight: Sequence[bool] = (),
) -> None:
    """Draw values with intervals, the first on top; what is undefined leaves its line empty.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
    labels : sequence of str
    estimates : sequence of Interval
    reference : float, optional
        Where a vertical line stands for "no better".
    highlight : sequence of bool
        The lines drawn in the second colour.
    """
    if reference is not None:
        axes.axvline(reference, color=MUTED, linewidth=1, linestyle=(0, (3, 2)))
    for i, e in enumerate(estimates):
        colour = SECOND if i < len(highlight) and highlight[i] else MAIN
        if e.value is None:
            continue
        if e.low is not None and e.high is not None:
            axes.plot([e.low, e.high], [i, i], color=colour, linewidth=1.8)
        axes.plot(e.value, i, "o", color=colour, markersize=5.5)
    axes.set_yticks(range(len(labels)), labels)
    axes.set_ylim(len(labels) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.grid(axis="x", color=GRID)


def forest_figure(
    labels: Sequence[str],
    estimates: Sequence[Interval],
    *,
    along: str,
    key: str,
    title: str,
    description: str,
    reference: float | None = 0.0,
    highlight: Sequence[bool] = (),
    length: int = 34,
    height: float | None = None,
) -> Markup:
    """Return a drawing that is one `forest`.

    Parameters
    ----------
    labels, estimates, reference, highlight
        As of `forest`.
    along : str
        What the horizontal axis measures.
    key, title, description : str
        As of `pipelines.report.figures.to_svg`.
    length : int
        At which labels are cut.
    height : float, optional
        Inches; by the number of lines when left out.
    """
    with canvas(1.2 + 0.24 * len(labels) if height is None else height) as (figure, axes):
        forest(
            axes,
            [shorten(label, length) for label in labels],
            estimates,
            reference=reference,
            highlight=highlight,
        )
        figure.supxlabel(along, fontsize=9)
        return to_svg(figure, key=key, title=title, description=description)


def shorten(label: str, length: int = 26) -> str:
    """Cut a label that would crowd a drawing out; the data table has it in full.

    Examples
    --------
    >>> shorten("Soluble interleukin-2 receptor subunit alpha")
    'Soluble interleukin-2 rec…'
    """
    return label if len(label) <= length else label[: length - 1].rstrip() + "…"
