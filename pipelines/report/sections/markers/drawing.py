"""Drawings of contributions: bars, swarms, curves, waterfalls."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from pipelines.report.figures import (
    GRID,
    INK,
    MAIN,
    MUTED,
    PALE,
    SECOND,
    canvas,
    percentile_colours,
    to_svg,
)
from pipelines.report.plots import shorten
from signature.page.numbers import number, percent, percentile, quantity

if TYPE_CHECKING:
    from markupsafe import Markup

    from pipelines.report.sections.markers import Feature, Swarm
    from pipelines.report.sections.markers.waterfalls import Waterfall

_ROW = 0.26
_LOG_ODDS = "log-odds of the event"


def bars(features: Sequence[Feature]) -> Markup:
    """Draw mean absolute contributions, with one point per fold."""
    with canvas(0.75 + _ROW * len(features)) as (figure, axes):
        colours = [SECOND if f.in_panel else MAIN for f in features]
        axes.barh(range(len(features)), [f.mean for f in features], 0.62, color=PALE)
        for i, (f, colour) in enumerate(zip(features, colours, strict=True)):
            axes.plot(f.folds, [i] * len(f.folds), "o", color=colour, markersize=3, alpha=0.8)
        axes.set_yticks(range(len(features)), [shorten(f.label, 32) for f in features])
        axes.set_ylim(len(features) - 0.4, -0.6)
        axes.tick_params(axis="y", length=0)
        axes.grid(axis="x", color=GRID)
        figure.supxlabel(
            "mean |contribution|, log-odds (orange: panel, blue: known anyway)", fontsize=9
        )
        return to_svg(
            figure,
            key="markers-importance",
            title="Importance of features",
            description="Bars: mean absolute contribution on held-out rows. Points: the same in "
            "each fold; the further they scatter, the less the rank can be relied on.",
        )


def swarm(swarms: Sequence[Swarm]) -> Markup:
    """Draw every row's contribution, coloured by the percentile of its value."""
    with canvas(1.2 + 0.42 * len(swarms)) as (figure, axes):
        every = [c for s in swarms for c in s.contributions]
        step = (max(every) - min(every)) / 90 or 1.0
        axes.axvline(0, color=MUTED, linewidth=1)
        shown: set[str] = set()
        mapped = None
        for i, s in enumerate(swarms):
            ys = _spread(s.contributions, step)
            for kind, style in _KINDS.items():
                inside = [j for j, p in enumerate(s.percentiles) if _kind(p) == kind]
                if not inside:
                    continue
                coloured = (
                    {"c": [s.percentiles[j] for j in inside], "cmap": percentile_colours()}
                    if kind == "measured"
                    else {}
                )
                drawn = axes.scatter(
                    [s.contributions[j] for j in inside],
                    [i + ys[j] for j in inside],
                    **{"s": 7, "linewidths": 0.6, **style, **coloured},
                    **({"vmin": 0, "vmax": 1} if coloured else {}),
                    rasterized=True,
                )
                mapped = drawn if coloured else mapped
                if not coloured and kind not in shown:
                    shown.add(kind)
                    axes.scatter([], [], **{"s": 16, "linewidths": 0.8, **style}, label=kind)
        axes.set_yticks(range(len(swarms)), [shorten(s.label) for s in swarms])
        axes.set_ylim(len(swarms) - 0.4, -0.6)
        axes.tick_params(axis="y", length=0)
        axes.spines["left"].set_visible(False)
        axes.grid(axis="x", color=GRID)
        figure.supxlabel(f"contribution, {_LOG_ODDS}", fontsize=9)
        if mapped is not None:
            bar = figure.colorbar(mapped, ax=axes, ticks=[0, 0.5, 1], aspect=40, pad=0.02)
            bar.ax.set_yticklabels(["low", "median", "high"])
            bar.outline.set_visible(False)
        if shown:
            figure.legend(loc="outside upper left", ncols=2, handletextpad=0.2)
        return to_svg(
            figure,
            key="markers-swarm",
            title="Contributions by row",
            description="One line per feature, one point per held-out row. Points to the right "
            "raised the probability. Blue values are low, orange ones high; values below the "
            "detection limit and missing ones have marks of their own.",
        )


_KINDS: dict[str, dict[str, Any]] = {
    "measured": {"marker": "o", "edgecolors": "none"},
    "below limit": {"marker": "v", "facecolors": "none", "edgecolors": "#3f8f63"},
    "missing": {"marker": "x", "color": "#808a93"},
}


def _kind(rank: float | None) -> str:
    return "missing" if rank is None else "below limit" if rank < 0 else "measured"


