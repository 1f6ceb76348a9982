"""The one test that decides, and the tables that only describe: named markers and all markers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from markupsafe import Markup

from pipelines.report.trial_results import TrialResults
from pipelines.report.trial_words import (
    AddedBenefit,
    LeftOut,
    benefit_of,
    decimals,
    label,
    left_out,
    unit_of_difference,
)
from signature.effect.interaction.deciding_test import DecidingTest
from signature.effect.interaction.interaction_table import InteractionTable
from signature.effect.trial_record import TrialRecord

TITLE = "Who gains more: the test"
ORDER = 30

MOST_DRAWN = 15


@dataclass(frozen=True)
class Named:
    """A marker whose interaction with the arm was named before the data were seen."""

    label: str
    benefit: AddedBenefit


@dataclass(frozen=True)
class Row:
    """One of all markers."""

    label: str
    benefit: AddedBenefit
    p_family: float
    """Corrected for the number of markers."""
    found: bool
    """Whether that is at most 0.05."""


@dataclass(frozen=True)
class Test:
    """One of the tests that decide, or that the deciding one looked at."""

    name: str
    p: float
    decides: bool


@dataclass(frozen=True)
class Interactions:
    """The deciding test, its control, and the interactions of markers."""

    small: bool
    treated: str
    control: str
    unit: str
    digits: int
    predictive: bool
    decided: DecidingTest | None
    tests: tuple[Test, ...]
    """What the deciding test looked at."""
    score: AddedBenefit | None
    control_score: AddedBenefit | None
    named: tuple[Named, ...]
    rows: tuple[Row, ...]
    """The largest statistic first."""
    drawn: tuple[Row, ...]
    found: int
    left_out: tuple[LeftOut, ...]


def summarize(results: TrialResults) -> Interactions:
    """Collect the deciding test, its control, and the interactions of markers."""
    record = results.record
    decided = record.decided
    score = None if decided is None else decided.score
    some = score or record.control_score or (record.named[0].test if record.named else None)
    scale = some.scale if some else "outcome"
    rows = _rows(record.markers, record)
    return Interactions(
        small=record.size.small,
        treated=record.treated,
        control=record.arms[0],
        unit=unit_of_difference(record, scale),
        digits=decimals(record, scale),
        predictive=bool(record.claim.predictive),
        decided=decided,
        tests=() if decided is None else tuple(_tests(decided, record)),
        score=None if score is None else benefit_of(score, record),
        control_score=None
        if record.control_score is None
        # the prognosis is of the outcome: where lower is better, a high one is bad
        else benefit_of(record.control_score, record),
        named=tuple(
            Named(label(one.marker, record), benefit_of(one.test, record)) for one in record.named
        ),
        rows=rows,
        drawn=rows[:MOST_DRAWN],
        found=sum(row.found for row in rows),
        left_out=() if record.markers is None else left_out(record.markers.left_out, record),
    )


def _tests(decided: DecidingTest, record: TrialRecord) -> Iterator[Test]:
    clearest = "" if decided.clearest is None else label(decided.clearest, record)
    names = {
        "score": "Predicted benefit, held out",
        "markers": f"The strongest feature, {clearest}",
        "joint": "All features together",
    }
    if len(decided.markers) == 1:
        names["markers"] = clearest
    for member in decided.members:
        yield Test(names[member.test], member.p, len(decided.members) == 1)
    if len(decided.members) > 1:
        yield Test("The least likely of these: decides", decided.p, decides=True)


def _rows(table: InteractionTable | None, record: TrialRecord) -> tuple[Row, ...]:
    if table is None:
        return ()
    return tuple(
        Row(
            label=label(row.marker, record),
            benefit=benefit_of(row.test, record),
            p_family=row.p_family,
            found=row.p_family <= 0.05,
        )
        for row in sorted(table.rows, key=lambda row: -abs(row.test.statistic))
    )


def draw(summary: Interactions) -> dict[str, Markup]:
    """Draw additional benefit by marker, the clearest on top."""
    from pipelines.report.plots import forest_figure

    drawn = summary.drawn
    if not drawn:
        return {}
    svg = forest_figure(
        [row.label for row in drawn],
        [row.benefit for row in drawn],
        highlight=[row.found for row in drawn],
        along=f"Additional benefit per SD of the marker ({summary.unit}), 95 % interval",
        key="interaction-markers",
        title="Additional benefit by marker",
        description="One line per marker, the largest statistic on top: a point for the "
        "additional benefit of treatment per standard deviation of the marker, a bar for its "
        "95 % interval, which is not corrected for the number of markers. The second colour "
        "marks those whose corrected p is at most 0.05; a dashed line stands at no difference.",
    )
    return {"markers": svg}
