"""Shallow boosted trees on the baseline features: so that curves alone earn the panel no credit.

Without it a tree model on baseline and panel could beat a linear model of the baseline by bending
the baseline's own effects.
"""

from typing import Any

from sklearn.pipeline import Pipeline

from signature.learn.boosting import ShallowBoosting, shallow_space
from signature.prepare.procedures import procedure, value_steps
from signature.study.schema import FeatureSchema

LABEL = "Clinical only, shallow XGBoost"


def build(schema: FeatureSchema, *, random_state: int) -> Pipeline:
    """Return the procedure on the baseline features; early stopping finds the number of trees."""
    baseline = schema.only(schema.baseline)
    return procedure(value_steps(baseline), ShallowBoosting(random_state=random_state))


def space(trial: Any) -> dict[str, Any]:
    """Shape of the trees and how strongly they are held back."""
    return shallow_space(trial)
