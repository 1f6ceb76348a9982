"""Ratios and indices: markers that are computed from others, row by row, learning nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import pandas as pd

from signature.exceptions import UnitError
from signature.prepare.columns import ArrayFunction
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
    names = list(schema.names)
    values = X.reindex(columns=names).to_numpy(dtype="float64", na_value=np.nan)
    filled = pd.DataFrame(on_arrays(schema)(values), index=X.index, columns=names)
    changed = [end for c in schema.columns if c.over for end in (c.name, c.name + BELOW)]
    return X.assign(**{name: filled[name] for name in changed if name in schema})


def on_arrays(schema: FeatureSchema) -> ArrayFunction:
    """Return `fill` as a function of numbers, its columns looked up once.

    Returns
    -------
    callable
        Takes float64 of shape (n_rows, n_columns) with the schema's columns, and returns the like.

    Raises
    ------
    UnitError
        As `fill`.
    """
    at = {name: place for place, name in enumerate(schema.names)}
    ratios = [_Ratio.of(c.name, c.over, schema, at) for c in schema.columns if c.over is not None]

    def apply(values: np.ndarray) -> np.ndarray:
        if not ratios:
            return values
        # one column more, of nothing, for limits that the schema does not have
        padded = np.full((len(values), len(at) + 1), np.nan, order="F")
        padded[:, :-1] = values
        # a part is never a ratio, so that one does not see what another has filled
        for ratio in ratios:
            ratio.fill(padded)
        return padded[:, :-1]

    return apply


@dataclass(frozen=True, eq=False)
class _Ratio:
    """Where a ratio, its limit and its two sides stand in a matrix whose last column is empty."""

    place: int
    limit: int
    sides: tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]
    logarithmic: bool

    @classmethod
    def of(cls, name: str, over: Sides, schema: FeatureSchema, at: Mapping[str, int]) -> Self:
        """Look them up once."""

        def places(side: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
            limits = [at.get(part + BELOW, -1) for part in side]
            return np.array([at[part] for part in side]), np.array(limits)

        sides = places(over[0]), places(over[1])
        return cls(at[name], at.get(name + BELOW, -1), sides, _logarithmic(schema, name))

    def fill(self, X: np.ndarray) -> None:
        """Put in values, and upper bounds, where the ratio is not given and its parts allow one."""
        (top, top_limit), (bottom, bottom_limit) = (
            (X[:, part], X[:, limit]) for part, limit in self.sides
        )
        if not self.logarithmic:
            top = np.where(top < 0, np.inf, top)
            bottom = np.where(bottom <= 0, np.inf, bottom)
            top_limit = np.where(top_limit <= 0, np.inf, top_limit)
        most = np.where(np.isnan(top), top_limit, top)
        # numbers that no ratio can be made of end as infinite
        with np.errstate(all="ignore"):
            if self.logarithmic:
                result = most.sum(axis=1) - bottom.sum(axis=1)
            else:
                result = most.prod(axis=1) / bottom.prod(axis=1)
                result = np.where(np.isinf(bottom).any(axis=1), np.inf, result)
        censored = np.isnan(top).any(axis=1)
        if not self.logarithmic:
            # "below zero" is nothing that an amount can be
            result = np.where(censored & (result == 0), np.inf, result)
        lost = np.isnan(most).any(axis=1) | (np.isnan(bottom) & np.isnan(bottom_limit)).any(axis=1)
        given = ~(np.isnan(X[:, self.place]) & np.isnan(X[:, self.limit]))
        # a denominator below its limit leaves no bound from above
        unbounded = np.isnan(bottom).any(axis=1)
        known = ~(given | lost | unbounded) & (np.abs(result) <= _LARGEST)
        X[:, self.place] = np.where(known & ~censored, result, X[:, self.place])
        if self.limit >= 0:
            X[:, self.limit] = np.where(known & censored, result, X[:, self.limit])


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
