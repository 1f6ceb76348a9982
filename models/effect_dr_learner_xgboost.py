"""Shallow trees of benefit on all features by doubly robust scores."""

from typing import Any

from sklearn.pipeline import Pipeline

from signature.effect.learners.dr_learner import DRLearner
from signature.prepare.procedures import linear_steps, procedure
from signature.study.schema import FeatureSchema

LABEL = "DR-learner: shallow XGBoost"
PREDICTS = "benefit"
TRUSTED_TYPES = ("signature.effect.learners.dr_learner.DRLearner",)


def build(schema: FeatureSchema, *, random_state: int) -> Pipeline:
    """Return the procedure on all features."""
    model = DRLearner(stage="trees", random_state=random_state)
    return procedure(linear_steps(schema, random_state=random_state), model)


def space(trial: Any) -> dict[str, Any]:
    """Nothing: the number of trees is chosen inside fit."""
    return {}
