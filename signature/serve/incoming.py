"""Check the rows that a partner sends before a model sees them."""

from __future__ import annotations

import numbers
from collections.abc import Callable, Iterable, Sequence

import numpy as np
import pandas as pd

from signature.exceptions import ModelInputError
from signature.prepare.ratios import fill
from signature.study.schema import BATCH, FeatureSchema, Role, Scale, source_of
from signature.study.spelling import closest

_LONGEST_NAME = 40
LARGEST = 1e38
"""What the single precision of trees can hold."""


def check_rows(table: pd.DataFrame, schema: FeatureSchema) -> pd.DataFrame:
    """Return the schema's columns as float64, an absent optional column as missing.

    A ratio that a row leaves out or sends as null is computed from its parts where these were
    measured; `signature.prepare.ratios.fill` has the rules. A ratio that was sent stands as it is,
    and a required one may be left out when all its parts are sent.

    Parameters
    ----------
    table : DataFrame, shape (n_rows, any)
        Rows as sent, in any column order. Numbers, and None or NaN for "not measured".
    schema : FeatureSchema
        The served columns; `Column.required` says which must be there.

    Returns
    -------
    DataFrame of float64, shape (n_rows, n_columns)
        The schema's columns in the schema's order, on the index of `table`.

    Raises
    ------
    ModelInputError
        When there are no rows; a required column is missing, a column is sent twice or is not
        known; a column holds text, truth values, infinite numbers, where 0 or 1 is meant another
        number, or where a batch code is meant none of 0, 1, 2, …; a row has a value together with
        its limit. The message names columns and counts rows, all problems at once, and repeats no
        value.

    Examples
    --------
    >>> from signature.study.schema import Column, Role
    >>> il6 = Column("IL6", Role.MARKER, "cytokine", required=True)
    >>> check_rows(pd.DataFrame({"IL_6": [2.5]}), FeatureSchema((il6,)))
    Traceback (most recent call last):
        ...
    signature.exceptions.ModelInputError: missing required column 'IL6'; unknown column 'IL_6' (did
    you mean 'IL6'?)
    """
    if not isinstance(table, pd.DataFrame):
        raise ModelInputError(f"expected a table of rows, got {type(table).__name__}")
    if table.empty and not len(table.index):
        raise ModelInputError("no rows were sent; at least one is needed")
    problems = [*_missing(table, schema), *_repeated(table), *_unknown(table, schema)]
    if problems:
        raise ModelInputError("; ".join(problems))
    columns = {name: _Cells(table[name]) for name in schema.names if name in table}
    problems += _counted(columns, lambda c: c.text, "text where a number is expected")
    problems += _counted(columns, lambda c: c.truth, "true or false where a number is expected")
    problems += _counted(columns, _Cells.boundless, "infinite or absurdly large values")
    yes_no = {n: c for n, c in columns.items() if schema[n].scale is Scale.YES_NO}
    problems += _counted(yes_no, _Cells.neither, "a number other than 0 or 1")
    batches = {n: c for n, c in columns.items() if schema[n].role is Role.PLATE}
    problems += _counted(batches, _Cells.no_code, "a number that is no batch code")
    if problems:
        text = [name for name, cells in columns.items() if cells.text]
        hint = _batch_hint(schema) if BATCH in text else ""
        hint += _LIMIT_HINT if set(text) - {BATCH} else ""
        raise ModelInputError("; ".join(problems) + hint)
    missing = np.full(len(table), np.nan)
    out = pd.DataFrame(
        {n: columns[n].values if n in columns else missing for n in schema.names},
        index=table.index,
        dtype="float64",
    )
    if both := _value_and_limit(out, schema):
        raise ModelInputError("; ".join(both))
    return fill(out, schema)


_LIMIT_HINT = (
    ". Send a measurement below its detection limit as null plus the limit in '<marker>__below', "
    "and null where there is no measurement"
)


def _batch_hint(schema: FeatureSchema) -> str:
    # a blank level is a batch that the model has no adjustment for
    levels = enumerate(schema[BATCH].levels)
    codes = [f"{code} for {level!r}" for code, level in levels if level]
    shown = ", ".join(codes[:12]) + (", …" if len(codes) > 12 else "")
    return (
        f". In {BATCH!r} send the code of a batch that the model learned from ({shown}), and null "
        "for any other"
    )


