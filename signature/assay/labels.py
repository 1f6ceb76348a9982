"""Columns of names, each different name held once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from signature.study.tables import clean_text

Labels: TypeAlias = "pd.Categorical[Any]"
"""A Categorical of str; missing where there is no name."""


def labels(codes: np.ndarray, names: Iterable[str]) -> Labels:
    """Return a column of names from the place of each row's name, -1 for none."""
    return pd.Categorical.from_codes(codes, categories=pd.Index(list(names), dtype="str"))


def nameless(rows: int) -> Labels:
    """Return a column without names."""
    return labels(np.full(rows, -1), [])


def renamed(column: Labels, texts: Sequence[Any]) -> Labels:
    """Give each name of a column another text, or None; equal texts become one name.

    Examples
    --------
    >>> list(renamed(labels(np.array([0, 1, 2, -1]), ["a", "b", "c"]), ["x", None, "x"]))
    ['x', nan, 'x', nan]
    """
    places, names = pd.factorize(pd.Series(texts, dtype="str"))
    # the appended -1 is for rows that had no name, whose code is -1
    return labels(np.append(places, -1)[column.codes], names)


def first_few(names: Sequence[str], most: int = 12) -> str:
    """Join the first few names for a message.

    Examples
    --------
    >>> first_few(["IL6", "TNF"]), first_few("abc", most=2)
    ('IL6, TNF', 'a, b, …')
    """
    return ", ".join(names[:most]) + (", …" if len(names) > most else "")


def as_labels(column: pd.Series) -> Labels:
    """Return cells as names: blanks around them gone, marks of a missing name missing."""
    if pd.api.types.is_numeric_dtype(column.dtype):
        written = column.astype("float64").astype("category")
        numbers = map(float, written.cat.categories)
        texts = [str(int(x)) if x.is_integer() else repr(x) for x in numbers]
    else:
        written = column.astype("category")
        texts = list(map(str, written.cat.categories))
    clean = clean_text(pd.DataFrame({"text": pd.Series(texts, dtype="str")}))["text"]
    return renamed(labels(written.cat.codes.to_numpy(), map(str, range(len(texts)))), list(clean))


def as_text(column: Labels) -> pd.Series:
    """Return a column of names as plain text."""
    names = pd.array(list(column.categories), dtype="str")
    return pd.Series(names.take(column.codes, allow_fill=True))
