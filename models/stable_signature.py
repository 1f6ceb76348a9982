"""A few markers selected with an error rate, weighted beside the baseline features."""

from typing import Any

from sklearn.pipeline import Pipeline

from signature.prepare.procedures import linear_steps, procedure
from signature.select.stability_selection import StabilitySelection
from signature.select.stable_signature import StableSignature
from signature.study.schema import FeatureSchema

LABEL = "Stable signature"


def build(schema: FeatureSchema, *, random_state: int) -> Pipeline:
    """Return the procedure: baseline features always, markers of the panel where they pass."""
    selector = StabilitySelection(
        panel=schema.panel, max_markers=10, too_few="nothing", random_state=random_state
    )
    return procedure(
        linear_steps(schema, random_state=random_state), StableSignature(selector=selector)
    )


def space(trial: Any) -> dict[str, Any]:
    """Whether markers compete beside each other or one by one."""
    learner = trial.suggest_categorical("learner", ["elastic_net", "marginal"])
    return {"model__selector__learner": learner}
