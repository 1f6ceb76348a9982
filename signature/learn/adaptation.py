"""Assay batches that training never saw: flag their rows, or let a fitted procedure learn one."""

from __future__ import annotations

import copy
from typing import Any, TypeVar

import numpy as np
import pandas as pd
from sklearn.pipeline import Pipeline

from signature.exceptions import AssayError
from signature.learn.calibration import CalibratedProcedure
from signature.prepare.batches import BatchStep
from signature.prepare.harmonisation import FEWEST_REFERENCE_ROWS, ComBat

Procedure = TypeVar("Procedure", Pipeline, CalibratedProcedure)


def adapt_procedure(
    procedure: Procedure,
    X_reference: pd.DataFrame,
    batch_code: float,
    *,
    fewest: int = FEWEST_REFERENCE_ROWS,
) -> Procedure:
    """Return a copy of a fitted procedure whose `ComBat` also knows a new batch.

    Parameters
    ----------
    procedure : Pipeline or CalibratedProcedure
        Fitted, with exactly one `ComBat` among its steps; left as it is.
    X_reference : DataFrame
        The reference samples, with the columns that the procedure scores; see `ComBat.adapt`.
    batch_code : float
    fewest : int

    Raises
    ------
    AssayError
        When the procedure does not have exactly one such step, and as `ComBat.adapt`.
    """
    if isinstance(procedure, CalibratedProcedure):
        adapted = copy.copy(procedure)
        adapted.estimator_ = adapt_procedure(
            procedure.estimator_, X_reference, batch_code, fewest=fewest
        )
        return adapted
    steps = _steps(procedure)
    at = [k for k, (_, step) in enumerate(steps) if isinstance(step, ComBat)]
    if len(at) != 1:
        raise AssayError(
            f"the procedure has {len(at)} ComBat steps, and one is needed to adapt it to a batch"
        )
    name, harmoniser = steps[at[0]]
    rows = X_reference
    if harmoniser.batch not in rows:
        rows = rows.assign(**{harmoniser.batch: float(batch_code)})
    for _, step in steps[: at[0]]:
        if hasattr(step, "transform"):  # a step may be left out by "passthrough"
            rows = step.transform(rows)
    steps[at[0]] = (name, harmoniser.adapt(rows, batch_code=batch_code, fewest=fewest))
    changed = copy.copy(procedure)
    changed.steps = steps
    return changed


def harmonises(procedure: Pipeline | CalibratedProcedure) -> bool:
    """Whether some step of a procedure brings assay batches onto one scale."""
    if isinstance(procedure, CalibratedProcedure):
        return harmonises(procedure.estimator_)
    return any(isinstance(step, BatchStep) for _, step in _steps(procedure))


def known_batches(procedure: Pipeline | CalibratedProcedure) -> list[float]:
    """Codes of the batches that a fitted procedure has an adjustment for, sorted."""
    if isinstance(procedure, CalibratedProcedure):
        return known_batches(procedure.estimator_)
    steps = [step for _, step in _steps(procedure) if isinstance(step, BatchStep)]
    return sorted({float(code) for step in steps for code in step.known_batches})


def unseen_rows(procedure: Pipeline | CalibratedProcedure, X: pd.DataFrame) -> np.ndarray:
    """Flag the rows whose assay batch some step of a fitted procedure has no adjustment for.

    Parameters
    ----------
    procedure : Pipeline or CalibratedProcedure
        Fitted; one that does not harmonise flags nothing.
    X : DataFrame
        Rows with the batch column; no other column is read.

    Returns
    -------
    ndarray of bool, shape (n_rows,)
    """
    if isinstance(procedure, CalibratedProcedure):
        return unseen_rows(procedure.estimator_, X)
    flagged = np.zeros(len(X), dtype=bool)
    for _, step in _steps(procedure):
        if isinstance(step, BatchStep):
            flagged |= step.unseen_rows(X)
    return flagged


def _steps(procedure: Any) -> list[tuple[str, Any]]:
    return list(getattr(procedure, "steps", []))
