"""Pick a procedure's columns out of the raw table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Self

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted, validate_data

from signature.exceptions import ModelInputError
from signature.study.schema import CENSORED

ArrayFunction = Callable[[np.ndarray], np.ndarray]
"""From a float64 matrix to another with the same rows, each depending on that row alone."""


class TableTransformer(TransformerMixin, BaseEstimator):
    """What the transformers of this package share: tables in, tables out, missing values allowed.

    scikit-learn's own checks send arrays, so an array gets names here and is a table after that.
    A fitted step is the same function of tables (`transform`) and of numbers (`on_arrays`); a
    subclass writes one of the two, and the other follows.

    Attributes
    ----------
    columns_ : list of str
        Columns that the step reads, in order.
    """

    columns_: list[str]

    def transform(self, X: pd.DataFrame | np.ndarray) -> pd.DataFrame:
        """Return the table after this step.

        Raises
        ------
        ModelInputError
            When a column of the training table is not there.
        """
        table = self._table_to_transform(X)
        values = self.on_arrays()(values_of(table, self.inputs))
        return pd.DataFrame(values, index=table.index, columns=self.get_feature_names_out())

    def on_arrays(self) -> ArrayFunction:
        """Return the fitted step as a function of numbers, its columns looked up once.

        Returns
        -------
        callable
            Takes float64 of shape (n_rows, n_inputs) with the columns `inputs`; returns that of
            the columns `get_feature_names_out`.
        """
        inputs = self.inputs

        def apply(values: np.ndarray) -> np.ndarray:
            return self.transform(pd.DataFrame(values, columns=inputs)).to_numpy()

        return apply

    @property
    def inputs(self) -> list[str]:
        """Columns that the fitted step reads, in order."""
        return self.columns_

    def _table_to_fit(self, X: pd.DataFrame | np.ndarray) -> pd.DataFrame:
        # a table of finite floats, as every earlier step returns it, needs no look at each column
        plain = isinstance(X, pd.DataFrame) and len(X) > 0 and _plain(X)
        validate_data(
            self, X, skip_check_array=plain, ensure_all_finite="allow-nan", dtype="numeric"
        )
        return as_table(X)

    def _table_to_transform(self, X: pd.DataFrame | np.ndarray) -> pd.DataFrame:
        check_is_fitted(self)
        if not isinstance(X, pd.DataFrame):
            X = validate_data(self, X, reset=False, ensure_all_finite="allow-nan", dtype="numeric")
        return as_table(X)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.transformer_tags.preserves_dtype = []
        return tags


class TakeColumns(TableTransformer):
    """Take the named columns of a table as float64, in order.

    Parameters
    ----------
    columns : sequence of str, optional
        Names to take; all columns of the training table when left out.

    Raises
    ------
    ModelInputError
        In `transform`, when a named column is not there. Who serves a model decides beforehand
        which columns may be absent and adds them as missing.

    Examples
    --------
    >>> table = pd.DataFrame({"IL6": [1.0, 2.0], "age": [30, 40]})
    >>> TakeColumns(["age"]).fit_transform(table)
        age
    0  30.0
    1  40.0
    """

    def __init__(self, columns: Sequence[str] | None = None) -> None:
        self.columns = columns

    def fit(self, X: pd.DataFrame | np.ndarray, y: object = None) -> Self:
        """Remember the names."""
        table = self._table_to_fit(X)
        self.columns_ = list(table.columns if self.columns is None else self.columns)
        return self

    def on_arrays(self) -> ArrayFunction:
        """Return the columns as they are: which ones, the inputs say."""
        return np.copy

    def get_feature_names_out(self, input_features: object = None) -> np.ndarray:
        """Names of the columns taken."""
        check_is_fitted(self)
        return np.asarray(self.columns_, dtype=object)


def _plain(table: pd.DataFrame) -> bool:
    """Whether all columns are float64, one or more, and no value is infinite."""
    values = table.to_numpy()
    return values.dtype == np.float64 and values.shape[1] > 0 and not np.isinf(values).any()


def as_table(X: pd.DataFrame | np.ndarray) -> pd.DataFrame:
    """Return a table; an array gets the names scikit-learn gives to nameless columns."""
    if isinstance(X, pd.DataFrame):
        return X
    array = np.asarray(X)
    return pd.DataFrame(array, columns=[f"x{i}" for i in range(array.shape[1])])


def values_of(table: pd.DataFrame, columns: Sequence[str]) -> np.ndarray:
    """Return named columns as float64, each contiguous, shape (n_rows, n_columns).

    Raises
    ------
    ModelInputError
        When one is not there.
    """
    if list(table.columns) != list(columns):
        absent = [c for c in columns if c not in table]
        if absent:
            raise ModelInputError(f"missing columns: {', '.join(map(repr, absent))}")
        table = table[list(columns)]
    return np.asfortranarray(table.to_numpy(dtype="float64"))


def named_columns(wanted: Sequence[str], there: Sequence[str], what: str) -> list[str]:
    """Return the wanted names that are there, and refuse when another is missing.

    A marker that an earlier step has turned into "detected or not" has no values any more, and is
    passed over.

    Raises
    ------
    ModelInputError
        Listing those that are missing.

    Examples
    --------
    >>> named_columns(["IL6", "IL5"], ["IL6", "IL5__censored"], "to harmonise")
    ['IL6']
    """
    left = [c for c in wanted if c in there or c + CENSORED not in there]
    return _all_there(left, there, what)


def standing_columns(wanted: Sequence[str], there: Sequence[str], what: str) -> list[str]:
    """Return the columns that stand for the wanted names, and refuse when one is missing.

    A column that an earlier step has turned into "detected or not" is stood for by that.

    Raises
    ------
    ModelInputError
        Listing those that are missing.

    Examples
    --------
    >>> standing_columns(["age", "IL5"], ["age", "IL5__censored"], "to residualise on")
    ['age', 'IL5__censored']
    """
    flagged = (c + CENSORED if c not in there and c + CENSORED in there else c for c in wanted)
    return _all_there(list(flagged), there, what)


def _all_there(names: list[str], there: Sequence[str], what: str) -> list[str]:
    absent = [c for c in names if c not in there]
    if absent:
        raise ModelInputError(f"missing columns {what}: {', '.join(map(repr, absent))}")
    return names
