"""The effect among all who were randomised, arm by arm."""

from __future__ import annotations

from dataclasses import dataclass

from pipelines.report.trial_results import TrialResults
from pipelines.report.trial_words import decimals, good, label, unit_of, unit_of_difference
from signature.effect.trial_record import ArmEffect, Tipping, TrialRecord
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
    tipping: tuple[str, ...]
    """How far from random losses would have to be, in a sentence each."""


def summarize(results: TrialResults) -> AverageEffect:
    """Collect the average benefit of each arm over control."""
    record = results.record
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
        tipping=tuple(_tipping(one, record) for one in record.tipping),
    )


def _tipping(one: Tipping, record: TrialRecord) -> str:
    """Say how far from random the losses may be before one answer changes."""
    average = one.what == "average"
    unit = unit_of(record.endpoint) + ("" if average else " per standard deviation")
    name = "predicted benefit" if one.what == "score" else label(one.what, record)
    answer = "the average benefit" if average else f"how benefit goes with {name}"
    if one.shift is None:
        return f"{answer}: no answer of theirs could change it"
    size = f"{number(abs(one.shift), decimals(record))} {unit}"
    if one.sd:
        size += f" ({number(abs(one.shift) / one.sd, 1)} SD)"
    if average:
        far = f"they would have had to do {'worse' if one.shift > 0 else 'better'} by {size}"
    else:
        far = f"their gain would have had to be {'less' if one.shift > 0 else 'more'} by {size}"
    end = "before the interval reached 0" if one.found else "before the interval left 0 out"
    return f"{answer}: {far} {end}"


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
