"""The one marker of the panel that ranks best in the training rows, alone."""

from typing import Any

from sklearn.pipeline import Pipeline

from signature.learn.single_marker import BestSingleMarker
from signature.prepare.procedures import linear_steps, procedure
from signature.study.schema import FeatureSchema

LABEL = "Best single marker"


def build(schema: FeatureSchema, *, random_state: int) -> Pipeline:
    """Return the procedure on the panel alone; the choice of the marker is part of the fit."""
    steps = linear_steps(schema, schema.panel, random_state=random_state)
    return procedure(steps, BestSingleMarker(among=schema.panel))


def space(trial: Any) -> dict[str, Any]:
    """Nothing to tune."""
    return {}
