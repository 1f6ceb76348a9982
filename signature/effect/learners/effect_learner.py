"""What learners of benefit share: a trial's arms in, a predicted benefit out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Self, get_args

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted, validate_data

from signature.effect.learners.contrast_regression import ContrastRegression, linear_benefit
from signature.effect.learners.grown_trees import predict_trees
from signature.effect.learners.tree_benefit import NO_TREES, tree_benefit
from signature.effect.trial.trial_people import TrialPeople, trial_people

Stage = Literal["elastic_net", "trees"]


@dataclass(frozen=True, eq=False)
class ToLearn:
    """Columns of the rows to learn from, and what is told of these rows."""

    X: np.ndarray
    people: TrialPeople
    fold: np.ndarray


class EffectLearner(BaseEstimator):
    """Learn benefit of treatment over control from a randomised trial.

    Outcomes are higher-is-better, so a positive benefit means that treatment does better; turn an
    outcome of which less is better before. Allocation probabilities are those of the design.

    Attributes
    ----------
    coef_ : ndarray of shape (n_columns,)
        Benefit per unit of each column; zeros where trees tell it.
    intercept_ : float
        Benefit where all columns are 0; where trees tell it, the average.
    trees_ : ndarray of uint8
        Trees that are added to it, in XGBoost's UBJSON form; empty without any.
    """

    folds: int
    l1_ratio: float
    random_state: int

    def fit(
        self,
        X: pd.DataFrame | np.ndarray,
        y: np.ndarray,
        *,
        treated: np.ndarray,
        share: np.ndarray | float,
        weight: np.ndarray | None = None,
        person: np.ndarray | None = None,
    ) -> Self:
        """Learn who benefits.

        Parameters
        ----------
        X : DataFrame or ndarray of shape (n_rows, n_columns)
            Standardised where columns are to be penalised alike; no gaps.
        y : ndarray of shape (n_rows,)
            Continuous or 0/1; higher is better.
        treated : ndarray of shape (n_rows,)
            1 in the treated arm, 0 in control.
        share : ndarray of shape (n_rows,) or float
            Probability of the treated arm by design.
        weight : ndarray of shape (n_rows,), optional
            Of the row, as for sampling or for missing outcomes.
        person : ndarray of shape (n_rows,), optional
            Whose row it is; all rows of a person are held out together.

        Raises
        ------
        OutcomeError, AllocationError, PredictionsError
            As `signature.effect.trial.trial_people.trial_people`.
        ValueError
            When X does not fit, or a parameter is out of range.
        """
        if self.folds < 2:
            raise ValueError(f"folds must be 2 or more, got {self.folds}")
        values = validate_data(self, X, dtype="float64")
        people = trial_people(y, treated, share, weight, person)
        if len(values) != len(people.kept):
            raise ValueError(f"{len(values)} rows of X for {len(people.kept)} outcomes")
        told = ToLearn(values[people.kept], people, people.folds(self.folds, self.random_state))
        self._learn(told)
        return self

    def predict(self, X: pd.DataFrame | np.ndarray) -> np.ndarray:
        """Benefit in units of the outcome (of 0/1, risk difference), shape (n_rows,)."""
        check_is_fitted(self)
        values = validate_data(self, X, reset=False, dtype="float64")
        benefit = values @ self.coef_ + self.intercept_
        return benefit + predict_trees(self.trees_, values) if len(self.trees_) else benefit

    def _regression(self, told: ToLearn) -> ContrastRegression:
        """Say what benefit is learned from."""
        raise NotImplementedError

    def _learn(self, told: ToLearn) -> None:
        regression, stage = self._regression(told), getattr(self, "stage", "elastic_net")
        if stage not in get_args(Stage):
            raise ValueError(f"stage must be one of {get_args(Stage)}, got {stage!r}")
        if stage == "elastic_net":
            linear = linear_benefit(told.X, regression, l1_ratio=self.l1_ratio)
            self._conclude(linear.coef, linear.intercept)
        else:
            grown = tree_benefit(told.X, regression)
            self._conclude(np.zeros(told.X.shape[1]), grown.average, grown.trees)

    def _conclude(self, coef: np.ndarray, intercept: float, trees: np.ndarray = NO_TREES) -> None:
        self.coef_, self.intercept_, self.trees_ = coef, intercept, trees

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        return tags
