"""Ridge logistic regression on some of the columns: what models of a few markers share."""

from __future__ import annotations

import numpy as np
import pandas as pd
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted, validate_data

from signature.learn.binary import LogOddsClassifier
from signature.learn.penalised_logistic import PenalisedLogistic


class SparseLogistic(LogOddsClassifier):
    """A linear classifier whose weights are zero for all but the columns that its `fit` chose."""

    coef_: np.ndarray
    intercept_: np.ndarray

    def _fit_columns(
        self, values: np.ndarray, event: np.ndarray, used: np.ndarray, strength: float
    ) -> None:
        """Weigh the columns at `used`; without any the answer is the event rate."""
        self.coef_ = np.zeros((1, values.shape[1]))
        if len(used):
            weights, base = PenalisedLogistic(C=strength).weights(values[:, used], event)
            self.coef_[0, used], self.intercept_ = weights, np.array([base])
        else:
            self.intercept_ = np.array([np.log(event.mean() / (1 - event.mean()))])

    def decision_function(self, X: pd.DataFrame | np.ndarray) -> np.ndarray:
        """Log-odds of the event, shape (n_rows,)."""
        check_is_fitted(self)
        values = validate_data(self, X, reset=False)
        return values @ self.coef_[0] + self.intercept_[0]

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        # one column, or none, cannot tell what scikit-learn's checks ask of a classifier
        tags.classifier_tags.poor_score = True
        return tags
