"""What a fitted linear procedure gives a standard deviation, a doubling or a limit, in log-odds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from signature.learn.calibration import CalibratedProcedure
from signature.study.schema import CENSORED, LOG2_UNITS, Column, Scale


@dataclass(frozen=True, eq=False)
class LinearModel:
    """A procedure whose log-odds are linear in some columns.

    Parameters
    ----------
    values : DataFrame of shape (n_rows, n_columns)
        The rows given, on the scale on which the model is linear, before they are standardised.
    weights : Series of shape (n_columns,)
        Log-odds per unit of each column, after the calibration slope.
    harmonised : bool
        Whether columns are moved or stretched by batch.
    residualised : bool
        Whether other columns are regressed out of some.
    """

    values: pd.DataFrame
    weights: pd.Series
    harmonised: bool
    residualised: bool

    def weights_of(
        self, name: str, column: Column
    ) -> tuple[float, float | None, str, float | None]:
        """Return log-odds per SD, per step as measured, what a step is, and of being below.

        Regressing others out of a marker leaves its own weight as it is; harmonising may not.
        """
        flag = name + CENSORED
        below = float(self.weights[flag]) if flag in self.weights else None
        if name not in self.weights:
            # only detected or not is left: detected is the higher value
            assert below is not None
            sd = float(self.values[flag].std(ddof=0))
            return -below * sd, -below, "detected", None
        weight, sd = float(self.weights[name]), float(self.values[name].std(ddof=0))
        step = _step(column)
        return weight * sd, None if self.harmonised else weight, step, below


def linear_model(procedure: CalibratedProcedure, X: pd.DataFrame) -> LinearModel:
    """Read a linear procedure, and take rows to the scale on which it is linear.

    Parameters
    ----------
    procedure : CalibratedProcedure
        Its last step has ``coef_``; the step before may standardise.
    X : DataFrame of shape (n_rows, n_raw_columns)
        Rows as the procedure takes them.
    """
    pipeline: Pipeline = procedure.estimator_
    model: Any = pipeline[-1]
    scaler = pipeline[-2]
    standardised = isinstance(scaler, StandardScaler)
    head = pipeline[:-2] if standardised else pipeline[:-1]
    values = head.transform(X)
    weights = pd.Series(model.coef_[0] * procedure.slope_, index=list(values.columns))
    if standardised:
        weights = weights / scaler.scale_
    steps = set(pipeline.named_steps)
    return LinearModel(values, weights, "harmonise" in steps, "residualise" in steps)


def _step(column: Column) -> str:
    if column.unit in LOG2_UNITS:
        return f"1 {column.unit}, a doubling"
    if column.scale is Scale.LOG2:
        return "doubling"
    if column.scale is Scale.ASINH:
        return "doubling of high values"
    if column.scale is Scale.YES_NO:
        return "yes"
    return f"1 {column.unit}".strip()
