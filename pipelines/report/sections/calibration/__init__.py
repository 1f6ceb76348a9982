"""Whether a probability of 20 % means 20 in 100."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipelines.fit.results_folder import Results
from pipelines.words.blocks import BlockWords, words_of
from signature.records.estimates import CalibrationRecord, Estimate
from signature.records.results import PROCEDURE, Block

if TYPE_CHECKING:
    import numpy as np
    from markupsafe import Markup
    from numpy.typing import NDArray

TITLE = "Calibration"
ORDER = 60

EVENTS_PER_BIN = 15
FEWEST_BINS, MOST_BINS = 3, 8
HISTOGRAM_BINS = 20


@dataclass(frozen=True)
class Bin:
    """Rows of like probability: what was predicted, and what happened."""

    n: float
    events: float
    """Rows of one repeat, on average."""
    predicted: float
    observed: float
    low: float
    high: float
    """95 % interval of the share that was observed."""


@dataclass(frozen=True)
class Bar:
    """Rows whose probability lies between two edges, with and without the event."""

    start: float
    stop: float
    with_event: float
    without_event: float


@dataclass(frozen=True)
class BlockCalibration(BlockWords):
    """Calibration of the procedure in one block."""

    repeats: int
    bins: tuple[Bin, ...]
    slope: Estimate
    intercept: Estimate
    histogram: tuple[Bar, ...]
    smooth: CalibrationRecord | None


@dataclass(frozen=True)
class Calibration:
    """Calibration of the procedure in every block."""

    blocks: tuple[BlockCalibration, ...]


def summarize(results: Results) -> Calibration:
    """Put held-out probabilities into quantile bins and count what happened in each."""
    return Calibration(tuple(_block(block, results) for block in results.blocks))


def _block(block: Block, results: Results) -> BlockCalibration:
    import numpy as np

    p = results.procedure_predictions(block.name)
    repeats = int(p["repeat"].nunique())
    probability, outcome = p["probability"].to_numpy(float), p["outcome"].to_numpy(int)
    rarer = min(outcome.sum(), (1 - outcome).sum()) / repeats
    wanted = int(np.clip(rarer // EVENTS_PER_BIN, FEWEST_BINS, MOST_BINS))
    metrics, undefined = block.candidate(PROCEDURE).metrics, Estimate(value=None)
    return BlockCalibration(
        **vars(words_of(block, results.evaluation)),
        repeats=repeats,
        bins=_bins(probability, outcome, wanted, repeats),
        slope=metrics.get("calibration_slope", undefined),
        intercept=metrics.get("calibration_intercept", undefined),
        histogram=_histogram(probability, outcome, repeats),
        smooth=block.calibration,
    )


def _bins(
    probability: NDArray[np.float64], outcome: NDArray[np.int64], wanted: int, repeats: int
) -> tuple[Bin, ...]:
    """Cut at quantiles; equal probabilities stay together, so there may be fewer bins."""
    import numpy as np

    inner = np.unique(np.quantile(probability, np.linspace(0, 1, wanted + 1)[1:-1]))
    where = np.searchsorted(inner, probability, side="left")
    return tuple(
        _bin(probability[where == i], outcome[where == i], repeats) for i in np.unique(where)
    )


def _bin(probability: NDArray[np.float64], outcome: NDArray[np.int64], repeats: int) -> Bin:
    # Repeats predict the same rows again: they are not more people.
    n = len(outcome) / repeats
    observed = float(outcome.mean())
    low, high = _wilson(observed, n)
    return Bin(
        n=n,
        events=int(outcome.sum()) / repeats,
        predicted=float(probability.mean()),
        observed=observed,
        low=low,
        high=high,
    )


def _histogram(
    probability: NDArray[np.float64], outcome: NDArray[np.int64], repeats: int
) -> tuple[Bar, ...]:
    """Count rows by probability, up to the highest bin that holds any."""
    import numpy as np

    edges = np.linspace(0, 1, HISTOGRAM_BINS + 1)
    event = np.histogram(probability[outcome == 1], edges)[0] / repeats
    none = np.histogram(probability[outcome == 0], edges)[0] / repeats
    used = int(np.flatnonzero(event + none).max()) + 1
    return tuple(
        Bar(
            start=float(edges[i]),
            stop=float(edges[i + 1]),
            with_event=float(event[i]),
            without_event=float(none[i]),
        )
        for i in range(used)
    )


def _wilson(share: float, n: float, z: float = 1.96) -> tuple[float, float]:
    """Wilson's 95 % interval of a share."""
    centre = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * (share * (1 - share) / n + z**2 / (4 * n**2)) ** 0.5
    # rounding may put an end on the wrong side of a share of 0 or 1
    return min(share, max(0.0, centre - half)), max(share, min(1.0, centre + half))


def draw(summary: Calibration) -> dict[str, Markup]:
    """Draw the calibration curve above the histogram of the probabilities."""
    from pipelines.report.sections.calibration.drawing import calibration

    return {block.name: calibration(block) for block in summary.blocks}
