"""What held-out predicted benefit is worth: by quantile, as a ranking, and in its size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from pipelines.report.trial_results import TrialResults
from pipelines.report.trial_words import decimals, label, shown, unit_of_difference
from signature.effect.benefit.benefit_quantiles import EffectByGroup, GroupEffect
from signature.effect.benefit.targeting import Targeting
from signature.effect.trial_record import BenefitResult, LevelPart, TrialRecord
from signature.records.estimates import EffectEstimate

TITLE = "Predicted and observed benefit"
ORDER = 50

MOST_PARTS = 12
"""Features listed with what they do to predicted benefit."""


@dataclass(frozen=True)
class Group:
    """People alike in what was predicted of them; `benefit` is undefined where they are few."""

    label: str
    effect: GroupEffect
    benefit: EffectEstimate
    risk_ratio: EffectEstimate


@dataclass(frozen=True)
class ByGroup:
    """Groups from the lowest prediction to the highest, and how much more the last gains."""

    head: tuple[str, ...]
    ends: EffectEstimate
    groups: tuple[Group, ...]


@dataclass(frozen=True)
class Point:
    """Benefit of those ranked first over that of all, when this share of people is treated."""

    share: float
    benefit: EffectEstimate


@dataclass(frozen=True)
class Candidate:
    """How good one candidate's predictions are; all is undefined of a constant one."""

    label: str
    headline: bool
    constant: bool
    ends: EffectEstimate
    """Benefit in the highest group less that in the lowest."""
    autoc: EffectEstimate
    qini: EffectEstimate
    in_the_large: EffectEstimate
    """Observed less predicted benefit."""
    slope: EffectEstimate
    c: EffectEstimate
    """For benefit, in matched pairs."""


@dataclass(frozen=True)
class Part:
    """What a feature, or a family of them, does to predicted benefit."""

    label: str
    family: str
    mean: float
    ends: list[LevelPart]
    """Of the lowest values and of the highest; empty where people are too few."""


@dataclass(frozen=True)
class Benefit:
    """What predicted benefit is worth: of the headline in full, of all candidates in brief."""

    treated: str
    control: str
    unit: str
    digits: int
    event: bool
    predictive: bool
    verdict: str
    """What was found of the learned benefit itself, to be read beside what it goes by."""
    headline: str
    constant: bool
    """Whether the headline predicts the same for everybody."""
    parts: tuple[Part, ...]
    """The largest first; empty where the headline predicts the same for all."""
    families: tuple[tuple[str, int, float], ...]
    """Name, number of features, mean absolute part."""
    others: int
    """Features with a smaller part, which are not listed."""
    by_benefit: ByGroup | None
    by_risk: ByGroup | None
    risk_name: str
    curve: tuple[Point, ...]
    candidates: tuple[Candidate, ...]
    pairs: bool
    """Whether a c-for-benefit was computed of any candidate."""
    calibration_head: tuple[str, ...]


def summarize(results: TrialResults) -> Benefit | None:
    """Collect effects by quantile and rankings; None where no benefit was predicted."""
    record = results.record
    if not record.candidates:
        return None
    headline = next(one for one in record.candidates if one.headline)
    event = record.endpoint["kind"] != "continuous"
    pairs = any(one.c_for_benefit is not None for one in record.candidates)
    parts = _parts(record)
    risk_name = "Predicted risk" if event else "Predicted outcome"
    return Benefit(
        treated=record.treated,
        control=record.arms[0],
        unit=unit_of_difference(record),
        digits=decimals(record),
        event=event,
        predictive=bool(record.claim.predictive),
        verdict=_verdict(record),
        headline=headline.label,
        constant=headline.constant,
        parts=parts[:MOST_PARTS],
        families=()
        if record.explained is None
        else tuple((one.family, one.features, one.mean) for one in record.explained.families),
        others=max(0, len(parts) - MOST_PARTS),
        by_benefit=_by_group(headline.groups, "Predicted benefit", record),
        by_risk=_by_group(record.risk_groups, risk_name, record),
        risk_name=risk_name,
        curve=_curve(headline.targeting),
        candidates=tuple(_candidate(one) for one in record.candidates),
        pairs=pairs,
        calibration_head=(
            "Candidate",
            "Observed less predicted",
            "Calibration slope",
            *(("C-for-benefit",) if pairs else ()),
        ),
    )


def _by_group(found: EffectByGroup | None, along: str, record: TrialRecord) -> ByGroup | None:
    if found is None:
        return None
    event = record.endpoint["kind"] != "continuous"
    arms = (record.arms[0], record.treated)
    return ByGroup(
        head=(
            "Group",
            along,
            *arms,
            *(f"{'Risk' if event else 'Mean outcome'}, {arm}" for arm in arms),
            "Benefit",
            *(("Risk ratio",) if event else ()),
        ),
        ends=shown(found.highest_minus_lowest),
        groups=tuple(
            Group(
                label=f"{i} of {len(found.groups)}",
                effect=group,
                benefit=shown(group.benefit),
                risk_ratio=shown(group.risk_ratio),
            )
            for i, group in enumerate(found.groups, 1)
        ),
    )


def _parts(record: TrialRecord) -> tuple[Part, ...]:
    if record.explained is None:
        return ()
    return tuple(
        Part(label(one.feature, record), one.family, one.mean, one.ends)
        for one in record.explained.features
    )


def _verdict(record: TrialRecord) -> str:
    decided = record.decided
    if decided is None or all(member.test != "score" for member in decided.members):
        return "learned benefit itself was not tested here"
    if record.claim.rule:
        return "here people gain more of whom more was predicted"
    return "here there is no evidence that people gain more of whom more was predicted"


