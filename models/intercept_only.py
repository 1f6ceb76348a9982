"""Everybody gets the training rows' event rate: what any model must beat."""

from typing import Any

from sklearn.dummy import DummyClassifier
from sklearn.pipeline import Pipeline

from signature.prepare.procedures import procedure, value_steps
from signature.study.schema import FeatureSchema

LABEL = "Intercept only"


def build(schema: FeatureSchema, *, random_state: int) -> Pipeline:
    """Return the event rate as a model."""
    first = schema.only(schema.features[:1])
    return procedure(value_steps(first), DummyClassifier(strategy="prior"))


def space(trial: Any) -> dict[str, Any]:
    """Nothing to tune."""
    return {}
