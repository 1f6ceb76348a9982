"""Ratios and indices: markers that are computed from others, row by row, learning nothing."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from signature.exceptions import UnitError
from signature.study.schema import BELOW, LOG2_UNITS, FeatureSchema

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
        values, bounds = _compute(X, column.name, column.over, _logarithmic(schema, column.name))
        filled[column.name] = X[column.name].where(X[column.name].notna(), values)
        if column.name + BELOW in schema:
            limit = X[column.name + BELOW]
            filled[column.name + BELOW] = limit.where(limit.notna(), bounds)
    return X.assign(**filled)


def _compute(
    table: pd.DataFrame, name: str, over: Sides, logarithmic: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Return values and upper bounds where the ratio is not given and its parts allow one."""
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
    # a denominator below its limit leaves no bound from above
    unbounded = np.isnan(bottom).any(axis=1)
    known = ~(given | lost | unbounded) & (np.abs(result) <= _LARGEST)
    values = np.where(known & ~censored, result, np.nan)
    return values, np.where(known & censored, result, np.nan)


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
