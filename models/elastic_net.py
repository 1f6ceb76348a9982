"""Elastic-net logistic regression on baseline and panel: the default at these sample sizes."""

from typing import Any

from sklearn.pipeline import Pipeline

from signature.learn.penalised_logistic import PenalisedLogistic
from signature.prepare.procedures import linear_steps, procedure
from signature.study.schema import FeatureSchema

LABEL = "Elastic-net logistic"


def build(schema: FeatureSchema, *, random_state: int) -> Pipeline:
    """Return the procedure on all features."""
    model = PenalisedLogistic(l1_ratio=0.5)
    return procedure(linear_steps(schema, random_state=random_state), model)


def space(trial: Any) -> dict[str, Any]:
    """Strength of the penalty, and how much of it is L1."""
    return {
        "model__C": trial.suggest_float("C", 1e-3, 1.0, log=True),
        "model__l1_ratio": trial.suggest_float("l1_ratio", 0.0, 1.0),
    }
