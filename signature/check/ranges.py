"""Values outside the plausible range, and units that slipped."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from signature.assay.unit_names import MASS, MOLAR, is_log2, parse
from signature.check.report import Finding, Severity, Table, listed, several
from signature.check.units import LEAST_SLIP, slip_between, unit_hint
from signature.check.view import FEWEST, View
from signature.exceptions import UnitError
from signature.study.possible import NEGATIVE, PossibleNumbers
from signature.study.schema import BELOW, Column, Role, Scale, source_of

MANY = 0.01
"""Share of values outside the range above which it is no longer a few odd samples."""

FAR = 30.0
"""Ratio of two medians that no plate, lot or hospital explains, whatever the units."""

HIGHEST_LOG2 = 25.0
"""No NPX or log2 concentration is higher; concentrations of a panel are."""


def findings(view: View) -> Iterator[Finding]:
    """Look at the values of every column."""
    yield from _outside(view)
    yield from _no_range(view)
    yield from _limits_outside(view)
    logarithms = list(_logarithms(view))
    yield from logarithms
    yield from _impossible(view, {name for f in logarithms for name in f.columns})
    yield from _slipped_groups(view)


def _outside(view: View) -> Iterator[Finding]:
    several_percent: dict[str, int] = {}
    few: dict[str, int] = {}
    for column in view.cohort.schema.columns:
        if column.role is Role.LIMIT:
            continue
        values = _known(view.values(column.name))
        odd = int(outside(values, column).sum())
        if not odd:
            continue
        if outside(np.array([np.median(values)]), column)[0]:
            hint = unit_hint(values, column)
            yield Finding(
                severity=Severity.ERROR,
                code="range_median",
                sentence=(
                    f"More than half of {column.name} ({odd:,} of {several(len(values), 'value')}) "
                    f"lies outside the plausible {_range(column)}" + (f"; {hint}" if hint else "")
                ),
                action=(
                    "Ask the laboratory for the unit and convert the column, or correct the range."
                ),
                columns=(column.name,),
                counts={"outside": odd, "values": len(values)},
            )
        elif odd / len(values) > MANY:
            several_percent[column.name] = odd
        else:
            few[column.name] = odd
    for severity, found, many in (
        (Severity.WARNING, several_percent, "More than 1 % of the values lie"),
        (Severity.NOTE, few, "Up to 1 % of the values lie"),
    ):
        if found:
            named = [f"{name} ({count:,})" for name, count in found.items()]
            yield Finding(
                severity=severity,
                code="range",
                sentence=f"{many} outside the plausible range in {listed(named)}",
                action="Look these rows up at the source; correct them, or widen the range.",
                columns=tuple(found),
                counts={"outside": sum(found.values()), **found},
            )


def outside(values: np.ndarray, column: Column) -> np.ndarray:
    """Return where known values lie outside a column's plausible range."""
    odd = np.zeros(len(values), dtype=bool)
    if column.low is not None:
        odd |= values < column.low
    if column.high is not None:
        odd |= values > column.high
    return odd


def _no_range(view: View) -> Iterator[Finding]:
    schema = view.cohort.schema
    open_ended = [n for n in view.markers if schema[n].low is None and schema[n].high is None]
    if open_ended:
        yield Finding(
            severity=Severity.NOTE,
            code="no_range",
            sentence=(
                f"No plausible range is known of {several(len(open_ended), 'marker')}, so that a "
                f"wrong unit in all of its values would not be seen: {listed(open_ended)}"
            ),
            action="Give low and high in the study dictionary, or name a panel that has them.",
            columns=tuple(open_ended),
        )


def _limits_outside(view: View) -> Iterator[Finding]:
    """Look for limits above the range; below the range of what blood holds they may lie."""
    odd = []
    for name in view.cohort.schema.limits:
        column = view.cohort.schema[name]
        limits = _known(view.cohort.X[name].to_numpy())
        if len(limits) and column.high is not None and np.median(limits) > column.high:
            odd.append(name.removesuffix(BELOW))
    if odd:
        yield Finding(
            severity=Severity.ERROR,
            code="limit_range",
            sentence=(
                "Values are said to be below a limit that is itself above the plausible range: "
                + listed(odd)
            ),
            action="Check the unit of the limits against the unit of the values.",
            columns=tuple(odd),
        )


