"""Whether a probability of 20 % means 20 in 100."""

from __future__ import annotations

from typing import Any

from pipelines.fit.results_folder import Results
from pipelines.words.blocks import block_words
from signature.records.results import PROCEDURE, Estimate

TITLE = "Calibration"
ORDER = 60

EVENTS_PER_BIN = 15
FEWEST_BINS, MOST_BINS = 3, 8
HISTOGRAM_BINS = 20


def summarize(results: Results) -> dict[str, Any]:
    """Put held-out probabilities into quantile bins and count what happened in each."""
    import numpy as np

    undefined = Estimate(value=None)
    blocks = []
    for block in results.blocks:
        p = results.procedure_predictions(block.name)
        repeats = int(p["repeat"].nunique())
        probability, outcome = p["probability"].to_numpy(), p["outcome"].to_numpy()
        rarer = min(outcome.sum(), (1 - outcome).sum()) / repeats
        wanted = int(np.clip(rarer // EVENTS_PER_BIN, FEWEST_BINS, MOST_BINS))
        metrics = block.candidate(PROCEDURE).metrics
        blocks.append(
            {
                **block_words(block, results.evaluation),
                "repeats": repeats,
                "bins": _bins(probability, outcome, wanted, repeats),
                "slope": metrics.get("calibration_slope", undefined).model_dump(),
                "intercept": metrics.get("calibration_intercept", undefined).model_dump(),
                "histogram": _histogram(probability, outcome, repeats),
                "smooth": None if block.calibration is None else block.calibration.model_dump(),
            }
        )
    return {"blocks": blocks}


def _bins(probability: Any, outcome: Any, wanted: int, repeats: int) -> list[dict[str, Any]]:
    """Cut at quantiles; equal probabilities stay together, so there may be fewer bins."""
    import numpy as np

    inner = np.unique(np.quantile(probability, np.linspace(0, 1, wanted + 1)[1:-1]))
    where = np.searchsorted(inner, probability, side="left")
    bins = []
    for i in np.unique(where):
        inside = where == i
        # Repeats predict the same rows again: they are not more people.
        n = int(inside.sum()) / repeats
        observed = float(outcome[inside].mean())
        low, high = _wilson(observed, n)
        bins.append(
            {
                "n": n,
                "events": int(outcome[inside].sum()) / repeats,
                "predicted": float(probability[inside].mean()),
                "observed": observed,
                "low": low,
                "high": high,
            }
        )
    return bins


def _histogram(probability: Any, outcome: Any, repeats: int) -> list[dict[str, float]]:
    """Count rows by probability, up to the highest bin that holds any."""
    import numpy as np

    edges = np.linspace(0, 1, HISTOGRAM_BINS + 1)
    event = np.histogram(probability[outcome == 1], edges)[0] / repeats
    none = np.histogram(probability[outcome == 0], edges)[0] / repeats
    used = int(np.flatnonzero(event + none).max()) + 1
    return [
        {
            "start": float(edges[i]),
            "stop": float(edges[i + 1]),
            "with_event": float(event[i]),
            "without_event": float(none[i]),
        }
        for i in range(used)
    ]


def _wilson(share: float, n: float, z: float = 1.96) -> tuple[float, float]:
    """Wilson's 95 % interval of a share."""
    centre = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * (share * (1 - share) / n + z**2 / (4 * n**2)) ** 0.5
    return max(0.0, centre - half), min(1.0, centre + half)


def _draw_smooth(axes: Any, smooth: dict[str, Any]) -> None:
    from pipelines.report.figures import PALE

    known = [
        (x, point)
        for x, point in zip(smooth["at"], smooth["curve"], strict=True)
        if point["value"] is not None and point["low"] is not None
    ]
    if known:
        at, points = zip(*known, strict=True)
        low, high = ([point[end] for point in points] for end in ("low", "high"))
        axes.fill_between(at, low, high, color=PALE, linewidth=0, zorder=0)


def draw(summary: dict[str, Any]) -> dict[str, Any]:
    """Draw the calibration curve above the histogram of the probabilities."""
    from pipelines.report.figures import GRID, INK, MAIN, MUTED, SECOND, canvas, to_svg

    figures = {}
    for block in summary["blocks"]:
        with canvas(4.6, 2, 1, sharex=True, height_ratios=(3, 1)) as (figure, (curve, bars)):
            bins = block["bins"]
            x, y = [b["predicted"] for b in bins], [b["observed"] for b in bins]
            errors = [
                [b["observed"] - b["low"] for b in bins],
                [b["high"] - b["observed"] for b in bins],
            ]
            top = min(1.0, 1.05 * max([b["high"] for b in bins] + x))
            curve.plot([0, 1], [0, 1], color=MUTED, linewidth=1, linestyle=(0, (3, 2)))
            if block["smooth"]:
                _draw_smooth(curve, block["smooth"])
            curve.errorbar(x, y, errors, fmt="o-", color=MAIN, linewidth=1.3, markersize=5)
            for b in bins:
                curve.annotate(
                    f"{b['n']:.0f}",
                    (b["predicted"], b["observed"]),
                    xytext=(5, -10),
                    textcoords="offset points",
                    fontsize=8,
                    color=INK,
                )
            curve.set_ylim(0, top)
            curve.set_ylabel("share with the event")
            bins = block["histogram"]
            left, width = [b["start"] for b in bins], 1 / HISTOGRAM_BINS
            up, down = [b["with_event"] for b in bins], [-b["without_event"] for b in bins]
            bars.bar(left, up, width, align="edge", color=SECOND)
            bars.bar(left, down, width, align="edge", color=MAIN)
            bars.axhline(0, color=INK, linewidth=0.7)
            bars.yaxis.set_major_formatter(lambda v, _: f"{abs(v):.0f}")
            bars.set_ylabel("rows")
            figure.supxlabel(
                "probability given to held-out people (up: event, down: no event)", fontsize=9
            )
            bars.set_xlim(0, max(top, bins[-1]["stop"]))
            for axes in (curve, bars):
                axes.grid(color=GRID)
            figures[block["name"]] = to_svg(
                figure,
                key=f"calibration-{block['name']}",
                title=f"Calibration, {block['title']}",
                description="Above: mean probability against the share with the event, in "
                "quantile bins with 95 % intervals and the number of rows; on the dashed diagonal "
                "the two agree. Below: how many rows got which probability, with the event "
                "upwards and without it downwards.",
            )
    return figures
