"""Two classes and log-odds: what every classifier of this package shares."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.preprocessing import LabelEncoder
from sklearn.utils.multiclass import check_classification_targets, type_of_target


def two_classes(y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the two classes, sorted, and y as 0/1 with 1 for the class that sorts last.

    Raises
    ------
    ValueError
        When there are not exactly two classes.
    """
    check_classification_targets(y)
    kind = type_of_target(y)
    if kind != "binary":
        raise ValueError(
            f"Only binary classification is supported. The type of the target is {kind}."
        )
    encoder = LabelEncoder().fit(y)
    if len(encoder.classes_) < 2:
        raise ValueError("The outcome has one class only; two are needed")
    return encoder.classes_, encoder.transform(y)


def both_columns(log_odds: np.ndarray) -> np.ndarray:
    """Probabilities of no event and event from log-odds of the event, shape (n_rows, 2)."""
    p = 1 / (1 + np.exp(-np.clip(log_odds, -700, 700)))
    return np.column_stack([1 - p, p])


def log_odds(probability: np.ndarray) -> np.ndarray:
    """Log-odds of probabilities, finite also at 0 and 1.

    Examples
    --------
    >>> log_odds(np.array([0.5])).item()
    0.0
    """
    p = np.clip(np.asarray(probability, dtype="float64"), 1e-12, 1 - 1e-12)
    return np.log(p) - np.log1p(-p)


class LogOddsClassifier(ClassifierMixin, BaseEstimator):
    """A classifier of two classes whose `decision_function` is the log-odds of the event."""

    classes_: np.ndarray

    def decision_function(self, X: Any) -> np.ndarray:
        """Log-odds of the event, shape (n_rows,)."""
        raise NotImplementedError

    def predict_proba(self, X: Any) -> np.ndarray:
        """Probability of no event and event, shape (n_rows, 2)."""
        return both_columns(self.decision_function(X))

    def predict(self, X: Any) -> np.ndarray:
        """Return the likelier class."""
        event = self.decision_function(X) > 0
        return self.classes_[event.astype(int)]
