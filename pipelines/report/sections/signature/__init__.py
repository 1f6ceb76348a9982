"""Which markers passed selection, if any, how sure that is, and what may stand in for them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from markupsafe import Markup

from pipelines.fit.results_folder import Results
from signature.records.equivalents import EquivalentsRecord
from signature.records.signature import (
    NearMarker,
    PointLine,
    PointScore,
    SignatureMarker,
    SignatureRecord,
)

TITLE = "Selection of markers"
ORDER = 52

NAMED = "The signature"
"""Title where something passed and there is a claim; without that there is nothing to call so."""

UNCLAIMED = "held-out people give the result nothing to claim"

BOUNDS = {
    "permutation": "read off permuted data",
    "r-concave": "the r-concave bound of Shah and Samworth (2013)",
    "unimodal": "the unimodal bound of Shah and Samworth (2013)",
    "none": "the bound of Meinshausen and Bühlmann (2010)",
}

_HIGHER = {1: "more", -1: "fewer", 0: "no more and no fewer"}


@dataclass(frozen=True)
class Passed:
    """A marker that passed.

    ``higher`` says what goes with a higher value: more events, or fewer. ``stand_ins`` are the
    labels of equivalent markers.
    """

    marker: SignatureMarker
    higher: str
    stand_ins: tuple[str, ...]


@dataclass(frozen=True)
class ValuePoints:
    """Points for a band of values, from `low` up to `high`, or for another kind of value."""

    kind: Literal["band", "below_limit", "yes"]
    points: int
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class PointRow:
    """All that one feature may be worth."""

    label: str
    unit: str
    values: tuple[ValuePoints, ...]


@dataclass(frozen=True)
class HandScore:
    """A score to add up by hand; ``kept`` says whether it loses no more than was aimed at."""

    score: PointScore
    rows: tuple[PointRow, ...]
    kept: bool


@dataclass(frozen=True)
class Swaps:
    """Markers that were tried in place of others.

    ``floor`` is the difference in AUROC above which a stand-in's interval has to lie, and
    ``current`` says whether the swaps were tried on this run.
    """

    record: EquivalentsRecord
    floor: float
    current: bool


@dataclass(frozen=True)
class Selection:
    """What selection found on all development rows, and in the outer folds.

    Parameters
    ----------
    section_title : str
        `NAMED` or `TITLE`.
    record : SignatureRecord
    current : bool
        Whether the selection is of this run.
    n : int
        Markers that passed.
    passed : tuple of Passed
    tested_and_failed : bool
        Whether the strongest marker was no stronger than the strongest where none can matter.
    share : bool
        Whether the level is a share of the markers named, not a number of them.
    bound : str
        Where the threshold comes from, in words.
    points : HandScore, optional
        None where there is none, or no claim.
    no_points : str
        Why there is no score.
    swaps : Swaps, optional
        None where none were tried.
    command : str
        That tries swaps.
    """

    section_title: str
    record: SignatureRecord
    current: bool
    n: int
    passed: tuple[Passed, ...]
    tested_and_failed: bool
    share: bool
    bound: str
    points: HandScore | None
    no_points: str
    swaps: Swaps | None
    command: str


def summarize(results: Results) -> Selection | None:
    """Collect what passed, what did not, and how far outer folds agree; None without selection."""
    found = results.signature
    if found is None:
        return None
    claimed = results.evaluation.claim.at_least("exploratory")
    swaps = _swaps(results.equivalents, found)
    return Selection(
        section_title=NAMED if found.markers and claimed else TITLE,
        record=found,
        current=found.fingerprint == results.launch.fingerprint,
        n=len(found.markers),
        passed=tuple(_passed(marker, swaps) for marker in found.markers),
        tested_and_failed=found.pvalue is not None
        and found.alpha is not None
        and found.pvalue > found.alpha,
        share=found.error == "fdr",
        bound=BOUNDS[found.bound],
        points=_hand_score(found.points) if found.points and claimed else None,
        no_points=found.no_points if claimed else UNCLAIMED,
        swaps=swaps,
        command=f"python -m pipelines.equivalents results/{found.experiment}",
    )


def _swaps(told: EquivalentsRecord | None, found: SignatureRecord) -> Swaps | None:
    if told is None:
        return None
    return Swaps(told, floor=-told.margin, current=told.fingerprint == found.fingerprint)


def _passed(marker: SignatureMarker, swaps: Swaps | None) -> Passed:
    tried = swaps.record.stand_ins if swaps is not None and swaps.current else ()
    equivalent = (s for s in tried if s.marker == marker.name and s.comparison.equivalent)
    return Passed(marker, _HIGHER[marker.direction], tuple(s.stand_in_label for s in equivalent))


def _hand_score(score: PointScore) -> HandScore:
    rows = tuple(PointRow(line.label, line.unit, _values(line)) for line in score.lines)
    return HandScore(score, rows, kept=score.loss <= score.largest_loss)


def _values(line: PointLine) -> tuple[ValuePoints, ...]:
    values = [ValuePoints("band", band.points, band.low, band.high) for band in line.bands]
    if line.below_limit is not None:
        values.append(ValuePoints("below_limit", line.below_limit))
    if line.yes is not None:
        values.append(ValuePoints("yes", line.yes))
    return tuple(values)


def draw(summary: Selection) -> dict[str, Markup]:
    """Draw how often half-samples and outer folds chose each marker, and the threshold."""
    from pipelines.report.sections.signature.drawing import how_often

    shown: list[SignatureMarker | NearMarker] = [*summary.record.markers, *summary.record.near]
    # where no marker was ever chosen there is nothing to see
    return {"frequency": how_often(shown, summary.record.threshold)} if shown else {}
