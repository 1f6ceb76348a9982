"""Drawing of a block's calibration: the curve above the histogram of the probabilities."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipelines.report.figures import GRID, INK, MAIN, MUTED, PALE, SECOND, canvas, to_svg

if TYPE_CHECKING:
    from markupsafe import Markup

    from pipelines.report.sections.calibration import Bar, Bin, BlockCalibration
    from signature.records.estimates import CalibrationRecord


def calibration(block: BlockCalibration) -> Markup:
    """Draw the share with the event against the probability, and how many rows got which."""
    with canvas(4.6, 2, 1, sharex=True, height_ratios=(3, 1)) as (figure, (curve, bars)):
        top = min(1.0, 1.05 * max(max(b.high, b.predicted) for b in block.bins))
        curve.plot([0, 1], [0, 1], color=MUTED, linewidth=1, linestyle=(0, (3, 2)))
        if block.smooth:
            _band(curve, block.smooth)
        _points(curve, block.bins)
        curve.set_ylim(0, top)
        curve.set_ylabel("share with the event")
        _histogram(bars, block.histogram)
        figure.supxlabel(
            "probability given to held-out people (up: event, down: no event)", fontsize=9
        )
        bars.set_xlim(0, max(top, block.histogram[-1].stop))
        for axes in (curve, bars):
            axes.grid(color=GRID)
        return to_svg(
            figure,
            key=f"calibration-{block.name}",
            title=f"Calibration, {block.title}",
            description="Above: mean probability against the share with the event, in "
            "quantile bins with 95 % intervals and the number of rows; on the dashed diagonal "
            "the two agree. Below: how many rows got which probability, with the event "
            "upwards and without it downwards.",
        )


def _band(axes: Any, smooth: CalibrationRecord) -> None:
    known = [
        (x, point.low, point.high)
        for x, point in zip(smooth.at, smooth.curve, strict=True)
        if point.value is not None and point.low is not None
    ]
    if known:
        at, low, high = zip(*known, strict=True)
        axes.fill_between(at, low, high, color=PALE, linewidth=0, zorder=0)


def _points(axes: Any, bins: tuple[Bin, ...]) -> None:
    errors = [[b.observed - b.low for b in bins], [b.high - b.observed for b in bins]]
    axes.errorbar(
        [b.predicted for b in bins],
        [b.observed for b in bins],
        errors,
        fmt="o-",
        color=MAIN,
        linewidth=1.3,
        markersize=5,
    )
    for b in bins:
        axes.annotate(
            f"{b.n:.0f}",
            (b.predicted, b.observed),
            xytext=(5, -10),
            textcoords="offset points",
            fontsize=8,
            color=INK,
        )


def _histogram(axes: Any, histogram: tuple[Bar, ...]) -> None:
    left, width = [b.start for b in histogram], histogram[0].stop - histogram[0].start
    axes.bar(left, [b.with_event for b in histogram], width, align="edge", color=SECOND)
    axes.bar(left, [-b.without_event for b in histogram], width, align="edge", color=MAIN)
    axes.axhline(0, color=INK, linewidth=0.7)
    axes.yaxis.set_major_formatter(lambda v, _: f"{abs(v):.0f}")
    axes.set_ylabel("rows")
