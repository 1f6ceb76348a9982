"""The steps that candidates share, from raw schema columns to numbers a model can use."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from signature.prepare.censored_normal import CensoredNormal
from signature.prepare.censoring import LimitSubstitution
from signature.prepare.columns import TakeColumns
from signature.prepare.conditional_imputation import ConditionalImputation
from signature.prepare.confounders import Residualise
from signature.prepare.harmonisation import ComBat
from signature.prepare.imputation import OutcomeFreeImputer
from signature.prepare.reference_shift import ReferenceShift
from signature.prepare.scaling import AsinhColumns, Log2Columns
from signature.study.schema import BATCH, BELOW, LOG2_UNITS, FeatureSchema, Role, Scale


def linear_steps(
    schema: FeatureSchema, features: Iterable[str] | None = None, *, random_state: int
) -> list[tuple[str, Any]]:
    """Return the steps of a linear model.

    Columns, limits, log2, batches, gaps, confounders, standardised: as `FeatureSchema.handling`
    says, everything learned from training rows.

    Parameters
    ----------
    schema : FeatureSchema
        The experiment's columns.
    features : iterable of str, optional
        The features to use; all when left out.
    random_state : int
        Seed of what is drawn in training: values below a limit, and gaps, where they are imputed.
    """
    used = schema if features is None else schema.only(features)
    return [
        ("columns", TakeColumns(_taken(used))),
        ("limits", _limits(used, random_state)),
        *_scales(used),
        *_harmonising(used),
        ("impute", _gaps(used, random_state)),
        *_residualising(used),
        ("standardise", StandardScaler().set_output(transform="pandas")),
    ]


def value_steps(schema: FeatureSchema) -> list[tuple[str, Any]]:
    """Return the steps of a model that takes missing values and any scale.

    A censored value takes the marker's substitute whatever the experiment chose for linear models:
    a model that sees an order needs no more, and the others would only add noise.
    """
    steps = [
        ("columns", TakeColumns(_taken(schema))),
        ("limits", _substitution(schema)),
    ]
    if harmonising := _harmonising(schema):
        # shifts are shifts on the log scale
        steps += [*_scales(schema), *harmonising]
    return steps


def procedure(steps: list[tuple[str, Any]], model: Any) -> Pipeline:
    """Put a model at the end of the steps, under the name ``model``."""
    return Pipeline([*steps, ("model", model)])


def _taken(schema: FeatureSchema) -> tuple[str, ...]:
    """Names of the columns to take: the batch only where it is needed."""
    if _harmonised(schema):
        return schema.names
    return tuple(c.name for c in schema.columns if c.role is not Role.PLATE)


def _logarithmic(schema: FeatureSchema) -> tuple[str, ...]:
    return tuple(c.name for c in schema.columns if c.unit in LOG2_UNITS and c.role is Role.MARKER)


def _substitution(schema: FeatureSchema) -> LimitSubstitution:
    return LimitSubstitution(_logarithmic(schema), detected_above=schema.handling.detected_above)


def _limits(schema: FeatureSchema, random_state: int) -> Any:
    told = schema.handling
    if told.limits == "normal":
        return CensoredNormal(_logarithmic(schema), detected_above=told.detected_above)
    if told.limits == "conditional":
        return ConditionalImputation(
            _logarithmic(schema),
            markers=_never_limited(schema),
            detected_above=told.detected_above,
            fill_missing=False,  # gaps are another choice, and another step
            random_state=random_state,
        )
    return _substitution(schema)


def _scales(schema: FeatureSchema) -> list[tuple[str, Any]]:
    steps: list[tuple[str, Any]] = [("log2", Log2Columns(schema.on_scale(Scale.LOG2)))]
    curved = {c.name: c.cofactor for c in schema.columns if c.cofactor is not None}
    if curved:
        steps.append(("asinh", AsinhColumns(curved)))
    return steps


def _never_limited(schema: FeatureSchema) -> tuple[str, ...]:
    """Markers without a limit that are logarithms, or will be: they tell of those below theirs."""
    return tuple(
        c.name
        for c in schema.columns
        if c.role is Role.MARKER
        and c.name + BELOW not in schema
        and (c.scale is Scale.LOG2 or c.unit in LOG2_UNITS)
    )


def _harmonised(schema: FeatureSchema) -> tuple[str, ...]:
    return tuple(n for n in schema.handling.harmonised if n in schema)


def _harmonising(schema: FeatureSchema) -> list[tuple[str, Any]]:
    told, columns = schema.handling, _harmonised(schema)
    if told.harmonise == "none" or not columns:
        return []
    if told.harmonise == "reference_shift":
        step: Any = ReferenceShift(BATCH, shifts=told.shifts, unseen=told.unseen)
    else:
        step = ComBat(
            BATCH,
            columns=columns,
            parametric=told.harmonise == "combat",
            reference=told.reference,
            unseen=told.unseen,
        )
    return [("harmonise", step)]


def _gaps(schema: FeatureSchema, random_state: int) -> Any:
    if schema.handling.missing == "regression":
        return OutcomeFreeImputer(random_state=random_state)
    impute = SimpleImputer(strategy="median", keep_empty_features=True)
    return impute.set_output(transform="pandas")


def _residualising(schema: FeatureSchema) -> list[tuple[str, Any]]:
    confounders = tuple(n for n in schema.handling.residualise if n in schema)
    columns = tuple(n for n in schema.panel if n not in confounders)
    if not confounders or not columns:
        return []
    return [("residualise", Residualise(confounders, columns=columns))]
