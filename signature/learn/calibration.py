"""From a ranking to a probability: sigmoid calibration on inner out-of-fold predictions."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
import pandas as pd
from scipy.optimize import minimize
from sklearn.base import clone
from sklearn.pipeline import Pipeline
from sklearn.utils import Tags, _safe_indexing, get_tags
from sklearn.utils.validation import (
    check_is_fitted,
    column_or_1d,
    has_fit_parameter,
    validate_data,
)

from signature.learn.binary import LogOddsClassifier, both_columns, log_odds, two_classes
from signature.study.splits import person_folds
from signature.study.whose import Whose


def fit_sigmoid(scores: np.ndarray, event: np.ndarray) -> tuple[float, float]:
    """Slope and intercept of the log-odds of the event on a score (Platt 1999).

    Parameters
    ----------
    scores : ndarray of shape (n_rows,)
        Out-of-fold log-odds.
    event : ndarray of shape (n_rows,)
        1 event, 0 none.

    Returns
    -------
    slope, intercept : float
        The slope is never negative: a score that ranks the wrong way round on inner folds is
        noise, and the honest probability is then the same for everybody.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> truth = rng.normal(size=20_000)
    >>> event = rng.random(20_000) < 1 / (1 + np.exp(-truth))
    >>> slope, intercept = fit_sigmoid(3 * truth + 1, event)
    >>> round(slope, 2), round(intercept, 2)
    (0.33, -0.34)
    """
    event = np.asarray(event, dtype=bool)
    n1, n0 = int(event.sum()), int((~event).sum())
    target = np.where(event, (n1 + 1) / (n1 + 2), 1 / (n0 + 2))
    center, spread = float(np.mean(scores)), float(np.std(scores))
    prevalence = float(log_odds(np.array([target.mean()]))[0])
    if spread < 1e-9:
        return 1.0, prevalence - center
    z = (np.asarray(scores) - center) / spread

    def loss(w: np.ndarray) -> tuple[float, np.ndarray]:
        eta = w[0] * z + w[1]
        rest = both_columns(eta)[:, 1] - target
        return (
            float(np.mean(np.logaddexp(0, eta) - target * eta)),
            np.array([np.mean(rest * z), np.mean(rest)]),
        )

    found = minimize(
        loss,
        np.array([spread, prevalence]),
        jac=True,
        method="L-BFGS-B",
        bounds=[(0, None), (None, None)],
        options={"ftol": 1e-14, "gtol": 1e-10},
    )
    slope = float(found.x[0]) / spread
    return slope, float(found.x[1]) - slope * center


def calibrated_loss(scores: np.ndarray, event: np.ndarray) -> float:
    """Log-loss of out-of-fold log-odds after the sigmoid that is fitted to them.

    Parameters
    ----------
    scores : ndarray of shape (n_rows,)
    event : ndarray of shape (n_rows,)
        1 event, 0 none.

    Examples
    --------
    A score that is right, but ten times too sure:

    >>> rng = np.random.default_rng(0)
    >>> truth = rng.normal(size=500)
    >>> event = rng.random(500) < 1 / (1 + np.exp(-truth))
    >>> bool(np.isclose(calibrated_loss(10 * truth, event), calibrated_loss(truth, event)))
    True
    """
    slope, intercept = fit_sigmoid(scores, event)
    eta = slope * np.asarray(scores) + intercept
    return float(np.mean(np.logaddexp(0, eta) - np.asarray(event) * eta))


def decision(model: Any, X: pd.DataFrame | np.ndarray) -> np.ndarray:
    """Log-odds of the event from a fitted classifier, shape (n_rows,)."""
    if hasattr(model, "decision_function"):
        return np.asarray(model.decision_function(X))
    return log_odds(model.predict_proba(X)[:, 1])


def fit_with_people(model: Any, X: Any, y: np.ndarray, whose: Whose | None) -> Any:
    """Fit a pipeline, or its tail, and tell its last step whose rows they are if it asks for that.

    A last step asks by parameters ``groups`` and ``sites`` of its `fit`.
    """
    told = {}
    if whose is not None and isinstance(model, Pipeline):
        name, last = model.steps[-1]
        for asked, known in (("groups", whose.person), ("sites", whose.site)):
            if known is not None and has_fit_parameter(last, asked):
                told[f"{name}__{asked}"] = known
    return model.fit(X, y, **told)


class CalibratedProcedure(LogOddsClassifier):
    """A procedure and the sigmoid that turns its scores into probabilities.

    Parameters
    ----------
    estimator : classifier
        Usually a Pipeline from raw schema columns to a score.
    folds : int
        Number of inner folds for the out-of-fold scores, stratified, a group kept together.
    random_state : int
        Seed of the inner folds.

    Attributes
    ----------
    estimator_ : classifier
        Fitted on all rows given to `fit`.
    slope_, intercept_ : float
        Log-odds = slope × score + intercept.
    """

    def __init__(self, estimator: Any = None, folds: int = 5, random_state: int = 0) -> None:
        self.estimator = estimator
        self.folds = folds
        self.random_state = random_state

    def fit(
        self,
        X: pd.DataFrame | np.ndarray,
        y: np.ndarray,
        groups: np.ndarray | None = None,
        sites: np.ndarray | None = None,
        out_of_fold: np.ndarray | None = None,
    ) -> Self:
        """Fit the estimator on all rows and the sigmoid on out-of-fold scores.

        Parameters
        ----------
        X, y : rows and outcomes
        groups : array of shape (n_rows,), optional
            Rows of a group stay in one inner fold.
        sites : array of shape (n_rows,), optional
            Told to an estimator that asks for them.
        out_of_fold : array of shape (n_rows,), optional
            Out-of-fold log-odds, when tuning has computed them already.
        """
        if isinstance(X, pd.DataFrame):
            validate_data(self, X, skip_check_array=True)
            y = column_or_1d(y, warn=True)
        else:
            X, y = validate_data(self, X, y, ensure_all_finite="allow-nan")
        self.classes_, event = two_classes(y)
        whose = Whose(np.arange(len(y)) if groups is None else groups, sites)
        if out_of_fold is None:
            out_of_fold = self._out_of_fold(X, y, event, whose)
        self.slope_, self.intercept_ = fit_sigmoid(out_of_fold, event)
        self.estimator_ = fit_with_people(
            clone(self.estimator), X, y, None if groups is None and sites is None else whose
        )
        return self

    def _out_of_fold(self, X: Any, y: np.ndarray, event: np.ndarray, whose: Whose) -> np.ndarray:
        scores = np.empty(len(y))
        for train, held_out in person_folds(event, whose.person, self.folds, self.random_state):
            fitted = fit_with_people(
                clone(self.estimator), _safe_indexing(X, train), y[train], whose.at(train)
            )
            scores[held_out] = decision(fitted, _safe_indexing(X, held_out))
        return scores

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        if self.estimator is not None:
            tags.input_tags.allow_nan = get_tags(self.estimator).input_tags.allow_nan
        return tags

    def decision_function(self, X: pd.DataFrame | np.ndarray) -> np.ndarray:
        """Calibrated log-odds of the event, shape (n_rows,)."""
        check_is_fitted(self)
        if not isinstance(X, pd.DataFrame):
            X = validate_data(self, X, reset=False, ensure_all_finite="allow-nan")
        return self.slope_ * decision(self.estimator_, X) + self.intercept_
