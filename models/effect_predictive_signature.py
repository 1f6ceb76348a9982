"""A few markers selected with an error rate as telling who benefits, and one benefit without."""

from typing import Any

from sklearn.pipeline import Pipeline

from signature.effect.interaction.predictive_signature import PredictiveSignature
from signature.prepare.procedures import linear_steps, procedure
from signature.study.schema import FeatureSchema

LABEL = "Predictive signature"
PREDICTS = "benefit"
TRUSTED_TYPES = ("signature.effect.interaction.predictive_signature.PredictiveSignature",)


def build(schema: FeatureSchema, *, random_state: int) -> Pipeline:
    """Return the procedure: markers of the panel where they pass, baseline as main effects."""
    model = PredictiveSignature(panel=schema.panel, random_state=random_state)
    return procedure(linear_steps(schema, random_state=random_state), model)


def space(trial: Any) -> dict[str, Any]:
    """Nothing: level and penalty are fixed, or chosen inside fit."""
    return {}
