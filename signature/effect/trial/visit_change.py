"""Change between two visits, as features beside those of the first visit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from signature.exceptions import CohortError
from signature.prepare.scaling import asinh2
from signature.study.cohort import Cohort
from signature.study.schema import BELOW, LOG2_UNITS, Column, FeatureSchema, Role, Scale, censored

CHANGE = "_change"
"""Suffix of the column that holds a marker's change."""

MEASURED = "measured"
AT_MOST = "at most"
AT_LEAST = "at least"
UNDECIDED = "direction not known"
BOTH_BELOW = "below the limit at both visits"
NOT_POSITIVE = "no logarithm of such numbers"
UNMEASURED = "not measured at both visits"

_UNIT = "log2 ratio"


def change(cohort: Cohort, *, start: str, end: str, markers: Sequence[str] | None = None) -> Cohort:
    r"""Return one row per person who was seen at both visits, with each marker's change added.

    A row keeps everything of the start visit: features, limits, records, plate, outcome. For each
    marker a column ``<marker>_change`` is added, in the group ``<group> change``:

    * a marker that a linear model sees on the log2 scale: :math:`\log_2 b - \log_2 a`, with
      :math:`a` its value at the start and :math:`b` at the end;
    * a marker in log2 units already, such as NPX: :math:`b - a`, likewise in "log2 ratio";
    * any other: :math:`b - a` in its own unit.

    When one of them is below its limit :math:`L`, only a bound is known, and no change is made
    larger than the data show:

    * below at the end: the change is less than :math:`L - a` (on the marker's scale). A change in
      "log2 ratio" carries it as ``<marker>_change__below``. A change in another unit has no such
      column, because what stands in for a value below a limit takes the limit for an amount: there
      it is :math:`L - a` when that is a fall, and missing otherwise;
    * below at the start: the change is more than :math:`b - L`, and is that bound when it is a rise
      or nothing. Otherwise it is missing, since the marker may have risen or fallen;
    * below at both: missing.

    A bound that is taken as the value understates the change: effects of changes lean towards
    zero. `count_changes` says how often that happens.

    Parameters
    ----------
    cohort : Cohort
        With `visit`.
    start, end : str
        Two of its visits. People who lack one of them are counted in the flow and left.
    markers : sequence of str, optional
        Features to follow; all numeric markers when left out.

    Returns
    -------
    Cohort
        Its records tell the plate of the end visit as ``end_plate``, when there are plates: a
        change between two plates is also a difference between plates.

    Raises
    ------
    CohortError
        When there are no such visits, nobody has both, or a feature cannot change.
    SchemaError
        When there is no such feature.

    Notes
    -----
    A change is known at the end visit only: it may foretell what comes after, and nothing that was
    decided before.
    """
    first, later = _pairs(cohort, start, end)
    columns = list(first.schema.columns)
    added: dict[str, np.ndarray] = {}
    for name in _followed(cohort, markers):
        new = _column(first.schema[name], f"{start} to {end}")
        added[new.name], bounds, _ = _compare(first.schema[name], first.X, later)
        if name + BELOW in first.schema and new.unit == _UNIT:
            columns += censored(new)
            added[new.name + BELOW] = bounds
        else:
            columns.append(new)
    X = pd.concat([first.X, pd.DataFrame(added, index=first.X.index)], axis=1)
    records = first.records
    if cohort.plate is not None:
        records = records.assign(end_plate=_at_end(cohort, cohort.plate, end, first))
    return replace(first, schema=FeatureSchema(tuple(columns)), X=X, records=records)


def count_changes(
    cohort: Cohort, *, start: str, end: str, markers: Sequence[str] | None = None
) -> pd.DataFrame:
    """Count how each marker's change is known, over the people seen at both visits.

    Parameters
    ----------
    cohort, start, end, markers
        As in `change`.

    Returns
    -------
    DataFrame of int, one row per marker
        ``measured`` at both visits; ``at most`` (below at the end: carried as a limit, or as a
        value for a fall in another unit); ``at least`` (below at the start: the bound is the
        value); and four that stay missing: ``direction not known``, ``below the limit at both
        visits``, ``no logarithm of such numbers``, ``not measured at both visits``. A row of counts
        adds up to the people.
    """
    first, later = _pairs(cohort, start, end)
    kinds = [MEASURED, AT_MOST, AT_LEAST, UNDECIDED, BOTH_BELOW, NOT_POSITIVE, UNMEASURED]
    names = _followed(cohort, markers)
    counts = pd.DataFrame(0, index=names, columns=kinds)
    for name in names:
        found = pd.Series(_compare(first.schema[name], first.X, later)[2]).value_counts()
        counts.loc[name, found.index] = found
    return counts


