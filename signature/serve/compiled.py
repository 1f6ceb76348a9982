"""A fitted procedure as a function of numbers: no table is built between its steps.

Every step says what it is as a function of a matrix (`signature.prepare.columns.TableTransformer`);
here they are put in a row, with their columns looked up once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.impute import SimpleImputer
from sklearn.preprocessing import StandardScaler

from signature.learn.boosting import ShallowBoosting
from signature.learn.calibration import CalibratedProcedure
from signature.learn.contributions import raw_contributions, source_sums
from signature.prepare.columns import ArrayFunction, TableTransformer


@dataclass(frozen=True, eq=False)
class CompiledProcedure:
    """A calibrated procedure, ready to score matrices.

    Parameters
    ----------
    prepare : callable
        From the raw columns, float64 of shape (n_rows, n_columns), to those that the model sees.
    margin : callable
        From these to log-odds before calibration, shape (n_rows,).
    parts : callable
        From these to contributions before calibration and, last, the base.
    sums : ndarray of shape (n_model_columns + 1, n_sources + 1)
        1 where a column of the model stems from the feature; the base is last.
    sources : tuple of str
        Features, in the order of the contributions.
    slope, intercept : float
        Of the calibration.
    """

    prepare: ArrayFunction
    margin: ArrayFunction
    parts: ArrayFunction
    sums: np.ndarray
    sources: tuple[str, ...]
    slope: float
    intercept: float

    def log_odds(self, values: np.ndarray) -> np.ndarray:
        """Calibrated log-odds of the event, shape (n_rows,)."""
        return self.slope * self.margin(self.prepare(values)) + self.intercept

    def explained(self, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Log-odds, shape (n_rows,), and what each feature adds, shape (n_rows, n_sources)."""
        seen = self.prepare(values)
        found = self.parts(seen) @ self.sums * self.slope
        return self.slope * self.margin(seen) + self.intercept, found[:, :-1]


def compile_procedure(
    procedure: CalibratedProcedure, columns: Sequence[str]
) -> CompiledProcedure | None:
    """Put the steps of a fitted procedure in a row.

    Parameters
    ----------
    procedure : CalibratedProcedure
        Fitted; its estimator is a Pipeline.
    columns : sequence of str
        Columns of the matrices that will be scored.

    Returns
    -------
    CompiledProcedure or None
        None where a step is of a kind that no function of numbers is known for: such a procedure
        is scored table by table.
    """
    pipeline = procedure.estimator_
    functions: list[ArrayFunction] = []
    names = list(columns)
    for _, step in pipeline.steps[:-1]:
        known = _step(step)
        if known is None:
            return None
        if known.inputs != names:
            functions.append(_taking([names.index(c) for c in known.inputs]))
        functions.append(known.apply)
        names = known.outputs
    model = _model(pipeline[-1])
    if model is None:
        return None
    sources, sums = source_sums(names)
    return CompiledProcedure(
        prepare=_in_a_row(functions),
        margin=model[0],
        parts=model[1],
        sums=sums,
        sources=tuple(sources),
        slope=float(procedure.slope_),
        intercept=float(procedure.intercept_),
    )


@dataclass(frozen=True, eq=False)
class _Step:
    inputs: list[str]
    apply: ArrayFunction
    outputs: list[str]


def _step(step: Any) -> _Step | None:
    """Return a step of a pipeline as a function; None for a kind that is not known."""
    if isinstance(step, TableTransformer):
        return _Step(step.inputs, step.on_arrays(), list(step.get_feature_names_out()))
    names = list(getattr(step, "feature_names_in_", ()))
    if isinstance(step, SimpleImputer) and len(step.get_feature_names_out()) == len(names):
        start = np.nan_to_num(np.asarray(step.statistics_, dtype="float64"))
        return _Step(names, lambda v: np.where(np.isnan(v), start, v), names)
    if isinstance(step, StandardScaler) and step.with_mean and step.with_std:
        mean, scale = np.asarray(step.mean_), np.asarray(step.scale_)
        return _Step(names, lambda v: (v - mean) / scale, names)
    return None


def _model(final: Any) -> tuple[ArrayFunction, ArrayFunction] | None:
    """Return the last step's margin and parts as functions; None for a kind that is not known."""
    if isinstance(final, ShallowBoosting):
        return (
            lambda v: final.margin(final.filled(v)),
            lambda v: final.shapley(final.filled(v)),
        )
    if hasattr(final, "contributions"):
        return None
    if hasattr(final, "coef_"):
        weights, base = np.asarray(final.coef_)[0], float(final.intercept_[0])
        return (lambda v: v @ weights + base), (lambda v: raw_contributions(final, v))
    if hasattr(final, "class_prior_"):
        return (
            lambda v: raw_contributions(final, v)[:, -1],
            lambda v: raw_contributions(final, v),
        )
    return None


def _taking(at: list[int]) -> ArrayFunction:
    return lambda values: values[:, at]


def _in_a_row(functions: Sequence[Callable[[np.ndarray], np.ndarray]]) -> ArrayFunction:
    def apply(values: np.ndarray) -> np.ndarray:
        for function in functions:
            values = function(values)
        return values

    return apply
