"""Elastic net of benefit on all features by modified covariates: the default of a trial."""

from typing import Any

from sklearn.pipeline import Pipeline

from signature.effect.learners.modified_covariate import ModifiedCovariate
from signature.prepare.procedures import linear_steps, procedure
from signature.study.schema import FeatureSchema

LABEL = "Modified covariates: elastic net"
PREDICTS = "benefit"
TRUSTED_TYPES = ("signature.effect.learners.modified_covariate.ModifiedCovariate",)


def build(schema: FeatureSchema, *, random_state: int) -> Pipeline:
    """Return the procedure on all features."""
    model = ModifiedCovariate(random_state=random_state)
    return procedure(linear_steps(schema, random_state=random_state), model)


def space(trial: Any) -> dict[str, Any]:
    """Nothing: the penalty is chosen inside fit."""
    return {}