def _impossible(view: View, explained: set[str]) -> Iterator[Finding]:
    negative: dict[str, int] = {}
    zero: dict[str, int] = {}
    others: dict[str, list[str]] = {}
    schema = view.cohort.schema
    told = PossibleNumbers.of(schema)
    odd = told.excluded(view.cohort.X.to_numpy()).sum(axis=0)
    for column, count, otherwise in zip(schema.columns, odd.tolist(), told.otherwise, strict=True):
        if source_of(column.name) in explained:
            continue
        if count and otherwise == NEGATIVE:
            negative[column.name] = count
        elif count:
            others.setdefault(otherwise, []).append(f"{column.name} ({count:,})")
        if column.scale is Scale.LOG2:
            none = int((_known(view.values(column.name)) == 0).sum())
            if none:
                zero[column.name] = none
    for otherwise, named in others.items():
        yield Finding(
            severity=Severity.ERROR,
            code="impossible",
            sentence=f"{otherwise[0].upper()}{otherwise[1:]} stands in {listed(named)}",
            action="Correct these cells at the source, or what the schema says of the column.",
            columns=tuple(n.split(" ")[0] for n in named),
        )
    if negative:
        yield Finding(
            severity=Severity.ERROR,
            code="negative",
            sentence=(
                f"{several(sum(negative.values()), 'value')} are negative where that cannot be: "
                + listed(f"{n} ({c:,})" for n, c in negative.items())
            ),
            action=(
                "Negative concentrations come from extrapolated curves or codes such as -9: "
                "replace them by 'below the limit' or by an empty cell. NPX goes with unit NPX."
            ),
            columns=tuple(negative),
            counts={"negative": sum(negative.values()), **negative},
        )
    if zero:
        yield Finding(
            severity=Severity.WARNING,
            code="zero",
            sentence=(
                f"{several(sum(zero.values()), 'value')} are zero in columns of which the "
                f"logarithm is taken: {listed(f'{n} ({c:,})' for n, c in zero.items())}"
            ),
            action="Zero is rarely measured: give the detection limit instead.",
            columns=tuple(zero),
            counts={"zero": sum(zero.values()), **zero},
        )


def _logarithms(view: View) -> Iterator[Finding]:
    """NPX handed in as pg/mL, and the reverse."""
    schema = view.cohort.schema
    as_npx = [n for n in view.markers if is_log2(schema[n].unit)]
    high = [n for n in as_npx if np.nanmedian(np.r_[view.values(n), -1.0]) > HIGHEST_LOG2]
    if high:
        yield Finding(
            severity=Severity.ERROR,
            code="not_logarithms",
            sentence=f"{listed(high)} are called NPX or log2, but are too large for logarithms",
            action="Give the true unit (pg/mL, MFI, …).",
            columns=tuple(high),
        )
    by_unit: dict[str, list[str]] = {}
    for name in view.markers:
        if _concentration(schema[name]) and len(_known(view.values(name))) >= FEWEST:
            by_unit.setdefault(schema[name].unit, []).append(name)
    for unit, names in by_unit.items():
        if len(names) >= 5 and _look_logarithmic([_known(view.values(n)) for n in names]):
            yield Finding(
                severity=Severity.ERROR,
                code="logarithms",
                sentence=(
                    f"{several(len(names), 'marker')} are called {unit}, but look like logarithms "
                    "such as NPX: none exceeds 25, and their spread does not grow with their level"
                ),
                action="Give the unit NPX, or hand in concentrations.",
                columns=tuple(names),
            )


