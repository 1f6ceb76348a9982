"""Causal forest of benefit on all features; needs the extra ``causal``."""

from typing import Any

from sklearn.pipeline import Pipeline

from signature.effect.learners.causal_forest import CausalForest
from signature.prepare.procedures import linear_steps, procedure
from signature.study.schema import FeatureSchema

LABEL = "Causal forest"
PREDICTS = "benefit"


def build(schema: FeatureSchema, *, random_state: int) -> Pipeline:
    """Return the procedure on all features."""
    model = CausalForest(random_state=random_state)
    return procedure(linear_steps(schema, random_state=random_state), model)


def space(trial: Any) -> dict[str, Any]:
    """Nothing: a forest hardly depends on its parameters."""
    return {}
