"""Shallow gradient-boosted trees with native missing values: the challenger."""

from typing import Any

from sklearn.pipeline import Pipeline

from signature.learn.boosting import ShallowBoosting, shallow_space
from signature.prepare.procedures import procedure, value_steps
from signature.study.schema import FeatureSchema

LABEL = "Shallow XGBoost"


def build(schema: FeatureSchema, *, random_state: int) -> Pipeline:
    """Return the procedure on all features; the number of trees is found by early stopping."""
    return procedure(value_steps(schema), ShallowBoosting(random_state=random_state))


def space(trial: Any) -> dict[str, Any]:
    """Shape of the trees and how strongly they are held back."""
    return shallow_space(trial)
