"""What the change by an early visit goes with, among those still at risk there."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from pipelines.report.trial_results import TrialResults
from pipelines.report.trial_words import (
    AddedBenefit,
    as_estimate,
    benefit_of,
    decimals,
    label,
    unit_of_difference,
)
from signature.effect.trial_record import MarkerVisits, TrialRecord
from signature.effect.visits.early_change import ArmGain, ArmSlope, EarlyChange, MarkerChange
from signature.records.estimates import EffectEstimate

TITLE = "Early change"
ORDER = 85

MOST_DRAWN = 4
"""Markers whose lines are drawn: those whose change goes with benefit most clearly."""


@dataclass(frozen=True)
class People:
    """Who of an arm was at risk and measured at the visit, and by reason who was not."""

    arm: str
    people: int
    excluded: dict[str, int]


@dataclass(frozen=True)
class Marker:
    """What the change of one marker goes with; `benefit` is None where people are too few."""

    name: str
    label: str
    slopes: tuple[ArmSlope, ...]
    benefit: AddedBenefit | None


@dataclass(frozen=True)
class Means:
    """Means of a marker at both visits in people of one arm who did alike later."""

    arm: str
    later: str
    people: int
    before: EffectEstimate | None
    """None where people are too few; likewise `after`."""
    after: EffectEstimate | None


@dataclass(frozen=True)
class MarkerLines:
    """One marker at both visits, control first, those who did better first."""

    name: str
    label: str
    better: str
    rows: tuple[Means, ...]


@dataclass(frozen=True)
class Change:
    """The landmark analysis of one early visit."""

    section_title: str
    visit: str
    day: float
    """From randomisation, as `endpoint_day`."""
    endpoint_day: float
    control: str
    treated: str
    caution: str
    unit: str
    unit_of_benefit: str
    digits: int
    digits_of_benefit: int
    event: bool
    people: tuple[People, ...]
    markers: tuple[Marker, ...]
    gains: tuple[ArmGain, ...]
    lines: tuple[MarkerLines, ...]
    change: str
    """Scale of the change: "difference" or "log2 ratio"."""
    small: bool


def summarize(results: TrialResults) -> Change | None:
    """Collect the landmark analysis; None where there is no early visit or too few people."""
    record = results.record
    early = record.early
    if early is None:
        return None
    scale = next((one.arm_by_change.scale for one in early.markers if one.arm_by_change), "outcome")
    markers = tuple(_marker(one, record) for one in early.markers)
    clearest = sorted(markers, key=lambda one: one.benefit.p if one.benefit else 2.0)
    drawn = {one.name for one in clearest[:MOST_DRAWN]}
    return Change(
        section_title=f"Change by {early.label}",
        visit=early.label,
        day=early.day,
        endpoint_day=early.endpoint_day,
        control=early.control,
        treated=early.treated,
        caution=early.caution,
        unit=unit_of_difference(record),
        unit_of_benefit=unit_of_difference(record, scale),
        digits=decimals(record),
        digits_of_benefit=decimals(record, scale),
        event=record.endpoint["kind"] != "continuous",
        people=tuple(
            People(arm, early.people[arm], early.excluded.get(arm, {}))
            for arm in (early.control, early.treated)
        ),
        markers=markers,
        gains=early.gains,
        lines=tuple(_lines(one, early, record) for one in record.visits if one.marker in drawn),
        change=record.experiment["early"]["scale"],
        small=record.size.small,
    )


def _marker(one: MarkerChange, record: TrialRecord) -> Marker:
    test = one.arm_by_change
    return Marker(
        name=one.marker,
        label=label(one.marker, record),
        slopes=one.slopes,
        benefit=None if test is None else benefit_of(test, record),
    )


def _lines(one: MarkerVisits, early: EarlyChange, record: TrialRecord) -> MarkerLines:
    order = {early.control: 0, early.treated: 1}
    return MarkerLines(
        name=one.marker,
        label=label(one.marker, record),
        better=one.better,
        rows=tuple(
            Means(
                arm=line.arm,
                later=line.later,
                people=line.people,
                before=None if line.before is None else as_estimate(line.before),
                after=None if line.after is None else as_estimate(line.after),
            )
            for line in sorted(one.lines, key=lambda line: (order[line.arm], line.later))
        ),
    )


def draw(summary: Change) -> dict[str, Markup]:
    """Draw each marker at both visits, by arm and by what became of people later."""
    return {line.name: _draw_lines(line, summary) for line in summary.lines}


def _draw_lines(line: MarkerLines, summary: Change) -> Markup:
    from pipelines.report.figures import GRID, MAIN, SECOND, canvas, to_svg

    arms = (summary.control, summary.treated)
    with canvas(2.7, 1, 2, sharey=True) as (figure, panels):
        for axes, arm in zip(panels, arms, strict=True):
            for row in line.rows:
                if row.arm != arm or row.before is None or row.after is None:
                    continue
                better = row.later == "better"
                colour, shift = (MAIN, -0.02) if better else (SECOND, 0.02)
                points = (row.before, row.after)
                at = [shift, 1 + shift]
                axes.plot(
                    at,
                    [point.value for point in points],
                    "o-" if better else "s--",
                    color=colour,
                    markersize=5,
                    label=f"did {row.later} later",
                )
                for x, point in zip(at, points, strict=True):
                    axes.plot([x, x], [point.low, point.high], color=colour, linewidth=1.4)
            axes.set_title(arm)
            axes.set_xticks([0, 1], ["baseline", summary.visit])
            axes.set_xlim(-0.25, 1.25)
            axes.grid(axis="y", color=GRID)
        panels[0].set_ylabel(f"log2 {line.label}" if summary.change == "log2 ratio" else line.label)
        handles, names = next(
            (found for found in (p.get_legend_handles_labels() for p in panels) if found[0]),
            ([], []),
        )
        if handles:
            figure.legend(handles, names, loc="outside upper left", ncols=2)
        return to_svg(
            figure,
            key=f"early-{line.name.replace('_', '-')}",
            title=f"{line.label} at baseline and at {summary.visit}",
            description="Mean with its 95 % interval at baseline and at the early visit; one panel "
            "per arm, one line for those who did better later and one, dashed, for the others. "
            "Groups of fewer than 10 people are not drawn.",
        )
