"""Check the rows that a partner sends before a model sees them."""

from __future__ import annotations

import numbers
import re
from collections.abc import Callable, Iterable, Sequence

import numpy as np
import pandas as pd

from signature.exceptions import ModelInputError
from signature.prepare.ratios import fill
from signature.study.possible import PossibleNumbers
from signature.study.schema import BATCH, FeatureSchema, source_of
from signature.study.spelling import closest

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,39}")
_MANY_DIGITS = 6
_MOST_SHOWN = 10
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
        known; a column holds text, truth values, infinite numbers, or numbers that cannot be
        (`signature.study.possible`: another than 0 or 1, a code of no batch, a negative amount, a
        limit of 0, an answer that the form does not have); a row has a value together with its
        limit. The message names columns and rows, all problems at once, and repeats no value.

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
    missing = np.full(len(table), np.nan)
    values = [columns[n].values if n in columns else missing for n in schema.names]
    problems += _impossible(np.column_stack(values), schema)
    if problems:
        text = [name for name, cells in columns.items() if cells.text]
        hint = _batch_hint(schema) if BATCH in text else ""
        hint += _LIMIT_HINT if set(text) - {BATCH} else ""
        raise ModelInputError("; ".join(problems) + hint)
    out = pd.DataFrame(
        dict(zip(schema.names, values, strict=True)), index=table.index, dtype="float64"
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


_PLAIN = frozenset({int, float, type(None)})


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
            self.values = self._numbers(column.tolist())

    def _numbers(self, cells: list[object]) -> np.ndarray:
        kinds = list(map(type, cells))
        if not set(kinds) <= _PLAIN:
            for at in [at for at, kind in enumerate(kinds) if kind not in _PLAIN]:
                cells[at] = self._number(cells[at])
        try:
            return np.array(cells, dtype="float64")
        except OverflowError:
            return np.array([self._number(cell) for cell in cells], dtype="float64")

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


def _counted(
    columns: dict[str, _Cells], count: Callable[[_Cells], int], what: str
) -> Iterable[str]:
    bad = {name: n for name, cells in columns.items() if (n := count(cells))}
    if bad:
        total = len(next(iter(columns.values())).values)
        where = ", ".join(f"{name!r} ({n} of {total} rows)" for name, n in bad.items())
        yield f"{what} in {where}"


def _impossible(values: np.ndarray, schema: FeatureSchema) -> Iterable[str]:
    told = PossibleNumbers.of(schema)
    # what is absurdly large has been said already
    odd = told.excluded(values) & (np.abs(values) <= LARGEST)
    where: dict[str, list[str]] = {}
    for at in np.flatnonzero(odd.any(axis=0)).tolist():
        rows = (np.flatnonzero(odd[:, at]) + 1).tolist()
        shown = ", ".join(map(str, rows[:_MOST_SHOWN])) + (", …" if rows[_MOST_SHOWN:] else "")
        counted = f"{len(rows)} of {len(values)} rows: row{_s(rows)} {shown}"
        where.setdefault(told.otherwise[at], []).append(f"{schema.names[at]!r} ({counted})")
    yield from (f"{what} in {', '.join(columns)}" for what, columns in where.items())


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
    """Print ten column names at most; a table sent without its header has values for names."""
    telling = [name for name in names if looks_like_a_name(name)]
    for name in telling[:_MOST_SHOWN]:
        close = None if schema is None else closest(str(name), schema.names)
        yield f"{name!r} (did you mean {close!r}?)" if close else repr(name)
    if more := len(telling[_MOST_SHOWN:]):
        yield f"{more:,} more"
    if hidden := len(names) - len(telling):
        yield f"{hidden:,} whose name is no column name (is the header there?)"


def looks_like_a_name(name: object) -> bool:
    """Whether a name may be repeated: what holds many digits or spaces may be a person's.

    Examples
    --------
    >>> [looks_like_a_name(n) for n in ("IL-6", "CD4_pct", "73.1", "19991231", "Doe, Jane")]
    [True, True, False, False, False]
    """
    return (
        isinstance(name, str)
        and _NAME.fullmatch(name) is not None
        and sum(letter.isdigit() for letter in name) < _MANY_DIGITS
    )


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
