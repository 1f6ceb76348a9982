"""Put skewed values on a scale where differences are ratios."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
import pandas as pd
from sklearn.utils.validation import check_is_fitted

from signature.prepare.columns import ArrayFunction, TableTransformer, named_columns, values_of


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
        names = named_columns(self.columns, self.columns_, "to take logarithms of")
        values = values_of(table[names], names)
        smallest = np.min(values, axis=0, where=values > 0, initial=np.inf)
        floors = np.where(np.isfinite(smallest), smallest / 2, 1.0)
        self.floors_ = dict(zip(names, floors.tolist(), strict=True))
        return self

    def on_arrays(self) -> ArrayFunction:
        """Return the step as a function of numbers."""
        at = [self.columns_.index(name) for name in self.floors_]
        floors = np.array(list(self.floors_.values()))

        def apply(values: np.ndarray) -> np.ndarray:
            out = np.array(values, order="F")
            raw = values[:, at]
            out[:, at] = np.log2(np.where(raw <= 0, floors, raw))
            return out

        return apply

    def get_feature_names_out(self, input_features: object = None) -> np.ndarray:
        """Names of the columns, unchanged."""
        check_is_fitted(self)
        return np.asarray(self.columns_, dtype=object)


def asinh2(values: Any, cofactor: Any) -> Any:
    """Return asinh(values / cofactor) in units of log2, so that a doubling of large values adds 1.

    Examples
    --------
    >>> asinh2(np.array([-5.0, 0.0, 5.0, 1000.0, 2000.0]), 5.0).round(2).tolist()
    [-1.27, 0.0, 1.27, 8.64, 9.64]
    """
    return np.arcsinh(values / cofactor) / np.log(2)


class AsinhColumns(TableTransformer):
    """Take the inverse hyperbolic sine of the named columns and leave the others as they are.

    For signals that may be zero or negative, such as fluorescence less its background: about linear
    below the cofactor and logarithmic above it, on the log2 scale (`asinh2`). Nothing is learned.

    Parameters
    ----------
    cofactors : mapping of column to float, optional
        Where each column turns from linear to logarithmic; a marker of which only
        ``<marker>__censored`` is left is passed over.

    Examples
    --------
    >>> table = pd.DataFrame({"IL6": [-5.0, 0.0, 1000.0]})
    >>> AsinhColumns({"IL6": 5.0}).fit_transform(table).round(2)
        IL6
    0 -1.27
    1  0.00
    2  8.64
    """

    def __init__(self, cofactors: Mapping[str, float] | None = None) -> None:
        self.cofactors = cofactors

    def fit(self, X: pd.DataFrame | np.ndarray, y: object = None) -> Self:
        """Check that the columns are there; nothing is learned."""
        self.columns_ = list(self._table_to_fit(X).columns)
        told = self.cofactors or {}
        named = named_columns(list(told), self.columns_, "to take the inverse hyperbolic sine of")
        self.cofactors_ = {name: float(told[name]) for name in named}
        return self

    def on_arrays(self) -> ArrayFunction:
        """Return the step as a function of numbers."""
        at = [self.columns_.index(name) for name in self.cofactors_]
        cofactors = np.array(list(self.cofactors_.values()))

        def apply(values: np.ndarray) -> np.ndarray:
            out = np.array(values, order="F")
            out[:, at] = asinh2(values[:, at], cofactors)
            return out

        return apply

    def get_feature_names_out(self, input_features: object = None) -> np.ndarray:
        """Names of the columns, unchanged."""
        check_is_fitted(self)
        return np.asarray(self.columns_, dtype=object)