def _look_logarithmic(columns: list[np.ndarray]) -> bool:
    """Concentrations of a panel span decades, and each is skewed; logarithms do neither."""
    if max(values.max() for values in columns) > HIGHEST_LOG2:
        return False
    middles = np.array([np.median(values) for values in columns])
    spreads = np.array([values.std() for values in columns])
    relative = np.median(spreads / np.maximum(np.abs(middles), 1e-9))
    negative = any((values < 0).any() for values in columns)
    return bool(middles.max() > 3 and (negative or relative < 0.35))


def _slipped_groups(view: View) -> Iterator[Finding]:
    for word, by in view.groups().items():
        found: dict[str, list[str]] = {}
        for name in view.markers:
            column = view.cohort.schema[name]
            if is_log2(column.unit) or column.scale is Scale.YES_NO:
                continue
            for group, meaning in _slips(view.ranked(name), by, column).items():
                found.setdefault(f"on {word} {group!r} the values are {meaning}", []).append(name)
        for what, names in found.items():
            yield Finding(
                severity=Severity.WARNING,
                code="unit_slip",
                sentence=f"Compared with the others, {what}: {listed(names)}",
                action=(
                    f"Ask which unit this {word} reports, unless its people really differ so much."
                ),
                columns=tuple(names),
            )


def _slips(values: np.ndarray, by: pd.Series, column: Column) -> dict[str, str]:
    known = ~np.isnan(values)
    groups = pd.Series(values[known]).groupby(by.to_numpy()[known])
    # the lower of two middle values: a group of which half is below the limit has no median
    count, every = groups.size(), groups.quantile(0.5, interpolation="lower")
    use = (count >= FEWEST) & (every > 0)
    names, middle, size = every.index[use], every[use].to_numpy(), count[use].to_numpy()
    slips: dict[str, str] = {}
    if len(middle) < 2 or middle.max() / middle.min() < LEAST_SLIP:
        return slips
    for i, own in enumerate(middle):
        others = float(np.median(np.delete(middle, i)))
        ratio = float(own) / others
        meaning = slip_between(ratio, column.name, column.unit)
        if not meaning and max(ratio, 1 / ratio) >= FAR:
            # a slip on a plate that also shifts is no round factor
            meaning = f"{FAR:g} times or more too {'large' if ratio > 1 else 'small'}"
        if meaning:
            slips[str(names[i])] = meaning
    if len(middle) == 2:  # which of the two slipped is not known; name the smaller group
        keep = str(names[int(size.argmin())])
        slips = {group: meaning for group, meaning in slips.items() if group == keep}
    return slips


def table(view: View) -> Table:
    """Return middle and spread of every column, beside its plausible range."""
    rows: list[tuple[str | float | None, ...]] = []
    for column in view.cohort.schema.columns:
        if column.role is Role.LIMIT:
            continue
        values = _known(view.values(column.name))
        # of a handful of people a percentile is somebody's value
        enough = len(values) >= 4 * FEWEST
        marks: list[float | None] = [None] * 3
        if enough:
            marks = [float(q) for q in np.quantile(values, [0.05, 0.5, 0.95])]
        rows.append(
            (
                column.name,
                column.unit,
                len(values),
                *marks,
                column.low,
                column.high,
                int(outside(values, column).sum()),
            )
        )
    rows.sort(key=lambda row: -float(row[-1] or 0))
    columns = ("column", "unit", "values", "5 %", "median", "95 %", "low", "high", "outside")
    return Table(
        name="ranges",
        title="Values beside the plausible range",
        columns=columns,
        rows=tuple(rows),
    )


def _known(values: np.ndarray) -> np.ndarray:
    return values[~np.isnan(values)]


def _range(column: Column) -> str:
    unit = f" {column.unit}" if column.unit else ""
    if column.low is None:
        return f"range up to {column.high:g}{unit}"
    if column.high is None:
        return f"range from {column.low:g}{unit}"
    return f"range {column.low:g} to {column.high:g}{unit}"


def _concentration(column: Column) -> bool:
    try:
        return parse(column.unit).quantity in (MASS, MOLAR)
    except UnitError:
        return False
