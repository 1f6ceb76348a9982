"""Benefit by a causal forest of the econml package, which is an optional extra."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from sklearn.utils.validation import check_is_fitted, validate_data

from signature.effect.learners.effect_learner import EffectLearner, ToLearn
from signature.effect.learners.r_learner import unexpected
from signature.exceptions import MissingExtraError


class CausalForest(EffectLearner):
    """Average benefit among similar people (Athey, Tibshirani and Wager 2019).

    The forest of ``econml.grf``, honest, is given what is unexpected of the outcome, as the
    R-learner, and treatment less its probability by design; econml estimates no probability.

    Parameters
    ----------
    n_trees : int
        A multiple of 4.
    least_in_leaf : int
        People in each leaf, of those who decide its benefit.
    folds : int
        In which people are held out, for the expected outcome.
    random_state : int

    Attributes
    ----------
    forest_ : econml.grf.CausalForest

    Raises
    ------
    MissingExtraError
        In `fit`, where econml is not installed.
    OutcomeError, AllocationError, PredictionsError, ValueError
        In `fit`, as `EffectLearner.fit`.

    Notes
    -----
    A fitted forest holds types of econml and cannot be saved as other models are.
    """

    def __init__(
        self,
        n_trees: int = 1000,
        least_in_leaf: int = 5,
        folds: int = 5,
        random_state: int = 0,
    ) -> None:
        self.n_trees = n_trees
        self.least_in_leaf = least_in_leaf
        self.folds = folds
        self.random_state = random_state

    def _learn(self, told: ToLearn) -> None:
        regression = unexpected(told)
        forest = _econml_forest()(
            n_estimators=self.n_trees,
            min_samples_leaf=self.least_in_leaf,
            n_jobs=1,
            random_state=self.random_state,
        )
        self.forest_ = forest.fit(
            told.X,
            regression.contrast[:, None],
            regression.response,
            sample_weight=regression.weight,
        )

    def predict(self, X: pd.DataFrame | np.ndarray) -> np.ndarray:
        """Benefit in units of the outcome (of 0/1, risk difference), shape (n_rows,)."""
        check_is_fitted(self)
        values = validate_data(self, X, reset=False, dtype="float64")
        return np.asarray(self.forest_.predict(values), dtype="float64").reshape(len(values))


def _econml_forest() -> Any:
    try:
        from econml.grf import CausalForest as Forest
    except ModuleNotFoundError as error:
        if error.name is None or error.name.split(".")[0] != "econml":
            raise
        raise MissingExtraError(
            "a causal forest needs econml, which is not installed; say "
            "pip install 'immune-signature[causal]'"
        ) from None
    return Forest
