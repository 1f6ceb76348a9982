"""The effect in groups of people that the experiment names."""

from __future__ import annotations

from typing import Any

from pipelines.report.trial_results import TrialResults
from pipelines.report.trial_words import decimals, flipped, unit_of_difference
from signature.effect.trial_record import NamedModerator, TrialRecord

TITLE = "Named groups"
ORDER = 40


def summarize(results: TrialResults) -> dict[str, Any] | None:
    """Collect effects by level; None where the experiment names no groups."""
    record = results.record
    if not record.moderators:
        return None
    scale = record.moderators[0].found.scale
    groups = [_group(one, record) for one in record.moderators]
    return {
        "control": record.arms[0],
        "treated": record.treated,
        "unit": unit_of_difference(record, scale),
        "digits": decimals(record, scale),
        "groups": groups,
        "drawn": [
            {"label": f"{group['label']}: {level['level']}", **level}
            for group in groups
            for level in group["levels"]
            if level["value"] is not None
        ],
        "several": len(groups) > 1,
    }


def _group(one: NamedModerator, record: TrialRecord) -> dict[str, Any]:
    found = one.found
    return {
        "label": one.label,
        "unknown": found.unknown,
        "difference": flipped(
            found.difference, found.difference_low, found.difference_high, record
        ),
        "p": found.p,
        "p_low": found.p_low,
        "p_high": found.p_high,
        "how": found.how,
        "levels": [
            {
                "level": level.level.replace("_", " "),
                "people": level.people,
                **flipped(level.effect, level.low, level.high, record),
            }
            for level in found.levels
        ],
    }


def draw(summary: dict[str, Any]) -> dict[str, Any]:
    """Draw the benefit by level."""
    from pipelines.report.plots import forest_figure

    drawn = summary["drawn"]
    if not drawn:
        return {}
    svg = forest_figure(
        [line["label"] for line in drawn],
        drawn,
        length=40,
        along=f"Benefit ({summary['unit']}), 95 % interval",
        key="moderators-levels",
        title="Benefit by named group",
        description="One line per level that has enough people in both arms: a point for the "
        "benefit of treatment over control, a bar for its 95 % interval; a dashed line stands "
        "at no benefit.",
    )
    return {"levels": svg}
