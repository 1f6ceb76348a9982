"""Which rows belong to which part of the people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd

from signature.exceptions import CohortError

ROWS_PER_LEVEL = 20
"""Rows per level, on average, below which a column holds measurements rather than levels."""


@dataclass(frozen=True, eq=False)
class Subgroup:
    """Some of the rows.

    Parameters
    ----------
    column, level : str
        What people are told apart by, and which of them these are.
    rows : ndarray of bool, shape (n_rows,)
    """

    column: str
    level: str
    rows: np.ndarray

    @property
    def label(self) -> str:
        """Column and level."""
        return f"{self.column}: {self.level}"


def subgroups(
    table: pd.DataFrame, definition: Mapping[str, Sequence[float | str] | None]
) -> list[Subgroup]:
    """Find who belongs to which subgroup.

    Parameters
    ----------
    table : DataFrame, shape (n_rows, any)
        Columns to tell people apart by: records, features, site.
    definition : mapping
        Column to cut points of a numeric column (each band holds its lower end), to levels to
        look at, or to None for all levels. Rows with a missing value are in no subgroup.

    Returns
    -------
    list of Subgroup
        In the order of the definition; bands ascending, all levels sorted. Some may be empty.

    Raises
    ------
    CohortError
        When a column or a level is not there, cut points are for a column of text, do not ascend,
        or a column without cut points holds measurements.

    Examples
    --------
    >>> table = pd.DataFrame({"age": [30.0, 50.0, 71.0], "sex": ["f", "m", "f"]})
    >>> for found in subgroups(table, {"age": [50, 65], "sex": None}):
    ...     print(found.label, found.rows.tolist())
    age: below 50 [True, False, False]
    age: 50 to below 65 [False, True, False]
    age: 65 and above [False, False, True]
    sex: f [True, False, True]
    sex: m [False, True, False]
    """
    found: list[Subgroup] = []
    for name, wanted in definition.items():
        if name not in table:
            raise CohortError(
                f"no column {name!r} to form subgroups by; there are: "
                + ", ".join(sorted(map(str, table.columns)))
            )
        cuts = [] if wanted is None else [w for w in wanted if not isinstance(w, str)]
        if cuts:
            found += _bands(name, table[name], cuts, len(wanted or ()))
        else:
            found += _levels(name, table[name], None if wanted is None else list(map(str, wanted)))
    return found


def _bands(name: str, values: pd.Series, cuts: Sequence[float], given: int) -> list[Subgroup]:
    if not pd.api.types.is_numeric_dtype(values) or len(cuts) < given:
        raise CohortError(
            f"cut points of {name!r} need a numeric column and numbers only; name its levels as "
            "text instead"
        )
    edges = np.asarray(cuts, dtype="float64")
    if not np.isfinite(edges).all() or (np.diff(edges) <= 0).any():
        raise CohortError(f"cut points of {name!r} must ascend: got {', '.join(map(str, cuts))}")
    band = np.searchsorted(edges, values.to_numpy(dtype="float64"), side="right")
    known = values.notna().to_numpy()
    labels = [
        f"below {cuts[0]:g}",
        *(f"{a:g} to below {b:g}" for a, b in pairwise(cuts)),
        f"{cuts[-1]:g} and above",
    ]
    return [Subgroup(name, label, known & (band == i)) for i, label in enumerate(labels)]


def _levels(name: str, values: pd.Series, wanted: list[str] | None) -> list[Subgroup]:
    texts = values.map(_text, na_action="ignore").astype("object")
    there = sorted(texts.dropna().unique())
    if wanted is None and len(there) > max(2, len(values) / ROWS_PER_LEVEL):
        raise CohortError(
            f"{name!r} has {len(there)} different values in {len(values)} rows; give cut points, "
            "or the levels to look at"
        )
    absent = sorted(set(wanted or ()) - set(there))
    if absent:
        raise CohortError(f"no row has {name} = {', '.join(map(repr, absent))}")
    return [Subgroup(name, level, (texts == level).to_numpy()) for level in wanted or there]


def _text(value: object) -> str:
    """Whole numbers as such: levels that a table holds as 1.0 are named 1."""
    return f"{value:g}" if isinstance(value, float) else str(value)
