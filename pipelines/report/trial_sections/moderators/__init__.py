"""The effect in groups of people that the experiment names."""

from __future__ import annotations

from dataclasses import dataclass, replace

from markupsafe import Markup

from pipelines.report.trial_results import TrialResults
from pipelines.report.trial_words import decimals, flipped, unit_of, unit_of_difference
from signature.effect.interaction.line_or_step import LineOrStep
from signature.effect.interaction.moderators import Moderator
from signature.effect.trial_record import NamedModerator, TrialRecord
from signature.records.estimates import EffectEstimate

TITLE = "Named groups"
ORDER = 40

LEVEL = 0.05
"""Of the difference between levels, below which something is said of its shape."""

_PRINTED = 3
"""One of so many points of a shape has a line in the table."""


@dataclass(frozen=True)
class Level:
    """People of one level; `benefit` is undefined where they are few."""

    group: str
    level: str
    people: dict[str, int]
    """By arm."""
    benefit: EffectEstimate


@dataclass(frozen=True)
class Along:
    """Benefit at one value of a marker."""

    value: float
    line: EffectEstimate
    step: EffectEstimate


@dataclass(frozen=True)
class Group:
    """One named way to divide people."""

    label: str
    found: Moderator
    difference: EffectEstimate
    """Benefit in the second level less that in the first; undefined of more than two."""
    levels: tuple[Level, ...]
    shape: LineOrStep | None
    unit: str
    """Of benefit along the marker."""
    digits: int
    along: tuple[Along, ...]
    """Some points of the shape; empty without one."""
    told: str
    """Of the shape, in a sentence; empty without one."""


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
    shape = None if one.shape is None else _as_benefit(one.shape, record)
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
        shape=shape,
        unit=unit_of(record.endpoint),
        digits=2 if record.endpoint["kind"] == "continuous" else 3,
        along=() if shape is None else _points(shape),
        told="" if one.shape is None else _words(one),
    )


def _as_benefit(shape: LineOrStep, record: TrialRecord) -> LineOrStep:
    """Turn effects into benefit, positive where good."""
    lines = (
        tuple(flipped(e.value, e.low, e.high, record) for e in along)
        for along in (shape.along_line, shape.along_step)
    )
    along_line, along_step = lines
    slope, step = (flipped(e.value, e.low, e.high, record) for e in (shape.slope, shape.step))
    return replace(shape, slope=slope, step=step, along_line=along_line, along_step=along_step)


def _points(shape: LineOrStep) -> tuple[Along, ...]:
    every = zip(shape.values, shape.along_line, shape.along_step, strict=True)
    return tuple(Along(*point) for i, point in enumerate(every) if i % _PRINTED == 0)


def _words(one: NamedModerator) -> str:
    assert one.shape is not None
    name, cut = one.label, f"{one.shape.cut:g}"
    if one.found.p is None or one.found.p > LEVEL:
        return f"there is no evidence that benefit changes with {name}, and so none of how"
    return {
        "step": f"benefit steps at {cut}: a straight line along {name} is contradicted, and the "
        "step is not",
        "line": f"benefit changes along {name} and does not step at {cut}: a step is contradicted, "
        "and a line is not; a cut would be a matter of convenience",
        "not told apart": f"these people do not tell whether benefit changes along {name} in a "
        f"line or steps at {cut}",
        "neither": f"neither a straight line along {name} nor a step at {cut} is what these people "
        "show",
    }[one.shape.shape]


def draw(summary: NamedGroups) -> dict[str, Markup]:
    """Draw the benefit by level, and along a marker that has a cut."""
    return _levels(summary) | {
        f"shape_{i}": _shape(group, summary)
        for i, group in enumerate(summary.groups, 1)
        if group.shape is not None
    }


def _shape(group: Group, summary: NamedGroups) -> Markup:
    from pipelines.report.figures import GRID, MAIN, SECOND, canvas, to_svg

    shape = group.shape
    assert shape is not None
    with canvas(2.7) as (figure, axes):
        lines = ((shape.along_line, MAIN, "-", "line"), (shape.along_step, SECOND, "--", "step"))
        for along, colour, dash, name in lines:
            low, value, high = (
                [getattr(e, end) for e in along] for end in ("low", "value", "high")
            )
            axes.plot(shape.values, value, dash, color=colour, label=name)
            axes.fill_between(shape.values, low, high, color=colour, alpha=0.12, linewidth=0)
        axes.axhline(0, color=GRID)
        axes.set_xlabel(group.label)
        axes.set_ylabel(f"benefit ({group.unit})")
        figure.legend(loc="outside upper left", ncols=2)
        return to_svg(
            figure,
            key=f"shape-{summary.groups.index(group)}",
            title=f"Benefit along {group.label}",
            description="Benefit of treatment over control along the marker, from its 5th to its "
            "95th percentile: as a straight line, and dashed as a step at the declared cut, each "
            "with its 95 % band.",
        )


def _levels(summary: NamedGroups) -> dict[str, Markup]:
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
