"""Which numbers a column cannot hold, whoever measured: a negative concentration, an age of 400.

This is told from a number that is merely unusual. The plausible range of a marker says what
laboratories have seen, and a value outside it is scored and flagged; the range of a form's answer
says what the form can hold, and the schema's range of ages which people the question is about.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from signature.study.schema import LOG2_UNITS, Column, FeatureSchema, Role, Scale, source_of

_OF_FORMS = frozenset({"", "points", "%", "years"})
"""Units of answers, scores, shares and ages: the range of such a column is where it ends."""

NEGATIVE = "a negative amount"


@dataclass(frozen=True)
class Possible:
    """What a column may hold.

    Parameters
    ----------
    low, high : float
        Ends, infinite where there is none.
    above_low : bool
        Whether the lower end itself is impossible.
    whole : bool
        Whether a number must be whole.
    otherwise : str
        What any other number is, in words.
    """

    low: float = -np.inf
    high: float = np.inf
    above_low: bool = False
    whole: bool = False
    otherwise: str = "an impossible number"


def possible(schema: FeatureSchema, name: str) -> Possible:
    """Return what a column may hold.

    - 0 or 1 where the answer is no or yes; 0, 1, 2, … where a batch is meant.
    - An amount is not negative: what is seen on a log2 scale, what is measured per volume or mass,
      what has a plausible range from 0 on. Logarithms, fluorescence less its background (on an
      asinh scale) and what is plausible below 0 are no amounts; a ratio of amounts is one.
    - A detection limit of an amount is above 0.
    - An age, a score, a share or a coded answer of a form keeps to the range in the schema.

    Examples
    --------
    >>> from signature.study.schema import censored
    >>> il6 = Column("IL6", Role.MARKER, "cytokine", unit="pg/mL", high=1e4)
    >>> age = Column("age", Role.CLINICAL, "demographics", unit="years", low=18, high=90)
    >>> schema = FeatureSchema((age, *censored(il6)))
    >>> [possible(schema, name).otherwise for name in schema.names]
    ['a number outside 18 to 90 years', 'a negative amount', 'a detection limit of 0 or less']
    """
    column = schema[name]
    if column.scale is Scale.YES_NO:
        return Possible(0, 1, whole=True, otherwise="a number other than 0 or 1")
    if column.role is Role.PLATE:
        # a code beyond those of the schema is a batch more, which a model says it has not seen
        return Possible(0, whole=True, otherwise="a number that is no batch code")
    if column.role is Role.LIMIT:
        if _is_amount(schema, schema[source_of(name)]):
            return Possible(0, above_low=True, otherwise="a detection limit of 0 or less")
        return Possible()
    if column.role is not Role.MARKER and column.scale is Scale.LINEAR and column.unit in _OF_FORMS:
        return _of_a_form(column)
    if _is_amount(schema, column):
        return Possible(0, otherwise=NEGATIVE)
    return Possible()


def _of_a_form(column: Column) -> Possible:
    low = -np.inf if column.low is None else column.low
    high = np.inf if column.high is None else column.high
    if np.isinf(low) and np.isinf(high):
        return Possible()
    unit = f" {column.unit}" if column.unit else ""
    ends = f"{low:g} to {high:g}" if np.isfinite([low, high]).all() else f"from {low:g}"
    ends = f"up to {high:g}" if np.isinf(low) else ends
    return Possible(low, high, otherwise=f"a number outside {ends}{unit}")


def _is_amount(schema: FeatureSchema, column: Column) -> bool:
    if column.unit in LOG2_UNITS or column.unit.casefold().startswith("log"):
        return False
    if column.scale is Scale.ASINH or (column.low is not None and column.low < 0):
        return False
    return (
        column.low is not None
        or column.scale is Scale.LOG2
        or (column.role is Role.MARKER and "/" in column.unit)
        or bool(column.parts and all(_is_amount(schema, schema[p]) for p in column.parts))
    )


@dataclass(frozen=True, eq=False)
class PossibleNumbers:
    """What the columns of a schema may hold, looked up once.

    Parameters
    ----------
    low, high : ndarray of shape (n_columns,)
    above_low, whole : ndarray of int
        Places of columns that are above their lower end, and of those that hold whole numbers.
    otherwise : tuple of str
        What any other number is, by column.
    """

    low: np.ndarray
    high: np.ndarray
    above_low: np.ndarray
    whole: np.ndarray
    otherwise: tuple[str, ...]

    @classmethod
    def of(cls, schema: FeatureSchema) -> Self:
        """Look them up."""
        told = [possible(schema, name) for name in schema.names]
        return cls(
            low=np.array([p.low for p in told], dtype="float64"),
            high=np.array([p.high for p in told], dtype="float64"),
            above_low=np.flatnonzero([p.above_low for p in told]),
            whole=np.flatnonzero([p.whole for p in told]),
            otherwise=tuple(p.otherwise for p in told),
        )

    def excluded(self, values: np.ndarray) -> np.ndarray:
        """Cells that cannot be, shape (n_rows, n_columns); a missing one always can."""
        odd = (values < self.low) | (values > self.high)
        odd[:, self.above_low] |= values[:, self.above_low] == self.low[self.above_low]
        whole = values[:, self.whole]
        # a missing one is not above what it is rounded down to
        odd[:, self.whole] |= whole > np.floor(whole)
        return odd
