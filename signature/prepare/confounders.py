"""Take out of each marker what a straight line in the confounders explains."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

import numpy as np
import pandas as pd
from sklearn.utils.validation import check_is_fitted

from signature.exceptions import ModelInputError
from signature.prepare.columns import (
    ArrayFunction,
    TableTransformer,
    named_columns,
    standing_columns,
)
from signature.study.schema import BATCH, BELOW, CENSORED


class Residualise(TableTransformer):
    """Remove the linear effect of confounders such as age, sex, BMI and smoking from markers.

    Coefficients are learned by least squares on training rows; each marker keeps its mean. The
    confounders themselves pass through.

    This is the weaker of two remedies: adjusting predictions for confounders controls better than
    residualising inputs (Dinga et al. 2020). Only straight lines are removed, so what depends on
    the square of age stays; so does confounding of a marker's spread, or of several markers
    jointly, and a model of trees finds such leftovers again. Report a confounder-only model beside
    the result, and what the markers add to it.

    Parameters
    ----------
    confounders : sequence of str
        Numeric columns. A missing value counts as the training mean. Of a confounder that an
        earlier step has turned into "detected or not", that 0/1 column is used.
    columns : sequence of str, optional
        Markers to residualise. All columns but the confounders, the assay batch and those derived
        from a detection limit when left out.

    Attributes
    ----------
    confounders_, residualised_ : list of str
    means_ : ndarray of shape (n_confounders,)
        Training means of the confounders; 0 where none was observed.
    coef_ : ndarray of shape (n_confounders, n_residualised)
        Change of the marker per unit of confounder, over the rows where the marker was observed;
        0 for a marker with too few values for a line.

    Raises
    ------
    ModelInputError
        When a named column is not there, or a confounder is also to be residualised.

    Examples
    --------
    >>> table = pd.DataFrame({"CRP": [1.0, 2.0, 3.0, 4.0], "bmi": [20.0, 22.0, 24.0, 26.0]})
    >>> Residualise(["bmi"]).fit_transform(table).round(3)
       CRP   bmi
    0  2.5  20.0
    1  2.5  22.0
    2  2.5  24.0
    3  2.5  26.0
    """

    def __init__(
        self, confounders: Sequence[str] = (), columns: Sequence[str] | None = None
    ) -> None:
        self.confounders = confounders
        self.columns = columns

    def fit(self, X: pd.DataFrame | np.ndarray, y: object = None) -> Self:
        """Learn the lines; ``y`` is ignored."""
        table = self._table_to_fit(X)
        self.columns_ = list(table.columns)
        confounders = standing_columns(self.confounders, self.columns_, "to residualise on")
        self.confounders_ = confounders
        self.residualised_ = (
            [
                c
                for c in self.columns_
                if c not in (*confounders, BATCH) and not str(c).endswith((CENSORED, BELOW))
            ]
            if self.columns is None
            else named_columns(self.columns, self.columns_, "to residualise")
        )
        both = [c for c in self.residualised_ if c in confounders]
        if both:
            raise ModelInputError(
                f"both a confounder and a column to residualise: {', '.join(map(repr, both))}"
            )
        known = table[confounders].astype("float64")
        self.means_ = np.nan_to_num(known.mean().to_numpy(dtype="float64"))
        self.coef_ = np.zeros((len(confounders), len(self.residualised_)))
        if not confounders:
            return self
        z = np.nan_to_num(known.to_numpy() - self.means_)
        values = table[self.residualised_].to_numpy(dtype="float64")
        for k in range(values.shape[1]):
            rows = ~np.isnan(values[:, k])
            if rows.sum() < len(confounders) + 2:
                continue
            lines = z[rows] - z[rows].mean(axis=0)
            self.coef_[:, k] = np.linalg.lstsq(lines, values[rows, k], rcond=1e-10)[0]
        return self

    def on_arrays(self) -> ArrayFunction:
        """Return the step as a function of numbers: markers less what confounders explain."""
        confounders = [self.columns_.index(c) for c in self.confounders_]
        residualised = [self.columns_.index(c) for c in self.residualised_]

        def apply(values: np.ndarray) -> np.ndarray:
            out = np.array(values, order="F")
            if confounders and residualised:
                z = np.nan_to_num(values[:, confounders] - self.means_)
                out[:, residualised] = values[:, residualised] - z @ self.coef_
            return out

        return apply

    def get_feature_names_out(self, input_features: object = None) -> np.ndarray:
        """Names of the columns, unchanged."""
        check_is_fitted(self)
        return np.asarray(self.columns_, dtype=object)
