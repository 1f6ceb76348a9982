"""What the change by an early visit goes with, among those still at risk there."""

from __future__ import annotations

from typing import Any

from pipelines.report.trial_results import TrialResults
from pipelines.report.trial_words import (
    benefit_of,
    decimals,
    label,
    shown,
    unit_of_difference,
)
from signature.effect.trial_record import MarkerVisits, TrialRecord
from signature.effect.visits.early_change import ArmGain, EarlyChange, MarkerChange

TITLE = "Early change"
ORDER = 85

MOST_DRAWN = 4
"""Markers whose lines are drawn: those whose change goes with benefit most clearly."""


def summarize(results: TrialResults) -> dict[str, Any] | None:
    """Collect the landmark analysis; None where there is no early visit or too few people."""
    record = results.record
    early = record.early
    if early is None:
        return None
    scale = next((one.arm_by_change.scale for one in early.markers if one.arm_by_change), "outcome")
    markers = [_marker(one, record) for one in early.markers]
    clearest = sorted(markers, key=lambda one: (one["benefit"] or {"p": 2.0})["p"])
    drawn = {one["name"] for one in clearest[:MOST_DRAWN]}
    return {
        "section_title": f"Change by {early.label}",
        "visit": early.label,
        "day": early.day,
        "endpoint_day": early.endpoint_day,
        "control": early.control,
        "treated": early.treated,
        "caution": early.caution,
        "unit": unit_of_difference(record),
        "unit_of_benefit": unit_of_difference(record, scale),
        "digits": decimals(record),
        "digits_of_benefit": decimals(record, scale),
        "event": record.endpoint["kind"] != "continuous",
        "people": [
            {
                "arm": arm,
                "people": early.people[arm],
                "excluded": [
                    {"reason": reason, "people": people}
                    for reason, people in early.excluded.get(arm, {}).items()
                ],
            }
            for arm in (early.control, early.treated)
        ],
        "markers": markers,
        "several": len(markers) > 1,
        "gains": [_gain(one) for one in early.gains],
        "lines": [_lines(one, early, record) for one in record.visits if one.marker in drawn],
        "change": record.experiment["early"]["scale"],
    }


def _marker(one: MarkerChange, record: TrialRecord) -> dict[str, Any]:
    test = one.arm_by_change
    return {
        "name": one.marker,
        "label": label(one.marker, record),
        "slopes": [
            {"arm": slope.arm, "people": slope.people, **shown(slope.slope)} for slope in one.slopes
        ],
        "benefit": None if test is None else benefit_of(test, record),
    }


def _gain(one: ArmGain) -> dict[str, Any]:
    found = one.prognosis
    if found is None:
        return {"arm": one.arm, "people": one.people, "known": False}
    return {
        "arm": one.arm,
        "people": one.people,
        "known": True,
        "before": found.baseline.model_dump(),
        "after": found.panel.model_dump(),
        "gain": found.gain.model_dump(),
    }


def _lines(one: MarkerVisits, early: EarlyChange, record: TrialRecord) -> dict[str, Any]:
    """Means of a marker at both visits, control first, those who did better first."""
    order = {early.control: 0, early.treated: 1}
    return {
        "name": one.marker,
        "label": label(one.marker, record),
        "better": one.better,
        "rows": [
            {
                "arm": line.arm,
                "later": line.later,
                "people": line.people,
                "before": _mean(line.before),
                "after": _mean(line.after),
            }
            for line in sorted(one.lines, key=lambda line: (order[line.arm], line.later))
        ],
    }


def _mean(found: Any) -> dict[str, float] | None:
    if found is None:
        return None
    return {"value": found.mean, "low": found.low, "high": found.high}


def draw(summary: dict[str, Any]) -> dict[str, Any]:
    """Draw each marker at both visits, by arm and by what became of people later."""
    return {line["name"]: _draw_lines(line, summary) for line in summary["lines"]}


def _draw_lines(line: dict[str, Any], summary: dict[str, Any]) -> Any:
    from pipelines.report.figures import GRID, MAIN, SECOND, canvas, to_svg

    arms = (summary["control"], summary["treated"])
    with canvas(2.7, 1, 2, sharey=True) as (figure, panels):
        for axes, arm in zip(panels, arms, strict=True):
            for row in line["rows"]:
                if row["arm"] != arm or row["before"] is None:
                    continue
                better = row["later"] == "better"
                colour, shift = (MAIN, -0.02) if better else (SECOND, 0.02)
                points = (row["before"], row["after"])
                at = [shift, 1 + shift]
                axes.plot(
                    at,
                    [point["value"] for point in points],
                    "o-" if better else "s--",
                    color=colour,
                    markersize=5,
                    label=f"did {row['later']} later",
                )
                for x, point in zip(at, points, strict=True):
                    axes.plot([x, x], [point["low"], point["high"]], color=colour, linewidth=1.4)
            axes.set_title(arm)
            axes.set_xticks([0, 1], ["baseline", summary["visit"]])
            axes.set_xlim(-0.25, 1.25)
            axes.grid(axis="y", color=GRID)
        panels[0].set_ylabel(
            f"log2 {line['label']}" if summary["change"] == "log2 ratio" else line["label"]
        )
        handles, names = next(
            (found for found in (p.get_legend_handles_labels() for p in panels) if found[0]),
            ([], []),
        )
        if handles:
            figure.legend(handles, names, loc="outside upper left", ncols=2)
        return to_svg(
            figure,
            key=f"early-{line['name'].replace('_', '-')}",
            title=f"{line['label']} at baseline and at {summary['visit']}",
            description="Mean with its 95 % interval at baseline and at the early visit; one panel "
            "per arm, one line for those who did better later and one, dashed, for the others. "
            "Groups of fewer than 10 people are not drawn.",
        )