def _curve(found: Targeting | None) -> tuple[Point, ...]:
    if found is None:
        return ()
    return tuple(
        Point(share, benefit) for share, benefit in zip(found.shares, found.toc, strict=True)
    )


def _candidate(one: BenefitResult) -> Candidate:
    found = one.calibration
    return Candidate(
        label=one.label,
        headline=one.headline,
        constant=one.constant,
        ends=shown(None if one.groups is None else one.groups.highest_minus_lowest),
        autoc=shown(None if one.targeting is None else one.targeting.autoc),
        qini=shown(None if one.targeting is None else one.targeting.qini),
        in_the_large=shown(None if found is None else found.in_the_large),
        slope=shown(None if found is None else found.slope),
        c=shown(None if one.c_for_benefit is None else one.c_for_benefit.c),
    )


def draw(summary: Benefit) -> dict[str, Markup]:
    """Draw benefit by quantile of prediction and of prognosis, and the targeting curve."""
    figures = {}
    if summary.parts:
        figures["parts"] = _draw_parts(summary.parts, summary.unit)
    if summary.by_benefit is not None:
        figures["by_benefit"] = _draw_groups(
            summary.by_benefit.groups,
            key="benefit-by-benefit",
            along=f"Predicted benefit ({summary.unit})",
            description="Observed against predicted benefit, by group of predicted benefit: points "
            "with 95 % intervals; on the dashed diagonal the two agree, and on the dotted line "
            "treatment makes no difference.",
            diagonal=True,
        )
    if summary.by_risk is not None:
        figures["by_risk"] = _draw_groups(
            summary.by_risk.groups,
            key="benefit-by-risk",
            along=summary.risk_name,
            description="Observed benefit by group of predicted outcome whatever the arm: points "
            "with 95 % intervals; on the dotted line treatment makes no difference.",
        )
    if summary.curve:
        figures["targeting"] = _draw_curve(summary.curve)
    return figures


def _draw_parts(parts: Sequence[Part], unit: str) -> Markup:
    from pipelines.report.figures import GRID, MAIN, MUTED, SECOND, canvas, to_svg
    from pipelines.report.plots import shorten

    with canvas(0.9 + 0.26 * len(parts)) as (figure, axes):
        axes.axvline(0, color=MUTED, linewidth=1)
        for i, part in enumerate(parts):
            ends = [end.mean for end in part.ends]
            axes.plot(ends, [i] * len(ends), color=GRID, linewidth=3)
            for end, colour in zip(ends, (MAIN, SECOND), strict=False):
                axes.plot(end, i, "o", color=colour, markersize=5.5)
        axes.set_yticks(range(len(parts)), [shorten(part.label, 32) for part in parts])
        axes.set_ylim(len(parts) - 0.4, -0.6)
        axes.tick_params(axis="y", length=0)
        axes.grid(axis="x", color=GRID)
        figure.supxlabel(
            f"part in predicted benefit, {unit} (blue: lowest values, orange: highest)", fontsize=9
        )
        return to_svg(
            figure,
            key="benefit-parts",
            title="What predicted benefit goes by",
            description="One line per feature: what it adds to the predicted benefit of held-out "
            "people with the lowest of its values, and with the highest. To the right of 0 it "
            "speaks for treatment.",
        )


def _draw_groups(
    groups: Sequence[Group], *, key: str, along: str, description: str, diagonal: bool = False
) -> Markup:
    from pipelines.report.figures import GRID, MAIN, MUTED, canvas, to_svg

    known = [group for group in groups if group.benefit.value is not None]
    with canvas(3.0) as (figure, axes):
        axes.axhline(0, color=MUTED, linewidth=1, linestyle=(0, (1, 2)))
        x = [group.effect.predicted for group in known]
        if diagonal and x:
            axes.plot([min(x), max(x)], [min(x), max(x)], color=MUTED, lw=1, linestyle=(0, (3, 2)))
        for group in known:
            ends = [group.benefit.low, group.benefit.high]
            if None not in ends:
                axes.plot([group.effect.predicted] * 2, ends, color=MAIN, linewidth=1.8)
        axes.plot(x, [group.benefit.value for group in known], "o", color=MAIN, markersize=5.5)
        axes.grid(color=GRID)
        axes.set_ylabel("observed benefit")
        figure.supxlabel(along, fontsize=9)
        return to_svg(figure, key=key, title=f"Benefit by group: {along}", description=description)


def _draw_curve(curve: Sequence[Point]) -> Markup:
    from pipelines.report.figures import GRID, MUTED, PALE, SECOND, canvas, to_svg

    at = [point.share for point in curve]
    found = [point.benefit for point in curve]
    low = [one.value if one.low is None else one.low for one in found]
    high = [one.value if one.high is None else one.high for one in found]
    with canvas(2.8) as (figure, axes):
        axes.axhline(0, color=MUTED, linewidth=1, linestyle=(0, (1, 2)))
        axes.fill_between(at, low, high, color=PALE, linewidth=0)
        axes.plot(at, [one.value for one in found], "o-", color=SECOND, markersize=4)
        axes.set_xlim(0, 1.02)
        axes.grid(color=GRID)
        axes.set_ylabel("benefit over average")
        figure.supxlabel("share of people treated, largest predicted benefit first", fontsize=9)
        return to_svg(
            figure,
            key="benefit-targeting",
            title="Targeting operator characteristic",
            description="Average benefit of those ranked first, less that of all, against the "
            "share of people treated, with its pointwise 95 % band; a ranking that finds nobody "
            "stays on the dotted line at 0.",
        )