def _spread(values: Sequence[float], step: float) -> list[float]:
    """Stack points of one bin alternately up and down: a swarm without random numbers."""
    places: dict[int, list[int]] = defaultdict(list)
    for j, value in enumerate(values):
        places[round(value / step)].append(j)
    fullest = max(len(members) for members in places.values())
    unit = min(0.07, 0.8 / fullest)
    ys = [0.0] * len(values)
    for members in places.values():
        for k, j in enumerate(members):
            ys[j] = unit * ((k + 1) // 2) * (1 if k % 2 else -1)
    return ys


def curves(swarms: Sequence[Swarm]) -> Markup:
    """Draw contribution against percentile, with the quantiles in units as tick labels."""
    n = len(swarms)
    rows = (n + 1) // 2
    with canvas(0.3 + 2.3 * rows, rows, 2, squeeze=False, sharey=True) as (figure, grid):
        for axes in grid.flat[n:]:
            axes.set_visible(False)
        for s, axes in zip(swarms, grid.flat, strict=False):
            axes.axhline(0, color=MUTED, linewidth=1)
            # Unmeasured values stand in strips of their own, left and right of the scale.
            for kind, where in (("below limit", -0.13), ("missing", 1.13)):
                inside = [
                    c
                    for c, p in zip(s.contributions, s.percentiles, strict=True)
                    if _kind(p) == kind
                ]
                if inside:
                    axes.axvspan(where - 0.07, where + 0.07, color=GRID, alpha=0.45, linewidth=0)
                    xs = [where + 0.09 * ((7 * j) % 11 / 10 - 0.5) for j in range(len(inside))]
                    axes.scatter(xs, inside, s=9, linewidths=0.7, **_KINDS[kind], rasterized=True)
            measured = [
                (p, c)
                for c, p in zip(s.contributions, s.percentiles, strict=True)
                if _kind(p) == "measured"
            ]
            axes.scatter(
                [p for p, _ in measured],
                [c for _, c in measured],
                s=9,
                color=MAIN_ON_BOTH,
                alpha=0.6,
                linewidths=0,
                rasterized=True,
            )
            _percentile_axis(axes, s)
            axes.set_title(shorten(s.label + (f", {s.unit}" if s.unit else ""), 34))
            axes.grid(axis="y", color=GRID)
        figure.supylabel(f"contribution, {_LOG_ODDS}", fontsize=9)
        return to_svg(
            figure,
            key="markers-curves",
            title="Contribution along the values of the strongest features",
            description="One panel per feature, one point per held-out row. The horizontal axis "
            "is the percentile among measured values, labelled with quantiles in units; values "
            "below the detection limit stand in a strip on the left, missing ones on the right.",
        )


MAIN_ON_BOTH = "#3b82b5"
"""Rasterised points cannot follow the page's colours: a tone that reads on light and on dark."""


def _percentile_axis(axes: Any, s: Swarm) -> None:
    kinds = {_kind(p) for p in s.percentiles}
    ticks = [0.05, 0.25, 0.5, 0.75, 0.95]
    labels = [quantity(q) for q in s.quantiles] if s.quantiles else None
    if labels is None:
        labels = [percentile(t).removesuffix(" percentile") for t in ticks]
    if "below limit" in kinds:
        ticks, labels = [-0.13, *ticks], ["below", *labels]
    if "missing" in kinds:
        ticks, labels = [*ticks, 1.13], [*labels, "miss."]
    axes.set_xticks(ticks, labels, fontsize=8, rotation=45)
    axes.set_xlim(-0.22 if "below limit" in kinds else -0.03, 1.22 if "missing" in kinds else 1.03)


def waterfall(fall: Waterfall) -> Markup:
    """Draw the way from the fold's average to one row's log-odds."""
    steps = [
        (shorten(s.label, 24) + (f" ({s.place})" if s.place else ""), s.start, s.stop)
        for s in fall.steps
    ]
    if fall.others:
        steps.append((f"{fall.others} others", fall.before_others, fall.total))
    with canvas(0.95 + _ROW * (len(steps) + 1)) as (figure, axes):
        axes.axvline(fall.base, color=MUTED, linewidth=1, linestyle=(0, (3, 2)))
        for i, (_, start, stop) in enumerate(steps):
            colour = SECOND if stop > start else MAIN
            axes.barh(i, stop - start, 0.62, left=start, color=colour)
            axes.annotate(
                number(stop - start, 2, sign=True),
                (max(start, stop), i),
                xytext=(3, 0),
                textcoords="offset points",
                va="center",
                fontsize=8,
            )
        axes.plot(fall.total, len(steps), "D", color=INK, markersize=5, clip_on=False)
        labels = [s[0] for s in steps] + [f"probability {percent(fall.probability, 1)}"]
        axes.set_yticks(range(len(labels)), labels)
        axes.set_ylim(len(labels) - 0.4, -0.6)
        axes.tick_params(axis="y", length=0)
        axes.spines["left"].set_visible(False)
        axes.use_sticky_edges = False
        axes.margins(x=0.08)
        axes.grid(axis="x", color=GRID)
        figure.supxlabel(f"{_LOG_ODDS} (dashed: average of the training fold)", fontsize=9)
        return to_svg(
            figure,
            key=f"markers-{fall.rule}",
            title=f"Way to the {fall.rule} probability",
            description="From the training fold's average downwards, each bar is one feature: to "
            "the right it raised the log-odds, to the left it lowered them. The diamond is where "
            "the row ends.",
        )
