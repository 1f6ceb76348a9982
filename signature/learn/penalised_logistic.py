"""Elastic-net logistic regression by exact paths, and a quick way to tune it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
import pandas as pd
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted, validate_data

from signature.learn.binary import LogOddsClassifier, two_classes
from signature.learn.elastic_net_path import elastic_net_path


class PenalisedLogistic(LogOddsClassifier):
    r"""Logistic regression with an elastic-net penalty, solved to its condition.

    Minimises :math:`\sum_i \ell(y_i, \eta_i) + \frac 1C \sum_j (\rho |\beta_j| + \frac{1 - \rho}{2}
    \beta_j^2)`, the objective of scikit-learn's ``LogisticRegression``, by Newton steps on the
    columns in use. No step is drawn at random, so there is no seed.

    Parameters
    ----------
    C : float
        Inverse of the penalty's strength, positive.
    l1_ratio : float
        :math:`\rho`: 1 lasso, 0 ridge.

    Attributes
    ----------
    coef_ : ndarray of shape (1, n_columns)
        Log-odds of the event per unit of each column.
    intercept_ : ndarray of shape (1,)
    classes_ : ndarray of shape (2,)
        The class that sorts last is the event.

    Raises
    ------
    ValueError
        In `fit`: when the classes are not two, or a parameter is out of range.
    MissingExtraError
        In `fit`, where numba is not installed; a fitted model does not need it.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(200, 3))
    >>> y = (X[:, 1] + rng.normal(size=200) > 0).astype(int)
    >>> PenalisedLogistic(C=0.1, l1_ratio=1.0).fit(X, y).coef_.round(2)
    array([[-0.09,  0.91,  0.  ]])
    """

    def __init__(self, C: float = 1.0, l1_ratio: float = 0.0) -> None:
        self.C = C
        self.l1_ratio = l1_ratio

    def fit(self, X: pd.DataFrame | np.ndarray, y: np.ndarray) -> Self:
        """Find the weights.

        Parameters
        ----------
        X : DataFrame or ndarray of shape (n_rows, n_columns)
            Standardised where columns are to be shrunken alike; no gaps.
        y : ndarray of shape (n_rows,)
        """
        values, y = validate_data(self, X, y, dtype="float64")
        self.classes_, event = two_classes(y)
        weights, base = self.weights(values, event)
        self.coef_, self.intercept_ = weights[None, :], np.array([base])
        return self

    def weights(self, values: np.ndarray, event: np.ndarray) -> tuple[np.ndarray, float]:
        """Weights, shape (n_columns,), and intercept for rows that were checked already."""
        if not (self.C > 0 and 0 <= self.l1_ratio <= 1):
            raise ValueError(
                f"C must be positive and l1_ratio from 0 to 1; got {self.C} and {self.l1_ratio}"
            )
        path = elastic_net_path(
            values, event, [1 / (len(event) * self.C)], l1_ratio=self.l1_ratio, tol=_TOLERANCE
        )
        return path.coef[0], float(path.intercept[0])

    def decision_function(self, X: pd.DataFrame | np.ndarray) -> np.ndarray:
        """Log-odds of the event, shape (n_rows,)."""
        check_is_fitted(self)
        values = validate_data(self, X, reset=False, dtype="float64")
        return values @ self.coef_[0] + self.intercept_[0]

    def tuning_fold(
        self, X: pd.DataFrame, y: np.ndarray, X_held_out: pd.DataFrame, y_held_out: np.ndarray
    ) -> LinearFold:
        """Take one inner fold as numbers, so that no parameter set checks its tables again."""
        _, event = two_classes(np.asarray(y))
        return LinearFold(
            np.asarray(X, dtype="float64"),
            event,
            np.asarray(X_held_out, dtype="float64"),
            np.asarray(y_held_out),
        )

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        return tags


_TOLERANCE = 1e-8
"""By how much the gradient of the mean loss may miss its condition."""


@dataclass(frozen=True, eq=False)
class LinearFold:
    """One inner fold as numbers, for tuning `PenalisedLogistic`."""

    train: np.ndarray
    event: np.ndarray
    held_out: np.ndarray
    y_held_out: np.ndarray

    def loss(self, model: PenalisedLogistic) -> tuple[float, dict[str, float]]:
        """Log-loss of the held-out rows; nothing is learned beside the weights."""
        weights, base = model.weights(self.train, self.event)
        eta = self.held_out @ weights + base
        return float(np.mean(np.logaddexp(0, eta) - self.y_held_out * eta)), {}
