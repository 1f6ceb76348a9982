"""Drawings of plates: detection by marker and plate, the layout of wells, replicates by level."""

from __future__ import annotations

from typing import Any

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

ROOM = 45
"""Letters that fit below the drawing; longer names are slanted."""

_KINDS = {"sample": "o", "blank": "s", "standard": "^", "bridge": "D", "control": "v"}


def draw(summary: dict[str, Any]) -> dict[str, Any]:
    """Draw everything that the assay section shows, by name."""
    figures = {}
    if summary["detection"]["drawn"]:
        figures["detection"] = detection(summary["detection"])
    wells = summary["wells"]
    if wells is None:
        return figures
    for number, plate in enumerate(wells["plates"]):
        if plate["cells"]:
            figures[f"plate-{number}"] = layout(plate, number, wells["fewest"], wells["most"])
    if wells["cv_by_level"]:
        figures["cv"] = replicates(wells["cv_by_level"])
    return figures


def detection(table: dict[str, Any]) -> Any:
    """Draw the share above the limit, one line per marker and one column per plate."""
    plates, rows = table["plates"], table["drawn"]
    shares = np.array(
        [[np.nan if r["shares"][p] is None else r["shares"][p] for p in plates] for r in rows]
    )
    with canvas(1.3 + 0.19 * len(rows)) as (figure, axes):
        drawn = axes.pcolormesh(
            shares, cmap=percentile_colours(), vmin=0, vmax=1, edgecolors="none"
        )
        names = [shorten(p, 18) for p in plates]
        slanted = sum(map(len, names)) > ROOM
        turn = {"rotation": 30, "ha": "right"} if slanted else {}
        axes.set_xticks(np.arange(len(plates)) + 0.5, names, **turn)
        axes.set_yticks(np.arange(len(rows)) + 0.5, [shorten(r["label"], 24) for r in rows])
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


def layout(plate: dict[str, Any], number: int, fewest: float, most: float) -> Any:
    """Draw the wells of one plate, coloured by their bead count, marked by their kind."""
    cells = plate["cells"]
    height = max(c["row"] for c in cells)
    width = max(c["column"] for c in cells)
    with canvas(1.0 + 0.3 * height) as (figure, axes):
        mapped = None
        for kind, marker in _KINDS.items():
            own = [c for c in cells if c["kind"] == kind]
            if not own:
                continue
            xs, ys = [c["column"] for c in own], [c["row"] for c in own]
            if all(c["beads"] is not None for c in own) and most > fewest:
                mapped = axes.scatter(
                    xs,
                    ys,
                    c=[c["beads"] for c in own],
                    cmap=percentile_colours(),
                    vmin=fewest,
                    vmax=most,
                    marker=marker,
                    s=95,
                    linewidths=0,
                )
            else:
                axes.scatter(xs, ys, color=PALE, marker=marker, s=95, linewidths=0)
            axes.scatter([], [], color=MUTED, marker=marker, s=45, label=kind)
        lost = [c for c in cells if c["excluded"] > 0.5 or c["like_a_blank"]]
        if lost:
            axes.scatter(
                [c["column"] for c in lost],
                [c["row"] for c in lost],
                marker="x",
                color=SECOND,
                s=60,
                linewidths=1.6,
                label="not used, or empty",
            )
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
            title=f"Wells of plate {plate['plate']}",
            description="The plate as it was filled: one mark per well, its shape the kind of "
            "well, its colour the median bead count, a cross where the well is hardly used.",
        )


def replicates(bands: list[dict[str, Any]]) -> Any:
    """Draw the coefficient of variation between replicates against the level."""
    with canvas(2.3) as (figure, axes):
        middle = [2 ** ((b["low"] + b["high"]) / 2) for b in bands]
        axes.plot(middle, [b["upper"] for b in bands], "o--", color=MUTED, markersize=4)
        axes.plot(middle, [b["median"] for b in bands], "o-", color=MAIN, markersize=5)
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
