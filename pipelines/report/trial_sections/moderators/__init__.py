"""The effect in groups of people that the experiment names."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from pipelines.report.trial_results import TrialResults
from pipelines.report.trial_words import decimals, flipped, unit_of_difference
from signature.effect.interaction.moderators import Moderator
from signature.effect.trial_record import NamedModerator, TrialRecord
from signature.records.estimates import EffectEstimate

TITLE = "Named groups"
ORDER = 40


@dataclass(frozen=True)
class Level:
    """People of one level; `benefit` is undefined where they are few."""

    group: str
    level: str
    people: dict[str, int]
    """By arm."""
    benefit: EffectEstimate


@dataclass(frozen=True)
class Group:
    """One named way to divide people."""

    label: str
    found: Moderator
    difference: EffectEstimate
    """Benefit in the second level less that in the first; undefined of more than two."""
    levels: tuple[Level, ...]


@dataclass(frozen=True)
class NamedGroups:
    """Benefit by level of every group that the experiment names."""

    control: str
    treated: str
    unit: str
    digits: int
    groups: tuple[Group, ...]
    drawn: tuple[Level, ...]


def summarize(results: TrialResults) -> NamedGroups | None:
    """Collect effects by level; None where the experiment names no groups."""
    record = results.record
    if not record.moderators:
        return None
    scale = record.moderators[0].found.scale
    groups = tuple(_group(one, record) for one in record.moderators)
    levels = (level for group in groups for level in group.levels)
    return NamedGroups(
        control=record.arms[0],
        treated=record.treated,
        unit=unit_of_difference(record, scale),
        digits=decimals(record, scale),
        groups=groups,
        drawn=tuple(level for level in levels if level.benefit.value is not None),
    )


def _group(one: NamedModerator, record: TrialRecord) -> Group:
    found = one.found
    return Group(
        label=one.label,
        found=found,
        difference=flipped(found.difference, found.difference_low, found.difference_high, record),
        levels=tuple(
            Level(
                group=one.label,
                level=level.level.replace("_", " "),
                people=level.people,
                benefit=flipped(level.effect, level.low, level.high, record),
            )
            for level in found.levels
        ),
    )


def draw(summary: NamedGroups) -> dict[str, Markup]:
    """Draw the benefit by level."""
    from pipelines.report.plots import forest_figure

    drawn = summary.drawn
    if not drawn:
        return {}
    svg = forest_figure(
        [f"{level.group}: {level.level}" for level in drawn],
        [level.benefit for level in drawn],
        length=40,
        along=f"Benefit ({summary.unit}), 95 % interval",
        key="moderators-levels",
        title="Benefit by named group",
        description="One line per level that has enough people in both arms: a point for the "
        "benefit of treatment over control, a bar for its 95 % interval; a dashed line stands "
        "at no benefit.",
    )
    return {"levels": svg}
