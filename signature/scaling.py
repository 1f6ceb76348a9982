"""Put skewed concentrations on a log scale."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

import numpy as np
import pandas as pd
from sklearn.utils.validation import check_is_fitted

from signature.columns import TableTransformer, named_columns


class Log2Columns(TableTransformer):
    """Take log2 of the named columns and leave the others as they are.

    A value at or below zero, which a counter may report but a logarithm cannot hold, is read as
    half the smallest positive value of the training rows.

    Parameters
    ----------
    columns : sequence of str
        Columns to transform; a marker of which only ``<marker>__censored`` is left is passed over.

    Attributes
    ----------
    floors_ : dict of str to float
        Half the smallest positive training value, by column; 1 where there is none.

    Examples
    --------
    >>> Log2Columns(["IL6"]).fit_transform(pd.DataFrame({"IL6": [4.0, 0.0], "age": [30.0, 40.0]}))
       IL6   age
    0  2.0  30.0
    1  1.0  40.0
    """

    def __init__(self, columns: Sequence[str] = ()) -> None:
        self.columns = columns

    def fit(self, X: pd.DataFrame | np.ndarray, y: object = None) -> Self:
        """Learn the floor of each column."""
        table = self._table_to_fit(X)
        self.columns_ = list(table.columns)
        self.floors_: dict[str, float] = {}
        for name in named_columns(self.columns, self.columns_, "to take logarithms of"):
            positive = table.loc[table[name] > 0, name]
            self.floors_[name] = float(positive.min()) / 2 if len(positive) else 1.0
        return self

    def transform(self, X: pd.DataFrame | np.ndarray) -> pd.DataFrame:
        """Return the table with the named columns on the log2 scale."""
        table = self._table_to_transform(X)
        logs = {
            name: np.log2(table[name].where(~(table[name] <= 0), floor))
            for name, floor in self.floors_.items()
        }
        return table.assign(**logs)

    def get_feature_names_out(self, input_features: object = None) -> np.ndarray:
        """Names of the columns, unchanged."""
        check_is_fitted(self)
        return np.asarray(self.columns_, dtype=object)
