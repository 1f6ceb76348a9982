"""Draw how often half-samples and outer folds chose each marker."""

from __future__ import annotations

from typing import Any


def draw(summary: dict[str, Any]) -> dict[str, Any]:
    """Draw the figure of the section on selection.

    Parameters
    ----------
    summary : dict
        ``markers`` and ``near`` with ``label``, ``frequency`` (value, low, high) and
        ``outer_folds``; ``threshold``.

    Returns
    -------
    dict of str to Markup
        ``frequency``; empty where no marker was ever chosen.
    """
    from pipelines.report.figures import GRID, MAIN, MUTED, SECOND, canvas, to_svg

    shown = [*summary["markers"], *summary["near"]]
    if not shown:
        return {}
    with canvas(1.2 + 0.24 * len(shown)) as (figure, axes):
        places = list(range(len(shown)))
        value = [m["frequency"]["value"] for m in shown]
        errors = [
            [m["frequency"]["value"] - m["frequency"]["low"] for m in shown],
            [m["frequency"]["high"] - m["frequency"]["value"] for m in shown],
        ]
        axes.errorbar(
            value, places, xerr=errors, fmt="o", color=MAIN, markersize=5, label="half-samples"
        )
        axes.plot(
            [m["outer_folds"] for m in shown],
            places,
            "D",
            color=SECOND,
            markersize=5,
            fillstyle="none",
            label="outer folds",
        )
        if summary["threshold"] is not None:
            axes.axvline(
                summary["threshold"],
                color=MUTED,
                linewidth=1,
                linestyle=(0, (3, 2)),
                label="threshold for half-samples",
            )
        axes.set_yticks(places, [m["label"] for m in shown])
        axes.invert_yaxis()
        axes.set_xlim(-0.03, 1.03)
        axes.set_xlabel("share that chose the marker")
        axes.grid(axis="x", color=GRID)
        figure.legend(loc="outside upper left", ncols=3)
        svg = to_svg(
            figure,
            key="selection-frequency",
            title="How often each marker was chosen",
            description="By marker, the share of half-samples of all development rows that chose "
            "it, with its Monte Carlo interval, and the share of outer folds that selected it. "
            "A dashed line, where there is one, is the threshold for half-samples.",
        )
    return {"frequency": svg}
