"""What is said of a model where models are kept: what it answers, its columns, an example."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from signature.records.results import Evaluation
from signature.study.schema import BATCH, CARRIERS, Column, FeatureSchema, Scale

if TYPE_CHECKING:
    import pandas as pd

    from signature.serve.persistence import ModelCard

_COLUMN = ("name", "label", "role", "unit", "scale", "low", "high", "required", "source")


@dataclass(frozen=True)
class RegisteredModel:
    """A version in the model registry.

    Parameters
    ----------
    name : str
        The experiment's name.
    version : str
        Number of the version.
    aliases : tuple of str
        ``challenger``, and ``champion`` where the gate was passed.
    uri : str
        What to give to ``mlflow models serve -m``.
    """

    name: str
    version: str
    aliases: tuple[str, ...]
    uri: str


def describe(card: ModelCard) -> dict[str, Any]:
    """Return what a partner must know of a model, for the metadata of the MLflow model."""
    return {
        "question": card.question,
        "caution": card.caution,
        "probability_of": card.event,
        "outcome": card.outcome,
        "candidate": card.candidate,
        "fingerprint": card.fingerprint,
        "digest": card.digest,
        "columns": [{k: _plain(row[k]) for k in _COLUMN} for row in card.schema_.to_list()],
    }


def version_tags(card: ModelCard, evaluation: Evaluation) -> dict[str, str]:
    """Return what tells one version of a registered model from another."""
    return {
        "candidate": card.candidate,
        "fingerprint": card.fingerprint,
        "digest": card.digest,
        "gate": "passed" if evaluation.gate_passed else "not passed",
        "adds_to_reference": evaluation.verdict.adds,
        "claim": evaluation.claim.rung,
    }


def input_example(schema: FeatureSchema, typical: Mapping[str, float]) -> pd.DataFrame:
    """Return one row of typical values that belongs to nobody.

    A feature without a typical value gets the middle of its plausible range, or null; the batch is
    one that the model knows; detection limits are left out, as for a row above all of them.
    """
    import pandas as pd

    features = [c for c in schema.columns if c.role not in CARRIERS]
    row = {c.name: _typical(c, typical.get(c.name)) for c in features}
    if BATCH in schema:
        row[BATCH] = next((float(i) for i, name in enumerate(schema[BATCH].levels) if name), None)
    return pd.DataFrame([row], dtype="float64")


def _typical(column: Column, value: float | None) -> float | None:
    if value is None and column.low is not None and column.high is not None:
        value = (column.low + column.high) / 2
    if value is not None and column.scale is Scale.YES_NO:
        return float(value > 0.5)
    return value


def _plain(value: Any) -> Any:
    # YAML would write an enumeration as a Python object
    return str(value) if isinstance(value, str) else value
