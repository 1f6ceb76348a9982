"""Ratios and indices: markers that are computed from others, row by row, learning nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Self

import numpy as np
import pandas as pd
from sklearn.utils.validation import check_is_fitted

from signature.exceptions import ModelInputError, UnitError
from signature.prepare.columns import TableTransformer
from signature.study.schema import BELOW, LOG2_UNITS, FeatureSchema

GIVEN = "given"
COMPUTED = "computed"
BELOW_LIMIT = "below a limit"
NO_LIMIT_COLUMN = "below a limit that has no column"
UNBOUNDED = "a denominator is below its limit"
IMPOSSIBLE = "no ratio of such numbers"
UNMEASURED = "a part is not measured"

_LARGEST = 1e38  # what the single precision of trees can hold

Sides = tuple[Sequence[str], Sequence[str]]


def fill(X: pd.DataFrame, schema: FeatureSchema) -> pd.DataFrame:
    r"""Compute each ratio of the schema where its own cell is missing and its parts allow it.

    With numerators :math:`a` and denominators :math:`b` (`Column.over`) the ratio is
    :math:`\prod a / \prod b`; where all parts are logarithms to base 2 already, such as NPX, it is
    :math:`\sum a - \sum b`. It is a number of the same kind as its parts, so a ratio of NPX has the
    unit NPX.

    A numerator below its limit :math:`L` makes the ratio "below" what it would be at :math:`L`,
    which goes to ``<ratio>__below`` when the schema has that column; otherwise the ratio stays
    missing. A denominator below its limit leaves the ratio without an upper bound: it stays
    missing. So does a ratio over zero, or of a negative number that is no logarithm.

    Parameters
    ----------
    X : DataFrame, shape (n_rows, n_columns)
        All columns of the schema.
    schema : FeatureSchema

    Returns
    -------
    DataFrame, shape (n_rows, n_columns)
        A cell that held a value, or a limit, is unchanged.

    Raises
    ------
    UnitError
        When a ratio has both logarithms and other numbers among its parts.

    Examples
    --------
    >>> from signature.study.schema import Column, Role
    >>> parts = [Column(name, Role.MARKER, "metabolic") for name in ("kynurenine", "tryptophan")]
    >>> ratio = Column("ktr", Role.MARKER, "ratio", over=(("kynurenine",), ("tryptophan",)))
    >>> X = pd.DataFrame({"kynurenine": [6.0, 6.0], "tryptophan": [2.0, 0.0], "ktr": np.nan})
    >>> fill(X, FeatureSchema((*parts, ratio)))["ktr"].tolist()
    [3.0, nan]
    """
    filled: dict[str, pd.Series] = {}
    for column in schema.columns:
        if column.over is None:
            continue
        values, bounds, _ = _compute(X, column.name, column.over, _logarithmic(schema, column.name))
        filled[column.name] = X[column.name].where(X[column.name].notna(), values)
        if column.name + BELOW in schema:
            limit = X[column.name + BELOW]
            filled[column.name + BELOW] = limit.where(limit.notna(), bounds)
    return X.assign(**filled)


def count_fill(X: pd.DataFrame, schema: FeatureSchema) -> pd.DataFrame:
    """Count what `fill` does with each ratio.

    Returns
    -------
    DataFrame of int, one row per ratio
        Rows of `X` by what becomes of them: ``given``, ``computed``, ``below a limit``, ``below a
        limit that has no column``, and three reasons to stay missing: ``a denominator is below its
        limit``, ``no ratio of such numbers``, ``a part is not measured``. A row of counts adds up
        to the rows of `X`.
    """
    kinds = [GIVEN, COMPUTED, BELOW_LIMIT, NO_LIMIT_COLUMN, UNBOUNDED, IMPOSSIBLE, UNMEASURED]
    ratios = [c for c in schema.columns if c.over is not None]
    counts = pd.DataFrame(0, index=[c.name for c in ratios], columns=kinds)
    for column in ratios:
        assert column.over is not None
        kind = _compute(X, column.name, column.over, _logarithmic(schema, column.name))[2]
        found = pd.Series(kind).value_counts()
        if column.name + BELOW not in schema:
            found = found.rename({BELOW_LIMIT: NO_LIMIT_COLUMN})
        counts.loc[column.name, found.index] = found
    return counts


class Ratios(TableTransformer):
    """Add ratios to a table, or fill those that it has, by the rules of `fill`.

    Put it before the step that deals with limits: a part below its limit is then handled by rule,
    and not by what stands in for it.

    Parameters
    ----------
    over : mapping of str to (numerators, denominators), optional
        Names of columns on either side, by the ratio's name.
    logarithmic : sequence of str
        Columns whose values are logarithms to base 2 already, such as NPX.

    Attributes
    ----------
    columns_ : list of str
        Columns of the training table.
    limited_ : list of str
        Ratios that get a limit column, because a numerator has one.

    Raises
    ------
    ModelInputError
        When a part is not a column of the table.
    UnitError
        When a ratio has both logarithms and other numbers among its parts.

    Examples
    --------
    >>> table = pd.DataFrame({"IL6": [8.0, None], "IL6__below": [None, 2.0], "IL10": [4.0, 4.0]})
    >>> Ratios({"IL6_IL10": (["IL6"], ["IL10"])}).fit_transform(table.astype(float))
       IL6  IL6__below  IL10  IL6_IL10  IL6_IL10__below
    0  8.0         NaN   4.0       2.0              NaN
    1  NaN         2.0   4.0       NaN              0.5
    """

    def __init__(
        self, over: Mapping[str, Sides] | None = None, logarithmic: Sequence[str] = ()
    ) -> None:
        self.over = over
        self.logarithmic = logarithmic

    def fit(self, X: pd.DataFrame | np.ndarray, y: object = None) -> Self:
        """Check that the parts are there; nothing is learned."""
        table = self._table_to_fit(X)
        self.columns_ = list(table.columns)
        self.limited_: list[str] = []
        for name, (above, under) in dict(self.over or {}).items():
            lost = [part for part in (*above, *under) if part not in table]
            if lost:
                raise ModelInputError(
                    f"ratio {name!r}: no column {', '.join(map(repr, lost))} in the table"
                )
            _all_or_none(name, [part in self.logarithmic for part in (*above, *under)])
            if name + BELOW in table or any(part + BELOW in table for part in above):
                self.limited_.append(name)
        return self

    def transform(self, X: pd.DataFrame | np.ndarray) -> pd.DataFrame:
        """Return the table with the ratios."""
        table = self._table_to_transform(X)
        new: dict[str, np.ndarray] = {}
        for name, sides in dict(self.over or {}).items():
            values, bounds, _ = _compute(table, name, sides, sides[0][0] in self.logarithmic)
            new[name] = np.where(np.isnan(_column(table, name)), values, _column(table, name))
            if name in self.limited_:
                given = _column(table, name + BELOW)
                new[name + BELOW] = np.where(np.isnan(given), bounds, given)
        return table.assign(**new)

    def get_feature_names_out(self, input_features: object = None) -> np.ndarray:
        """Names of the columns after `transform`: those of the table, then what is new."""
        check_is_fitted(self)
        names = dict.fromkeys(self.columns_)
        for name in self.over or {}:
            names[name] = None
            if name in self.limited_:
                names[name + BELOW] = None
        return np.asarray(list(names), dtype=object)


def _compute(
    table: pd.DataFrame, name: str, over: Sides, logarithmic: bool
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return values, upper bounds and what became of each row, where the ratio is not given."""
    (top, top_limit), (bottom, bottom_limit) = (
        [np.column_stack([_column(table, part + end) for part in side]) for end in ("", BELOW)]
        for side in over
    )
    if not logarithmic:
        top = np.where(top < 0, np.inf, top)
        bottom = np.where(bottom <= 0, np.inf, bottom)
        top_limit = np.where(top_limit <= 0, np.inf, top_limit)
    most = np.where(np.isnan(top), top_limit, top)
    # numbers that no ratio can be made of end as infinite
    with np.errstate(all="ignore"):
        if logarithmic:
            result = most.sum(axis=1) - bottom.sum(axis=1)
        else:
            result = most.prod(axis=1) / bottom.prod(axis=1)
            result = np.where(np.isinf(bottom).any(axis=1), np.inf, result)
    censored = np.isnan(top).any(axis=1)
    if not logarithmic:
        # "below zero" is nothing that an amount can be
        result = np.where(censored & (result == 0), np.inf, result)
    lost = np.isnan(most).any(axis=1) | (np.isnan(bottom) & np.isnan(bottom_limit)).any(axis=1)
    given = ~(np.isnan(_column(table, name)) & np.isnan(_column(table, name + BELOW)))
    kind = np.select(
        [given, lost, np.isnan(bottom).any(axis=1), ~(np.abs(result) <= _LARGEST), censored],
        [GIVEN, UNMEASURED, UNBOUNDED, IMPOSSIBLE, BELOW_LIMIT],
        COMPUTED,
    )
    nothing = np.full(len(table), np.nan)
    values = np.where(kind == COMPUTED, result, nothing)
    return values, np.where(kind == BELOW_LIMIT, result, nothing), kind


def _column(table: pd.DataFrame, name: str) -> np.ndarray:
    if name not in table:
        return np.full(len(table), np.nan)
    return table[name].to_numpy(dtype="float64", na_value=np.nan)


def _logarithmic(schema: FeatureSchema, ratio: str) -> bool:
    return _all_or_none(ratio, [schema[part].unit in LOG2_UNITS for part in schema[ratio].parts])


def _all_or_none(ratio: str, logarithms: Sequence[bool]) -> bool:
    if any(logarithms) and not all(logarithms):
        raise UnitError(
            f"ratio {ratio!r}: some of its parts are logarithms to base 2 "
            f"({', '.join(sorted(LOG2_UNITS))}) and others are not; a ratio is made of parts of "
            "one kind"
        )
    return any(logarithms)
