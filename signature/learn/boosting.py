"""Shallow gradient boosting whose fitted state is plain bytes, and a quick way to tune it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pandas as pd
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted, validate_data

from signature.learn.binary import LogOddsClassifier, two_classes
from signature.learn.shallow_shapley import DEEPEST, ShallowTrees


class ShallowBoosting(LogOddsClassifier):
    """Gradient-boosted shallow trees (XGBoost, logistic loss) with native missing values.

    A column that training rows never miss teaches the trees no direction for a missing value; such
    a value gets the training median instead of an arbitrary branch.

    Parameters
    ----------
    n_rounds : int
        Number of trees.
    max_depth : int
        Depth of a tree; 1 allows no interaction, 2 pairs.
    learning_rate, subsample, colsample, min_child_weight, reg_lambda, reg_alpha : float
        As in XGBoost (``eta``, ``subsample``, ``colsample_bytree``, …).
    max_bin : int
        Number of histogram bins per column.
    random_state : int
        Seed of the row and column sampling.

    Attributes
    ----------
    booster_ : ndarray of uint8
        The booster in XGBoost's own UBJSON form; no pickled object.
    classes_ : ndarray of shape (2,)
        The class that sorts last is the event.
    medians_ : ndarray of shape (n_columns,)
        Training median of each column without missing training values, else NaN.

    Notes
    -----
    Training and prediction use one thread, so that the bits depend on the data and the seed only.
    """

    def __init__(
        self,
        n_rounds: int = 200,
        max_depth: int = 2,
        learning_rate: float = 0.05,
        subsample: float = 0.8,
        colsample: float = 0.8,
        min_child_weight: float = 1.0,
        reg_lambda: float = 1.0,
        reg_alpha: float = 0.0,
        max_bin: int = 64,
        random_state: int = 0,
    ) -> None:
        self.n_rounds = n_rounds
        self.max_depth = max_depth
        self.learning_rate = learning_rate
        self.subsample = subsample
        self.colsample = colsample
        self.min_child_weight = min_child_weight
        self.reg_lambda = reg_lambda
        self.reg_alpha = reg_alpha
        self.max_bin = max_bin
        self.random_state = random_state

    def fit(self, X: pd.DataFrame | np.ndarray, y: np.ndarray) -> Self:
        """Grow `n_rounds` trees."""
        import xgboost

        values, y = validate_data(self, X, y, ensure_all_finite="allow-nan", dtype="float64")
        self.classes_, event = two_classes(y)
        self.medians_ = _medians_of_complete(values)
        data = xgboost.QuantileDMatrix(values, event, max_bin=self.max_bin, nthread=1)
        booster = xgboost.train(self._booster_params(event), data, num_boost_round=self.n_rounds)
        self.booster_ = np.frombuffer(bytes(booster.save_raw("ubj")), dtype=np.uint8)
        self._load()
        return self

    def _load(self) -> None:
        import xgboost

        self._booster = xgboost.Booster({"nthread": 1})
        self._booster.load_model(bytearray(self.booster_.tobytes()))
        self._trees: ShallowTrees | None = None

    def _booster_params(self, event: np.ndarray) -> dict[str, Any]:
        return {
            "objective": "binary:logistic",
            "tree_method": "hist",
            "base_score": float(np.clip(event.mean(), 1e-6, 1 - 1e-6)),
            "max_depth": self.max_depth,
            "eta": self.learning_rate,
            "subsample": self.subsample,
            "colsample_bytree": self.colsample,
            "min_child_weight": self.min_child_weight,
            "lambda": self.reg_lambda,
            "alpha": self.reg_alpha,
            "max_bin": self.max_bin,
            "seed": _seed(self.random_state),
            "nthread": 1,
        }

    def __getstate__(self) -> dict[str, Any]:
        # the live booster is rebuilt from its bytes, so that nothing opaque is saved
        live = ("_booster", "_trees")
        return {k: v for k, v in super().__getstate__().items() if k not in live}

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        if "booster_" in state:
            self._load()

    @property
    def booster(self) -> Any:
        """The fitted `xgboost.Booster`."""
        check_is_fitted(self)
        return self._booster

    def as_seen(self, X: pd.DataFrame | np.ndarray) -> np.ndarray:
        """Return the rows as the trees see them: float64, medians where none may be missing."""
        check_is_fitted(self)
        values = validate_data(self, X, reset=False, ensure_all_finite="allow-nan", dtype="float64")
        return self.filled(values)

    def filled(self, values: np.ndarray) -> np.ndarray:
        """Put training medians where training rows had no gap, shape (n_rows, n_columns)."""
        return _fill(values, self.medians_)

    def decision_function(self, X: pd.DataFrame | np.ndarray) -> np.ndarray:
        """Log-odds of the event, shape (n_rows,)."""
        return self.margin(self.as_seen(X))

    def margin(self, values: np.ndarray) -> np.ndarray:
        """Log-odds of rows that are seen already, as `as_seen` returns them, shape (n_rows,)."""
        return self._booster.inplace_predict(values, predict_type="margin").astype("float64")

    def contributions(self, X: pd.DataFrame | np.ndarray) -> np.ndarray:
        """Exact tree Shapley values in log-odds, the base value in the last column.

        Returns
        -------
        ndarray of shape (n_rows, n_columns + 1)
            Rows add up to `decision_function` (Lundberg 2020, path-dependent).
        """
        return self.shapley(self.as_seen(X))

    def shapley(self, values: np.ndarray) -> np.ndarray:
        """Contributions of rows that are seen already, as `as_seen` returns them."""
        if self._trees is None and 1 <= self.max_depth <= DEEPEST:
            self._trees = ShallowTrees.of(self._booster)
        if self._trees is not None:
            return self._trees.shapley(values)
        import xgboost

        data = xgboost.DMatrix(values, nthread=1)
        return self._booster.predict(data, pred_contribs=True).astype("float64")

    def tuning_fold(
        self, X: pd.DataFrame, y: np.ndarray, X_held_out: pd.DataFrame, y_held_out: np.ndarray
    ) -> BoostingFold:
        """Prepare one inner fold, so that many parameter sets share its binned data."""
        import xgboost

        _, event = two_classes(np.asarray(y))
        seen = np.asarray(X, dtype="float64")
        unseen = _fill(np.asarray(X_held_out, dtype="float64"), _medians_of_complete(seen))
        y_unseen = np.asarray(y_held_out)
        train = xgboost.QuantileDMatrix(seen, event, max_bin=self.max_bin, nthread=1)
        held_out = xgboost.QuantileDMatrix(
            unseen, y_unseen, max_bin=self.max_bin, ref=train, nthread=1
        )
        return BoostingFold(train, held_out, event)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        tags.input_tags.allow_nan = True
        return tags


@dataclass
class BoostingFold:
    """One inner fold with its binned data, for tuning `ShallowBoosting`."""

    train: Any
    held_out: Any
    event: np.ndarray
    max_rounds: int = 600
    patience: int = 20
    look_every: int = 5

    def loss(self, model: ShallowBoosting) -> tuple[float, dict[str, float]]:
        """Grow trees until the held-out log-loss has not improved for `patience` rounds.

        Returns
        -------
        loss : float
            Best held-out log-loss.
        learned : dict
            ``n_rounds`` at which it was reached.
        """
        import xgboost

        booster = xgboost.Booster(
            {**model._booster_params(self.event), "eval_metric": "logloss"},
            [self.train, self.held_out],
        )
        best, best_rounds = np.inf, 0
        for rounds in range(1, self.max_rounds + 1):
            booster.update(self.train, rounds - 1)
            if rounds % self.look_every:
                continue
            # "[i]\theld_out-logloss:0.5": it reuses the cached margins, which predict would not
            text = booster.eval_set([(self.held_out, "held_out")], rounds)
            loss = float(text.rsplit(":", 1)[1])
            if loss < best - 1e-7:
                best, best_rounds = loss, rounds
            elif rounds - best_rounds >= self.patience:
                break
        return best, {"n_rounds": float(best_rounds)}


def shallow_space(trial: Any) -> dict[str, Any]:
    """Draw one set of parameters from an Optuna trial, for a pipeline step named ``model``."""
    return {
        "model__max_depth": trial.suggest_int("max_depth", 1, 3),
        "model__learning_rate": trial.suggest_float("learning_rate", 0.02, 0.2, log=True),
        "model__subsample": trial.suggest_float("subsample", 0.5, 1.0),
        "model__colsample": trial.suggest_float("colsample", 0.3, 1.0),
        "model__min_child_weight": trial.suggest_float("min_child_weight", 0.5, 20.0, log=True),
        "model__reg_lambda": trial.suggest_float("reg_lambda", 0.1, 100.0, log=True),
    }


def _medians_of_complete(values: np.ndarray) -> np.ndarray:
    """Median of each column that has no missing value, NaN for the others."""
    return np.median(values, axis=0)


def _fill(values: np.ndarray, medians: np.ndarray) -> np.ndarray:
    return np.where(np.isnan(values), medians, values)


def _seed(random_state: Any) -> int:
    if random_state is None:
        return 0
    if isinstance(random_state, np.random.RandomState):
        return int(random_state.randint(2**31 - 1))
    return int(random_state) % (2**31 - 1)
