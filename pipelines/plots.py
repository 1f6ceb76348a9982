"""Drawings that more than one section needs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pipelines.figures import GRID, MAIN, MUTED, SECOND


def forest(
    axes: Any,
    labels: Sequence[str],
    estimates: Sequence[dict[str, float | None]],
    *,
    reference: float | None = None,
    highlight: Sequence[bool] = (),
) -> None:
    """Draw values with intervals, the first on top; what is undefined leaves its line empty.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
    labels : sequence of str
    estimates : sequence of dict
        With ``value``, ``low`` and ``high``.
    reference : float, optional
        Where a vertical line stands for "no better".
    highlight : sequence of bool
        The lines drawn in the second colour.
    """
    if reference is not None:
        axes.axvline(reference, color=MUTED, linewidth=1, linestyle=(0, (3, 2)))
    for i, e in enumerate(estimates):
        colour = SECOND if i < len(highlight) and highlight[i] else MAIN
        if e["value"] is None:
            continue
        if e["low"] is not None and e["high"] is not None:
            axes.plot([e["low"], e["high"]], [i, i], color=colour, linewidth=1.8)
        axes.plot(e["value"], i, "o", color=colour, markersize=5.5)
    axes.set_yticks(range(len(labels)), labels)
    axes.set_ylim(len(labels) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.grid(axis="x", color=GRID)


def shorten(label: str, length: int = 26) -> str:
    """Cut a label that would crowd a drawing out; the data table has it in full.

    Examples
    --------
    >>> shorten("Soluble interleukin-2 receptor subunit alpha")
    'Soluble interleukin-2 rec…'
    """
    return label if len(label) <= length else label[: length - 1].rstrip() + "…"