class _Cells:
    """One column as float64, and how many of its cells are none."""

    def __init__(self, column: pd.Series) -> None:
        self.text = self.truth = 0
        kind = column.dtype
        if pd.api.types.is_bool_dtype(kind):
            self.truth = int(column.notna().sum())
            self.values = np.full(len(column), np.nan)
        elif pd.api.types.is_float_dtype(kind) or pd.api.types.is_integer_dtype(kind):
            self.values = column.to_numpy(dtype="float64", na_value=np.nan)
        else:
            self.values = np.array([self._number(v) for v in column], dtype="float64")

    def _number(self, cell: object) -> float:
        if isinstance(cell, bool | np.bool_):
            self.truth += 1
        elif isinstance(cell, numbers.Real):
            try:
                return float(cell)
            except OverflowError:
                return float("inf")
        elif cell is not None and cell is not pd.NA and cell is not pd.NaT:
            self.text += 1
        return float("nan")

    def boundless(self) -> int:
        """Count the numbers that are infinite, or would be in the single precision of trees."""
        return int((np.abs(self.values) > LARGEST).sum())

    def neither(self) -> int:
        """Count the numbers that are neither 0 nor 1."""
        finite = self.values[np.isfinite(self.values)]
        return int((~np.isin(finite, [0.0, 1.0])).sum())

    def no_code(self) -> int:
        """Count the numbers that cannot be a code; one that training did not have is a new batch.

        A column of codes beyond those of training may come from a model adapted to a new batch, and
        a model that has no adjustment for a code says so of the row.
        """
        finite = self.values[np.isfinite(self.values)]
        return int(((finite < 0) | (finite != np.floor(finite))).sum())


def _counted(
    columns: dict[str, _Cells], count: Callable[[_Cells], int], what: str
) -> Iterable[str]:
    bad = {name: n for name, cells in columns.items() if (n := count(cells))}
    if bad:
        total = len(next(iter(columns.values())).values)
        where = ", ".join(f"{name!r} ({n} of {total} rows)" for name, n in bad.items())
        yield f"{what} in {where}"


def _missing(table: pd.DataFrame, schema: FeatureSchema) -> Iterable[str]:
    missing = [
        c.name
        for c in schema.columns
        if c.required
        and c.name not in table
        and not (c.parts and all(part in table for part in c.parts))
    ]
    if missing:
        yield f"missing required column{_s(missing)} {', '.join(map(repr, missing))}"


def _repeated(table: pd.DataFrame) -> Iterable[str]:
    twice = list(dict.fromkeys(table.columns[table.columns.duplicated()]))
    if twice:
        yield f"sent twice: {', '.join(_shown(twice))}"


def _unknown(table: pd.DataFrame, schema: FeatureSchema) -> Iterable[str]:
    unknown = [c for c in dict.fromkeys(table.columns) if c not in schema]
    if unknown:
        yield f"unknown column{_s(unknown)} {', '.join(_shown(unknown, schema))}"


def _shown(names: Sequence[object], schema: FeatureSchema | None = None) -> Iterable[str]:
    """Print column names; a table sent without its header line has values for names."""
    hidden = 0
    for name in names:
        if not isinstance(name, str) or len(name) > _LONGEST_NAME or not name[:1].isalpha():
            hidden += 1
            continue
        close = None if schema is None else closest(name, schema.names)
        yield f"{name!r} (did you mean {close!r}?)" if close else repr(name)
    if hidden:
        yield f"{hidden} whose name is no column name (is the header there?)"


def _value_and_limit(table: pd.DataFrame, schema: FeatureSchema) -> Iterable[str]:
    problems = []
    for limit in schema.limits:
        both = int((table[limit].notna() & table[source_of(limit)].notna()).sum())
        if both:
            problems.append(
                f"both a value in {source_of(limit)!r} and a limit in {limit!r} "
                f"({both} of {len(table)} rows); a row has one or the other"
            )
    return problems


def _s(names: Sequence[object]) -> str:
    return "" if len(names) == 1 else "s"
