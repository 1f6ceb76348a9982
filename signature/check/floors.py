"""Columns that say nothing, and numbers that stand for something else."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from signature.assay.assembly import column_name
from signature.check.report import Finding, Severity, listed, percent, several
from signature.check.view import View
from signature.study.markers import lookup
from signature.study.schema import Role, Scale

SPIKE = 0.2
"""Share of the values that may be one and the same number."""

DISTINCT = 10
"""Different numbers that a measurement has at least; below it is a category or a count."""

STEP = 0.1
"""Rounding step, relative to the median, above which rounding is felt."""


def findings(view: View) -> Iterator[Finding]:
    """Look for empty and constant columns, floors, ceilings, coarse rounding, unknown names."""
    yield from _empty(view)
    yield from _spikes(view)
    yield from _rounding(view)
    yield from _unknown(view)
    for sentence in view.reading.findings:
        yield Finding(
            severity=Severity.WARNING,
            code="reading",
            sentence=sentence,
            action="Look at the file and its description; the study was read as said here.",
        )


def _empty(view: View) -> Iterator[Finding]:
    never, same = [], []
    for name in view.cohort.schema.features:
        values, below = view.values(name), view.below(name)
        numbers = len(np.unique(values[~np.isnan(values)]))
        if numbers == 0 and not below.any():
            never.append(name)
        elif numbers == 1 and not below.any():
            same.append(name)
    if never:
        yield Finding(
            severity=Severity.WARNING,
            code="empty",
            sentence=f"{several(len(never), 'column')} hold nothing: {listed(never)}",
            action="Leave them out, or check the names of the columns in the file.",
            columns=tuple(never),
        )
    if same:
        yield Finding(
            severity=Severity.WARNING,
            code="constant",
            sentence=f"{several(len(same), 'column')} are the same in every row: {listed(same)}",
            action="Leave them out; nothing can be learned from them.",
            columns=tuple(same),
        )


def _spikes(view: View) -> Iterator[Finding]:
    found: dict[str, list[str]] = {"smallest": [], "largest": [], "same": [], "zero": []}
    for name in _continuous(view):
        values = view.values(name)
        place = spike(values[~np.isnan(values)])
        if not place and view.batch is not None:
            place = _spike_on_a_plate(values, view.batch)
        if place == "smallest" and np.nanmin(values) == 0:
            place = "zero"
        if place:
            found[place].append(name)
    texts = {
        "smallest": (
            "floor",
            "share the same smallest number, as if it stood for 'below the limit'",
            "Ask for the detection limit and give it as a limit, not as a number.",
        ),
        "zero": (
            "zeros",
            "are zero",
            "A count may be zero; a concentration that is zero was below a limit: give the limit.",
        ),
        "largest": (
            "ceiling",
            "share the same largest number, as if it stood for 'above the limit'",
            "Ask for the upper limit, or measure again after dilution; the tail is lost.",
        ),
        "same": (
            "repeated_value",
            "share one number that is neither the smallest nor the largest",
            "Ask what this number stands for: a code, a filled-in value, or a second limit?",
        ),
    }
    for place, (code, what, action) in texts.items():
        if found[place]:
            yield Finding(
                severity=Severity.NOTE if place == "zero" else Severity.WARNING,
                code=code,
                sentence=(
                    f"More than {percent(SPIKE)} of the values {what}: {listed(found[place])}"
                ),
                action=action,
                columns=tuple(found[place]),
            )


def spike(values: np.ndarray) -> str:
    """Say where one number stands out by its frequency; empty when none does.

    A number stands out when it holds a fifth of at least 20 values and is five times as frequent
    as any other: rounding makes many numbers frequent, a floor only one.

    Examples
    --------
    >>> grid = np.arange(30.0)
    >>> spike(np.r_[np.zeros(20), grid]), spike(grid), spike(np.repeat(grid[:12], 9))
    ('smallest', '', '')
    """
    if len(values) < 2 * DISTINCT:
        return ""
    numbers, counts = np.unique(values, return_counts=True)
    if len(numbers) < DISTINCT:
        return ""
    top = int(counts.argmax())
    rest = np.delete(counts, top)
    if counts[top] < SPIKE * len(values) or counts[top] < 5 * rest.max():
        return ""
    return "smallest" if top == 0 else "largest" if top == len(numbers) - 1 else "same"


def _spike_on_a_plate(values: np.ndarray, batch: pd.Series) -> str:
    known = ~np.isnan(values) & batch.notna().to_numpy()
    places = pd.Series(values[known]).groupby(batch.to_numpy()[known]).agg(_spike_of)
    told = [place for place in places if place]
    return told[0] if told else ""


def _spike_of(values: pd.Series) -> str:
    return spike(values.to_numpy())


def _rounding(view: View) -> Iterator[Finding]:
    coarse = []
    for name in _continuous(view):
        values = view.values(name)
        numbers = np.unique(values[~np.isnan(values)])
        numbers = numbers[numbers > 0]
        if len(numbers) < 2 or view.cohort.schema[name].scale is not Scale.LOG2:
            continue
        step = np.diff(numbers).min()
        # all numbers are multiples of the step: rounding; a chance pair of neighbours is not
        multiples = np.abs(numbers / step - np.round(numbers / step)) < 1e-6
        if multiples.all() and step > STEP * np.nanmedian(values):
            coarse.append(name)
    if coarse:
        yield Finding(
            severity=Severity.NOTE,
            code="rounding",
            sentence=(f"Values are rounded to more than a tenth of their median: {listed(coarse)}"),
            action="Ask for the numbers before rounding; ties weaken every rank and logarithm.",
            columns=tuple(coarse),
        )


def _continuous(view: View) -> Iterator[str]:
    for name in view.markers:
        if view.cohort.schema[name].scale is not Scale.YES_NO:
            yield name


def _unknown(view: View) -> Iterator[Finding]:
    unknown = list(view.reading.unknown)
    named = {column_name(name) for name in unknown}
    told = {
        c.name
        for c in view.cohort.schema.columns
        if c.role is Role.MARKER and lookup(c.name) is None
    }
    unknown += sorted(told - named)
    if unknown:
        yield Finding(
            severity=Severity.NOTE,
            code="unknown_analytes",
            sentence=(
                f"The vocabulary does not know {several(len(unknown), 'analyte')}: "
                + listed(unknown)
            ),
            action=(
                "Check the spelling; give the canonical name under 'markers' in the layout, or "
                "leave it: the analyte is kept under its own name and has no plausible range."
            ),
            columns=tuple(unknown),
        )
