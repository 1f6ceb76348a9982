"""Markers that go together, and so may stand for each other."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.stats import rankdata

from signature.study.schema import CENSORED

CUT = 0.7
"""Absolute Spearman correlation from which a marker belongs to another one's cluster."""


def marker_values(table: pd.DataFrame, panel: Sequence[str]) -> pd.DataFrame:
    """Return one column per marker: its value, or detected-or-not where that is all there is.

    Parameters
    ----------
    table : DataFrame of shape (n_rows, n_columns)
        What a model sees: no gaps, 0/1 columns ``<marker>__censored``.
    panel : sequence of str
        Markers; those of which the table has nothing are left out.

    Examples
    --------
    >>> table = pd.DataFrame({"IL6": [1.0, 2.0], "IL5__censored": [1.0, 0.0], "age": [30.0, 40.0]})
    >>> marker_values(table, ["IL5", "IL6", "IL7"])
       IL5  IL6
    0 -1.0  1.0
    1  0.0  2.0
    """
    columns = {}
    for name in panel:
        if name in table:
            columns[name] = table[name]
        elif name + CENSORED in table:
            columns[name] = 0.0 - table[name + CENSORED]  # detected is the higher value
    return pd.DataFrame(columns, index=table.index)


def clusters(
    values: pd.DataFrame, markers: Sequence[str], cut: float = CUT
) -> dict[str, dict[str, float]]:
    """Return the neighbours of each marker with their Spearman correlation, the closest first.

    Parameters
    ----------
    values : DataFrame of shape (n_rows, n_markers)
        As `marker_values` returns it; constant columns are nobody's neighbour.
    markers : sequence of str
        Whose neighbours are asked for.
    cut : float
        Smallest absolute correlation.

    Examples
    --------
    >>> values = pd.DataFrame({"a": [1.0, 2, 3, 4], "b": [8.0, 6, 4, 2], "c": [1.0, 4, 2, 3]})
    >>> clusters(values, ["a"])
    {'a': {'b': -1.0}}
    """
    ranks = rankdata(values.to_numpy(), axis=0)
    ranks = ranks - ranks.mean(axis=0)
    length = np.sqrt((ranks**2).sum(axis=0))
    unit = np.divide(ranks, length, out=np.zeros_like(ranks), where=length > 0)
    names = [str(c) for c in values]
    found: dict[str, dict[str, float]] = {}
    for marker in markers:
        found[marker] = {}
        if marker not in names:
            continue
        r = unit.T @ unit[:, names.index(marker)]
        for i in np.argsort(-np.abs(r), kind="stable"):
            if names[i] != marker and abs(r[i]) >= cut:
                found[marker][names[i]] = round(float(r[i]), 12)
    return found
