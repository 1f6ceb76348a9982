"""Ridge logistic regression on the confounders that the experiment names, whatever they are."""

from typing import Any

from sklearn.pipeline import Pipeline

from signature.exceptions import ModelInputError
from signature.learn.penalised_logistic import PenalisedLogistic
from signature.prepare.procedures import linear_steps, procedure
from signature.study.schema import FeatureSchema

LABEL = "Confounders only"


def build(schema: FeatureSchema, *, random_state: int) -> Pipeline:
    """Return the procedure on the confounders alone.

    Raises
    ------
    ModelInputError
        When the experiment names none.
    """
    if not schema.confounders:
        raise ModelInputError(
            "candidate 'confounders_only' needs confounders = [...] in [features] of the experiment"
        )
    steps = linear_steps(schema, schema.confounders, random_state=random_state)
    return procedure(steps, PenalisedLogistic(l1_ratio=0.0))


def space(trial: Any) -> dict[str, Any]:
    """Strength of the ridge penalty."""
    return {"model__C": trial.suggest_float("C", 1e-4, 10.0, log=True)}
