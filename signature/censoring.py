"""Values below a detection limit: turn "below L" into numbers, learning from training rows only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

import numpy as np
import pandas as pd
from sklearn.utils.validation import check_is_fitted

from signature.columns import TableTransformer
from signature.schema import BELOW, CENSORED, source_of


class LimitSubstitution(TableTransformer):
    r"""Put one number in place of every value below the limit, and say where.

    A marker's substitute is :math:`L/\sqrt{2}` (Hornung and Reed 1990) with L the median limit of
    the training rows; on a log2 scale that is :math:`L - 1/2`. All rows get the same, whatever
    their own limit: limits belong to assay lots, lots differ between sites and months, and a
    substitute that followed the limit would let a model read the lot off the marker.

    A limit far above what training rows had says little: "below 4000" is not "low". A row whose
    limit exceeds twice the largest training limit (one unit on a log2 scale), or the training
    median for a marker that training never censored, counts as not measured.

    Where some but not all training rows are censored, a 0/1 column ``<marker>__censored`` is
    added. The limit columns are dropped.

    Parameters
    ----------
    logarithmic : sequence of str
        Markers whose values are logarithms to base 2 already, such as NPX.

    Attributes
    ----------
    substitutes_ : dict of str to float
        Substitute by marker, for markers that were censored in training.
    highest_ : dict of str to float
        Largest limit by marker that is taken to mean "low".
    flagged_ : list of str
        Markers that get a 0/1 column.

    Notes
    -----
    A marker that training rows never show below a limit uses the limit of the row itself.

    Examples
    --------
    >>> table = pd.DataFrame({"IL6": [None, 8.0, None], "IL6__below": [2.0, None, None]})
    >>> LimitSubstitution().fit_transform(table.astype(float)).round(3)
         IL6  IL6__censored
    0  1.414            1.0
    1  8.000            0.0
    2    NaN            NaN
    """

    def __init__(self, logarithmic: Sequence[str] = ()) -> None:
        self.logarithmic = logarithmic

    def fit(self, X: pd.DataFrame | np.ndarray, y: object = None) -> Self:
        """Learn each marker's substitute and whether it needs a 0/1 column."""
        table = self._table_to_fit(X)
        self.columns_ = list(table.columns)
        self.substitutes_: dict[str, float] = {}
        self.highest_: dict[str, float] = {}
        self.flagged_: list[str] = []
        for limit in _limits(self.columns_):
            marker = source_of(limit)
            below = table[limit].notna()
            if not below.any():
                middle = table[marker].median()
                self.highest_[marker] = float("inf") if np.isnan(middle) else float(middle)
                continue
            largest = float(table[limit].max())
            self.highest_[marker] = largest + 1 if marker in self.logarithmic else 2 * largest
            self.substitutes_[marker] = float(
                self._substitute(marker, table.loc[below, limit].to_numpy()).item()
            )
            if table[marker].notna().any():
                self.flagged_.append(marker)
        return self

    def _substitute(self, marker: str, limits: np.ndarray) -> np.ndarray:
        middle = np.median(limits, keepdims=True)
        return middle - 0.5 if marker in self.logarithmic else middle / np.sqrt(2)

    def transform(self, X: pd.DataFrame | np.ndarray) -> pd.DataFrame:
        """Replace censored values and add the 0/1 columns."""
        table = self._table_to_transform(X)
        limits = _limits(self.columns_)
        out = table[[c for c in self.columns_ if c not in limits]].copy()
        flags: dict[str, pd.Series] = {}
        for limit in limits:
            marker = source_of(limit)
            below = table[limit] <= self.highest_[marker]
            known = below | table[marker].notna()
            if marker in self.substitutes_:
                out[marker] = out[marker].mask(below, self.substitutes_[marker])
            elif below.any():
                own = (
                    table[limit] - 0.5 if marker in self.logarithmic else table[limit] / np.sqrt(2)
                )
                out[marker] = out[marker].mask(below, own)
            if marker in self.flagged_:
                flags[marker + CENSORED] = below.astype("float64").where(known)
        return out.assign(**flags)

    def get_feature_names_out(self, input_features: object = None) -> np.ndarray:
        """Names of the columns after `transform`."""
        check_is_fitted(self)
        limits = _limits(self.columns_)
        names = [c for c in self.columns_ if c not in limits]
        return np.asarray([*names, *(m + CENSORED for m in self.flagged_)], dtype=object)


def _limits(columns: Sequence[str]) -> list[str]:
    return [c for c in columns if c.endswith(BELOW) and source_of(c) in columns]
