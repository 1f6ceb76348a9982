"""Ridge logistic regression on the baseline features: what the panel must add to."""

from typing import Any

from sklearn.pipeline import Pipeline

from signature.learn.penalised_logistic import PenalisedLogistic
from signature.prepare.procedures import linear_steps, procedure
from signature.study.schema import FeatureSchema

LABEL = "Clinical only"


def build(schema: FeatureSchema, *, random_state: int) -> Pipeline:
    """Return the procedure on the baseline features alone."""
    steps = linear_steps(schema, schema.baseline, random_state=random_state)
    return procedure(steps, PenalisedLogistic(l1_ratio=0.0))


def space(trial: Any) -> dict[str, Any]:
    """Strength of the ridge penalty."""
    return {"model__C": trial.suggest_float("C", 1e-4, 10.0, log=True)}
