"""What every treatment of detection limits shares: which limits count, which columns come out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from sklearn.utils.validation import check_is_fitted

from signature.prepare.columns import TableTransformer
from signature.study.schema import BELOW, CENSORED, source_of


class LimitTransformer(TableTransformer):
    """Bookkeeping of a step that turns ``<marker>`` and ``<marker>__below`` into numbers.

    A limit far above what training rows had says little: "below 4000" is not "low". A row whose
    limit exceeds twice the largest training limit (one unit on a log2 scale), or the training
    median for a marker that training never censored, counts as not measured.

    Where some but not all training rows are censored, a 0/1 column ``<marker>__censored`` is
    added. Where a share above `detected_above` is, that column is all that remains of the marker:
    most values would be the model's and not the laboratory's.

    Attributes
    ----------
    highest_ : dict of str to float
        Largest limit by marker that is taken to mean "low".
    flagged_ : list of str
        Markers that get a 0/1 column.
    detected_only_ : list of str
        Markers of which only the 0/1 column is left.
    dropped_ : list of str
        Columns that do not come out.
    """

    logarithmic: Sequence[str]
    detected_above: float | None

    def _learn_limits(self, table: pd.DataFrame) -> None:
        """Learn which limits count and which columns come out."""
        most = 1.0 if self.detected_above is None else self.detected_above
        if not 0 <= most <= 1:
            raise ValueError(
                f"detected_above is a share of rows, 0 to 1 or None; got {self.detected_above!r}"
            )
        self.columns_ = list(table.columns)
        self.highest_: dict[str, float] = {}
        self.flagged_: list[str] = []
        self.detected_only_: list[str] = []
        for limit in limit_columns(self.columns_):
            marker = source_of(limit)
            below = table[limit].notna()
            if not below.any():
                middle = table[marker].median()
                self.highest_[marker] = float("inf") if np.isnan(middle) else float(middle)
                continue
            largest = float(table[limit].max())
            self.highest_[marker] = largest + 1 if marker in self.logarithmic else 2 * largest
            measured = table[marker].notna()
            share = below.sum() / (below | measured).sum()
            if share > most:
                self.detected_only_.append(marker)
            if share > most or measured.any():
                self.flagged_.append(marker)
        gone = set(self.detected_only_)
        limits = set(limit_columns(self.columns_))
        self.dropped_ = [c for c in self.columns_ if c in limits or c in gone]

    @property
    def _limited(self) -> list[str]:
        """Markers with a limit column whose values come out."""
        return [m for m in self.highest_ if m not in self.detected_only_]

    def _is_below(self, table: pd.DataFrame, marker: str) -> pd.Series:
        """Rows whose limit counts."""
        return table[marker + BELOW] <= self.highest_[marker]

    def _with_flags(self, table: pd.DataFrame, values: pd.DataFrame) -> pd.DataFrame:
        """Add the 0/1 columns to the values; they are missing where nothing was measured."""
        flags: dict[str, pd.Series] = {}
        for marker in self.flagged_:
            below = self._is_below(table, marker)
            known = below | table[marker].notna()
            flags[marker + CENSORED] = below.astype("float64").where(known)
        if not flags:
            return values
        return pd.concat([values, pd.DataFrame(flags, index=values.index)], axis=1)

    def _values(self, table: pd.DataFrame) -> pd.DataFrame:
        """Copy the columns that come out, 0/1 columns aside."""
        return table[[c for c in self.columns_ if c not in self.dropped_]].copy()

    def get_feature_names_out(self, input_features: object = None) -> np.ndarray:
        """Names of the columns after `transform`."""
        check_is_fitted(self)
        names = [c for c in self.columns_ if c not in self.dropped_]
        return np.asarray([*names, *(m + CENSORED for m in self.flagged_)], dtype=object)


def limit_columns(columns: Sequence[str]) -> list[str]:
    """Names of the columns that carry a limit of a marker beside them.

    Examples
    --------
    >>> limit_columns(["IL6", "IL6__below", "TNF__below"])
    ['IL6__below']
    """
    known = set(columns)
    return [c for c in columns if c == source_of(c) + BELOW and source_of(c) in known]
