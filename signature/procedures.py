"""The steps that candidates share, from raw schema columns to numbers a linear model can use."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from signature.censoring import LimitSubstitution
from signature.columns import TakeColumns
from signature.scaling import Log2Columns
from signature.schema import LOG2_UNITS, FeatureSchema, Scale


def linear_steps(
    schema: FeatureSchema, features: Iterable[str] | None = None
) -> list[tuple[str, Any]]:
    """Return the steps of a linear model: limits, log2, median of training rows, standardised.

    Parameters
    ----------
    schema : FeatureSchema
        The experiment's columns.
    features : iterable of str, optional
        The features to use; all when left out.
    """
    used = schema if features is None else schema.only(features)
    impute = SimpleImputer(strategy="median", keep_empty_features=True)
    return [
        *value_steps(used),
        ("log2", Log2Columns(used.on_scale(Scale.LOG2))),
        ("impute", impute.set_output(transform="pandas")),
        ("standardise", StandardScaler().set_output(transform="pandas")),
    ]


def value_steps(schema: FeatureSchema) -> list[tuple[str, Any]]:
    """Return the steps of a model that takes missing values and any scale."""
    logarithmic = tuple(c.name for c in schema.columns if c.unit in LOG2_UNITS)
    return [
        ("columns", TakeColumns(schema.names)),
        ("limits", LimitSubstitution(logarithmic)),
    ]


def procedure(steps: list[tuple[str, Any]], model: Any) -> Pipeline:
    """Put a model at the end of the steps, under the name ``model``."""
    return Pipeline([*steps, ("model", model)])
