"""The effect among all who were randomised, arm by arm."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pipelines.report.trial_results import TrialResults
from pipelines.report.trial_words import decimals, good, label, unit_of, unit_of_difference
from signature.effect.trial_record import ArmEffect, Losses, Tipping, TrialRecord
from signature.page.numbers import number
from signature.records.estimates import EffectEstimate

TITLE = "Average effect"
ORDER = 20


@dataclass(frozen=True)
class Secondary:
    """Average benefit in a further endpoint."""

    label: str
    unit: str
    people: int
    """Of the two arms, whose outcome is known."""
    benefit: EffectEstimate
    digits: int
    p_family: float | None


@dataclass(frozen=True)
class TippingLine:
    """From which shift of the lost on an answer changes, above 0 to treatment's disadvantage."""

    answer: str
    found: bool
    at: str


@dataclass(frozen=True)
class AverageEffect:
    """The average benefit of each arm over control."""

    control: str
    definition: str
    """Of the endpoint."""
    good: str
    unit: str
    digits: int
    adjusted: bool
    """Whether any arm has an adjusted estimate."""
    head: tuple[str, ...]
    arms: list[ArmEffect]
    apart: str
    """How far apart the two estimates of the compared arm are; empty without an adjusted one."""
    treated: str
    secondary: tuple[Secondary, ...]
    lost: Mapping[str, int]
    """People of either arm whose outcome is not known; empty where all are."""
    tipping: tuple[TippingLine, ...]
    """How far from random losses would have to be before an answer changed."""


def summarize(results: TrialResults) -> AverageEffect:
    """Collect the average benefit of each arm over control."""
    record = results.record
    losses = record.losses
    adjusted = any(one.adjusted is not None for one in record.average)
    return AverageEffect(
        control=record.arms[0],
        definition=record.endpoint["definition"],
        good=good(record),
        unit=unit_of_difference(record),
        digits=decimals(record),
        adjusted=adjusted,
        head=("Arm", "Difference of means", "p", *(("Adjusted", "p") if adjusted else ())),
        arms=record.average,
        apart=_apart(next(one for one in record.average if one.arm == record.treated), record),
        treated=record.treated,
        secondary=tuple(
            Secondary(
                label=one.endpoint["label"],
                unit=unit_of(one.endpoint),
                people=sum(one.known.values()),
                benefit=one.benefit,
                digits=2 if one.endpoint["kind"] == "continuous" else 3,
                p_family=one.p_family,
            )
            for one in record.secondary
        ),
        lost={} if losses is None else losses.lost,
        tipping=()
        if losses is None
        else tuple(_tipping(one, losses, record) for one in losses.answers),
    )


def _tipping(one: Tipping, losses: Losses, record: TrialRecord) -> TippingLine:
    name = "predicted benefit" if one.what == "score" else label(one.what, record)
    average = one.what == "average"
    if one.shift is None:
        at = "no outcomes of theirs could"
    elif losses.sd is None:
        at = f"{number(100 * one.shift, 1, sign=True)} percentage points of risk"
    else:
        at = (
            f"{number(one.shift, decimals(record), sign=True)} {unit_of(record.endpoint)} "
            f"({number(one.shift / losses.sd, 1, sign=True)} SD)"
        )
    return TippingLine(
        answer="Average benefit" if average else f"Benefit goes with {name}, per SD",
        found=one.found,
        at=at,
    )


def _apart(effect: ArmEffect, record: TrialRecord) -> str:
    plain, adjusted = effect.unadjusted, effect.adjusted
    if adjusted is None or None in (plain.value, adjusted.value, plain.standard_error):
        return ""
    assert adjusted.value is not None
    assert plain.value is not None
    assert plain.standard_error is not None
    moved, spread = adjusted.value - plain.value, plain.standard_error
    far = abs(moved) > spread
    return (
        f"Adjusting moves the estimate by {number(moved, decimals(record), sign=True)}, "
        f"{'more' if far else 'less'} than one standard error"
        + (": arms differed at baseline by chance, or lost different people" if far else "")
    )
