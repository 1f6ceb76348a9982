"""One linear model from several imputed training tables."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted, validate_data

from signature.learn.binary import LogOddsClassifier, two_classes
from signature.prepare.columns import as_table
from signature.prepare.imputation import OutcomeFreeImputer
from signature.randomness import seed_for


class PooledOverImputations(LogOddsClassifier):
    """Average a linear classifier over models fitted on differently imputed training tables.

    One imputed table makes the coefficients depend on the luck of its draws. Each of m copies of
    the imputer draws a table of its own, each of m copies of the classifier is fitted on one, and
    coefficients and intercept are their means (Rubin 1987). Rows to predict are completed by the
    mean of what the m imputers expect.

    Parameters
    ----------
    estimator : classifier, optional
        Linear, for two classes: has ``coef_`` and ``intercept_`` when fitted. Logistic regression
        when left out.
    imputer : transformer, optional
        Gives draws in `fit_transform` and expected values in `transform`, has a `random_state`, and
        returns the columns that it is given. `OutcomeFreeImputer` when left out.
    m : int
        Number of imputed tables.
    random_state : int
        The seeds of the imputers are spawned from it.

    Attributes
    ----------
    coef_ : ndarray of shape (1, n_features)
        Mean log-odds per unit of each column.
    intercept_ : ndarray of shape (1,)
    between_ : ndarray of shape (n_features + 1,)
        Variance over the imputed tables of each coefficient and, last, of the intercept.
    imputers_ : list of transformers
    classes_ : ndarray of shape (2,)
        The class that sorts last is the event.

    Raises
    ------
    ValueError
        When the imputer adds, drops or reorders columns: contributions would go to wrong names.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> table = pd.DataFrame(rng.normal(size=(200, 2)), columns=["IL6", "CRP"])
    >>> event = (table["IL6"] + rng.normal(size=200) > 0).astype(int)
    >>> table.loc[::4, "IL6"] = np.nan
    >>> model = PooledOverImputations(m=3).fit(table, event)
    >>> model.coef_.shape, len(model.imputers_)
    ((1, 2), 3)
    """

    def __init__(
        self,
        estimator: Any = None,
        imputer: Any = None,
        m: int = 5,
        random_state: int = 0,
    ) -> None:
        self.estimator = estimator
        self.imputer = imputer
        self.m = m
        self.random_state = random_state

    def fit(self, X: pd.DataFrame | np.ndarray, y: np.ndarray) -> Self:
        """Impute m times, fit m times, average."""
        values, y = validate_data(self, X, y, ensure_all_finite="allow-nan", dtype="float64")
        self.classes_, event = two_classes(y)
        table = X if isinstance(X, pd.DataFrame) else as_table(values)
        imputer = OutcomeFreeImputer() if self.imputer is None else self.imputer
        estimator = LogisticRegression() if self.estimator is None else self.estimator
        self.imputers_ = []
        found = []
        for k in range(self.m):
            drawing = clone(imputer).set_params(
                random_state=seed_for(self.random_state, "imputed table", k)
            )
            completed = drawing.fit_transform(table)
            if list(drawing.get_feature_names_out()) != list(table.columns):
                raise ValueError(
                    f"{type(imputer).__name__} changes the columns; the imputer of a pooled model "
                    "must return those it is given"
                )
            fitted = clone(estimator).fit(np.asarray(completed, dtype="float64"), event)
            self.imputers_.append(drawing)
            found.append(np.append(fitted.coef_[0], fitted.intercept_))
        self.coef_ = np.mean(found, axis=0)[None, :-1]
        self.intercept_ = np.mean(found, axis=0)[-1:]
        self.between_ = np.var(found, axis=0, ddof=1) if self.m > 1 else np.zeros(len(found[0]))
        return self

    def completed(self, X: pd.DataFrame | np.ndarray) -> np.ndarray:
        """Return the rows as the averaged model sees them: what the imputers expect, averaged."""
        check_is_fitted(self)
        values = validate_data(self, X, reset=False, ensure_all_finite="allow-nan", dtype="float64")
        table = X if isinstance(X, pd.DataFrame) else as_table(values)
        tables = [np.asarray(i.transform(table), dtype="float64") for i in self.imputers_]
        return np.where(np.isnan(values), np.mean(tables, axis=0), values)

    def contributions(self, X: pd.DataFrame | np.ndarray) -> np.ndarray:
        """Coefficient times completed value, the intercept in the last column.

        Returns
        -------
        ndarray of shape (n_rows, n_columns + 1)
            Rows add up to `decision_function`.
        """
        parts = self.completed(X) * self.coef_[0]
        return np.hstack([parts, np.full((len(parts), 1), self.intercept_[0])])

    def decision_function(self, X: pd.DataFrame | np.ndarray) -> np.ndarray:
        """Log-odds of the event, shape (n_rows,)."""
        return self.completed(X) @ self.coef_[0] + self.intercept_[0]

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        tags.input_tags.allow_nan = True
        return tags
