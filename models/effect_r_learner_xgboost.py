"""Shallow trees of benefit on all features by what is unexpected of outcome and arm."""

from typing import Any

from sklearn.pipeline import Pipeline

from signature.effect.learners.r_learner import RLearner
from signature.prepare.procedures import linear_steps, procedure
from signature.study.schema import FeatureSchema

LABEL = "R-learner: shallow XGBoost"
PREDICTS = "benefit"
TRUSTED_TYPES = ("signature.effect.learners.r_learner.RLearner",)


def build(schema: FeatureSchema, *, random_state: int) -> Pipeline:
    """Return the procedure on all features."""
    model = RLearner(stage="trees", random_state=random_state)
    return procedure(linear_steps(schema, random_state=random_state), model)


def space(trial: Any) -> dict[str, Any]:
    """Nothing: the number of trees is chosen inside fit."""
    return {}
