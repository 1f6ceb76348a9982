"""Shallow gradient-boosted trees with native missing values: the challenger."""

from typing import Any

from sklearn.pipeline import Pipeline

from signature.boosting import ShallowBoosting
from signature.procedures import procedure, value_steps
from signature.schema import FeatureSchema

LABEL = "Shallow XGBoost"


def build(schema: FeatureSchema, *, random_state: int) -> Pipeline:
    """Return the procedure on all features; the number of trees is found by early stopping."""
    return procedure(value_steps(schema), ShallowBoosting(random_state=random_state))


def space(trial: Any) -> dict[str, Any]:
    """Shape of the trees and how strongly they are held back."""
    return {
        "model__max_depth": trial.suggest_int("max_depth", 1, 3),
        "model__learning_rate": trial.suggest_float("learning_rate", 0.02, 0.2, log=True),
        "model__subsample": trial.suggest_float("subsample", 0.5, 1.0),
        "model__colsample": trial.suggest_float("colsample", 0.3, 1.0),
        "model__min_child_weight": trial.suggest_float("min_child_weight", 0.5, 20.0, log=True),
        "model__reg_lambda": trial.suggest_float("reg_lambda", 0.1, 100.0, log=True),
    }