def _pairs(cohort: Cohort, start: str, end: str) -> tuple[Cohort, pd.DataFrame]:
    """Return the start rows of people with both visits, and the features of their end rows."""
    if cohort.visit is None:
        raise CohortError(f"{cohort.name}: a change needs visits, and this cohort has none")
    if start == end:
        raise CohortError(f"{cohort.name}: a change needs two visits, got {start!r} twice")
    known = list(dict.fromkeys(cohort.visit.dropna()))
    for visit in (start, end):
        if visit not in known:
            shown = ", ".join(map(repr, known[:12])) + (", …" if len(known) > 12 else "")
            raise CohortError(f"{cohort.name}: no row has visit {visit!r}; there are: {shown}")
    both = cohort.keep(cohort.visit.isin([start, end]), f"visit is {start} or {end}")
    visits = both.subject.groupby(both.subject).transform("size")
    both = both.keep(visits == 2, f"seen at {start} and at {end}")
    assert both.visit is not None
    first = both.keep(both.visit == start, f"one row per person, {end} as change since {start}")
    columns = {name: _at_end(both, both.X[name], end, first) for name in both.X}
    return first, pd.DataFrame(columns, index=first.X.index)


def _at_end(cohort: Cohort, part: pd.Series, end: str, first: Cohort) -> pd.Series:
    assert cohort.visit is not None
    there = cohort.visit == end
    by_subject = part[there].set_axis(cohort.subject[there])
    return by_subject.loc[first.subject].set_axis(first.X.index)


def _followed(cohort: Cohort, markers: Sequence[str] | None) -> list[str]:
    schema = cohort.schema
    if markers is None:
        return [
            c.name for c in schema.columns if c.role is Role.MARKER and c.scale is not Scale.YES_NO
        ]
    for name in markers:
        if schema[name].role is Role.LIMIT or schema[name].scale is Scale.YES_NO:
            raise CohortError(
                f"{cohort.name}: {name!r} cannot be followed; a change needs a feature with numbers"
            )
    return list(dict.fromkeys(markers))


def _is_ratio(column: Column) -> bool:
    """Whether a change of the column is a logarithm of a ratio."""
    return column.scale is Scale.LOG2 or column.unit in LOG2_UNITS


def _column(column: Column, between: str) -> Column:
    span = None
    if column.low is not None and column.high is not None:
        low, high = column.low, column.high
        if column.cofactor is not None:
            span = float(asinh2(high, column.cofactor) - asinh2(low, column.cofactor))
        elif column.scale is not Scale.LOG2:
            span = high - low
        elif low > 0:
            span = float(np.log2(high / low))
    return replace(
        column,
        name=column.name + CHANGE,
        group=f"{column.group} change",
        label=f"{column.label}, change {between}",
        unit=_UNIT if _is_ratio(column) else column.unit,
        scale=Scale.LINEAR,
        cofactor=None,
        low=None if span is None else -span,
        high=span,
        required=False,
        over=None,
    )


def _compare(
    column: Column, first: pd.DataFrame, later: pd.DataFrame
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return changes, bounds from above that a limit column can carry, and how each is known."""

    def cells(table: pd.DataFrame, name: str) -> np.ndarray:
        if name not in table:
            return np.full(len(table), np.nan)
        return table[name].to_numpy(dtype="float64")

    names = (column.name, column.name + BELOW)
    a, a_limit, b, b_limit = (cells(table, name) for table in (first, later) for name in names)
    known_a, known_b = ~np.isnan(a), ~np.isnan(b)
    below_a, below_b = ~np.isnan(a_limit), ~np.isnan(b_limit)
    start, end = np.where(known_a, a, a_limit), np.where(known_b, b, b_limit)
    if column.scale is Scale.LOG2:
        with np.errstate(divide="ignore", invalid="ignore"):
            start, end = np.log2(start), np.log2(end)
    elif column.cofactor is not None:
        start, end = asinh2(start, column.cofactor), asinh2(end, column.cofactor)
    with np.errstate(invalid="ignore"):
        gap = end - start
    carried = _is_ratio(column)
    kind = np.select(
        [
            ~(known_a | below_a) | ~(known_b | below_b),
            below_a & below_b,
            ~np.isfinite(gap),
            below_a,
            below_b,
        ],
        [
            UNMEASURED,
            BOTH_BELOW,
            NOT_POSITIVE,
            np.where(gap >= 0, AT_LEAST, UNDECIDED),
            np.where(carried | (gap <= 0), AT_MOST, UNDECIDED),
        ],
        MEASURED,
    )
    bound = (kind == AT_MOST) & carried
    value = np.isin(kind, [MEASURED, AT_LEAST, AT_MOST]) & ~bound
    return np.where(value, gap, np.nan), np.where(bound, gap, np.nan), kind
