"""The average of ridge, elastic net and lasso on baseline and panel: one linear equation."""

from typing import Any

from sklearn.pipeline import Pipeline

from signature.learn.linear_average import LinearAverage
from signature.prepare.procedures import linear_steps, procedure
from signature.study.schema import FeatureSchema

LABEL = "Linear average"


def build(schema: FeatureSchema, *, random_state: int) -> Pipeline:
    """Return the procedure on all features."""
    steps = linear_steps(schema, random_state=random_state)
    return procedure(steps, LinearAverage(random_state=random_state))


def space(trial: Any) -> dict[str, Any]:
    """Nothing: strengths of the penalties are chosen inside fit."""
    return {}
