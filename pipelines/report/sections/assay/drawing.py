"""Drawings of plates: detection by marker and plate, the layout of wells, replicates by level."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from pipelines.report.figures import (
    GRID,
    MAIN,
    MUTED,
    PALE,
    SECOND,
    canvas,
    percentile_colours,
    to_svg,
)
from pipelines.report.plots import shorten

if TYPE_CHECKING:
    from markupsafe import Markup

    from pipelines.report.sections.assay.detection import Detection
    from pipelines.report.sections.assay.wells import Cell, Plate
    from signature.assay.plate_quality import CvBand

ROOM = 45
"""Letters that fit below the drawing; longer names are slanted."""

_KINDS = {"sample": "o", "blank": "s", "standard": "^", "bridge": "D", "control": "v"}


def detection(table: Detection) -> Markup:
    """Draw the share above the limit, one line per marker and one column per plate."""
    plates, rows = table.plates, table.drawn
    # what was not measured becomes a gap
    shares = np.array([[r.shares[p] for p in plates] for r in rows], dtype=float)
    with canvas(1.3 + 0.19 * len(rows)) as (figure, axes):
        drawn = axes.pcolormesh(
            shares, cmap=percentile_colours(), vmin=0, vmax=1, edgecolors="none"
        )
        names = [shorten(p, 18) for p in plates]
        slanted = sum(map(len, names)) > ROOM
        turn = {"rotation": 30, "ha": "right"} if slanted else {}
        axes.set_xticks(np.arange(len(plates)) + 0.5, names, **turn)
        axes.set_yticks(np.arange(len(rows)) + 0.5, [shorten(r.label, 24) for r in rows])
        axes.invert_yaxis()
        axes.tick_params(length=0)
        for side in ("left", "bottom"):
            axes.spines[side].set_visible(False)
        bar = figure.colorbar(drawn, ax=axes, ticks=[0, 0.5, 1], aspect=40, pad=0.02)
        bar.ax.set_yticklabels(["0 %", "50 %", "100 %"])
        bar.set_label("above the limit", fontsize=8.5)
        bar.outline.set_visible(False)
        return to_svg(
            figure,
            key="assay-detection",
            title="Share of values above the detection limit",
            description="One line per marker, one column per plate; blue means mostly below the "
            "limit, orange mostly detected, empty not measured.",
        )


def layout(plate: Plate, number: int, fewest: float, most: float) -> Markup:
    """Draw the wells of one plate, coloured by their bead count, marked by their kind.

    Parameters
    ----------
    plate : Plate
        With at least one well.
    number : int
        Of the plate; unique in the page.
    fewest, most : float
        Ends of the colours, the same on all plates.
    """
    height, width = max(c.row for c in plate.cells), max(c.column for c in plate.cells)
    with canvas(1.0 + 0.3 * height) as (figure, axes):
        mapped = None
        for kind, marker in _KINDS.items():
            own = [c for c in plate.cells if c.kind == kind]
            if own:
                mapped = _scatter(axes, own, marker, fewest, most) or mapped
                axes.scatter([], [], color=MUTED, marker=marker, s=45, label=kind)
        _cross_out(axes, [c for c in plate.cells if c.unused])
        axes.set_xticks(range(1, width + 1))
        axes.set_yticks(range(1, height + 1), [chr(64 + r) for r in range(1, height + 1)])
        axes.set_xlim(0.4, width + 0.6)
        axes.set_ylim(height + 0.6, 0.4)
        axes.tick_params(length=0)
        for side in ("left", "bottom"):
            axes.spines[side].set_visible(False)
        if mapped is not None:
            bar = figure.colorbar(mapped, ax=axes, aspect=30, pad=0.02)
            bar.set_label("median beads per marker", fontsize=8.5)
            bar.outline.set_visible(False)
        figure.legend(loc="outside upper left", ncols=5, handletextpad=0.1, columnspacing=0.9)
        return to_svg(
            figure,
            key=f"assay-plate-{number}",
            title=f"Wells of plate {plate.plate}",
            description="The plate as it was filled: one mark per well, its shape the kind of "
            "well, its colour the median bead count, a cross where the well is hardly used.",
        )


def _scatter(axes: Any, cells: Sequence[Cell], marker: str, fewest: float, most: float) -> Any:
    """Mark the wells of one kind; return what a colour bar needs where bead counts are known."""
    place = [c.column for c in cells], [c.row for c in cells]
    style = {"marker": marker, "s": 95, "linewidths": 0}
    beads = [c.beads for c in cells]
    if None in beads or most <= fewest:
        axes.scatter(*place, color=PALE, **style)
        return None
    return axes.scatter(*place, c=beads, cmap=percentile_colours(), vmin=fewest, vmax=most, **style)


def _cross_out(axes: Any, cells: Sequence[Cell]) -> None:
    if cells:
        axes.scatter(
            [c.column for c in cells],
            [c.row for c in cells],
            marker="x",
            color=SECOND,
            s=60,
            linewidths=1.6,
            label="not used, or empty",
        )


def replicates(bands: Sequence[CvBand]) -> Markup:
    """Draw the coefficient of variation between replicates against the level."""
    with canvas(2.3) as (figure, axes):
        middle = [2 ** ((b.low + b.high) / 2) for b in bands]
        axes.plot(middle, [b.upper for b in bands], "o--", color=MUTED, markersize=4)
        axes.plot(middle, [b.median for b in bands], "o-", color=MAIN, markersize=5)
        axes.plot([], [], "o-", color=MAIN, label="median")
        axes.plot([], [], "o--", color=MUTED, label="90th percentile")
        axes.set_xscale("log", base=2)
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
        axes.set_ylim(bottom=0)
        axes.grid(axis="y", color=GRID)
        axes.set_ylabel("CV, %")
        figure.supxlabel("mean signal of the replicates", fontsize=9)
        figure.legend(loc="outside upper left", ncols=2)
        return to_svg(
            figure,
            key="assay-cv",
            title="Variation between replicates by level",
            description="Median and 90th percentile of the coefficient of variation between "
            "replicate wells, by tenths of the signal; low signals repeat less well.",
        )
