"""Draw how often half-samples and outer folds chose each marker."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from markupsafe import Markup

from pipelines.report.figures import GRID, MAIN, MUTED, SECOND, canvas, to_svg
from signature.records.signature import NearMarker, SignatureMarker


def how_often(shown: Sequence[SignatureMarker | NearMarker], threshold: float | None) -> Markup:
    """Draw the share of half-samples and of outer folds that chose each marker.

    Parameters
    ----------
    shown : sequence of SignatureMarker or NearMarker
        The first on top; at least one.
    threshold : float, optional
        Share of half-samples from which a marker passes; no line without one.
    """
    with canvas(1.2 + 0.24 * len(shown)) as (figure, axes):
        _points(axes, shown)
        if threshold is not None:
            axes.axvline(
                threshold,
                color=MUTED,
                linewidth=1,
                linestyle=(0, (3, 2)),
                label="threshold for half-samples",
            )
        axes.set_yticks(range(len(shown)), [m.label for m in shown])
        axes.invert_yaxis()
        axes.set_xlim(-0.03, 1.03)
        axes.set_xlabel("share that chose the marker")
        axes.grid(axis="x", color=GRID)
        figure.legend(loc="outside upper left", ncols=3)
        return to_svg(
            figure,
            key="selection-frequency",
            title="How often each marker was chosen",
            description="By marker, the share of half-samples of all development rows that chose "
            "it, with its Monte Carlo interval, and the share of outer folds that selected it. "
            "A dashed line, where there is one, is the threshold for half-samples.",
        )


def _points(axes: Any, shown: Sequence[SignatureMarker | NearMarker]) -> None:
    places = range(len(shown))
    ends = [(m.frequency.value, m.frequency.low, m.frequency.high) for m in shown]
    value, low, high = np.array(ends, dtype=float).T
    axes.errorbar(
        value,
        places,
        xerr=[value - low, high - value],
        fmt="o",
        color=MAIN,
        markersize=5,
        label="half-samples",
    )
    axes.plot(
        [m.outer_folds for m in shown],
        places,
        "D",
        color=SECOND,
        markersize=5,
        fillstyle="none",
        label="outer folds",
    )
