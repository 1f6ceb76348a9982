"""Whom to treat, or with what, by predicted benefit or by predicted outcomes."""

from __future__ import annotations

import numpy as np

from signature.exceptions import AllocationError, PredictionsError
from signature.validation._held_out import as_scores


def treat_if(predicted: np.ndarray, threshold: float = 0.0) -> np.ndarray:
    """Advise treatment for those whose predicted benefit is above a threshold.

    Parameters
    ----------
    predicted : ndarray of shape (n,)
        Held-out benefit of treatment over control; positive where treatment does better.
    threshold : float
        In units of the outcome: the least benefit that is worth the treatment's burden. Name it
        before outcomes are seen; one that was searched for has no interval.

    Returns
    -------
    ndarray of bool, shape (n,)

    Raises
    ------
    PredictionsError
        When a prediction is missing.

    Examples
    --------
    >>> treat_if(np.array([0.3, -0.1, 0.1]), 0.1).tolist()
    [True, False, False]
    """
    return as_scores(predicted, len(predicted), "the predicted benefit") > threshold


def best_arm(
    predicted: np.ndarray, *, higher_is_better: bool, control: int = 0, margin: float = 0.0
) -> np.ndarray:
    """Recommend the arm of the best predicted outcome, and control unless it is beaten.

    Parameters
    ----------
    predicted : ndarray of shape (n, n_arms)
        Held-out outcome under each arm.
    higher_is_better : bool
        Whether a higher outcome is the better one.
    control : int
        Given where no other arm is predicted to be better by more than the margin.
    margin : float
        In units of the outcome.

    Returns
    -------
    ndarray of int, shape (n,)
        Column of the arm; of two equally good, the first.

    Raises
    ------
    AllocationError
        When control is none of the arms.
    PredictionsError
        When a prediction is missing.

    Examples
    --------
    >>> best_arm(np.array([[1.0, 2, 3], [1, 0.9, 1]]), higher_is_better=True).tolist()
    [2, 0]
    """
    table = as_table(predicted, "predicted")
    if not 0 <= control < table.shape[1]:
        raise AllocationError(
            f"control must be one of the {table.shape[1]} arms, from 0; got {control!r}"
        )
    gain = table - table[:, [control]]
    gain = gain if higher_is_better else -gain
    gain[:, control] = margin
    best = gain.argmax(axis=1)
    beaten = gain[np.arange(len(gain)), best] > margin
    return np.where(beaten, best, control)


def as_table(values: np.ndarray, what: str) -> np.ndarray:
    """Return numbers by person and arm, shape (n, n_arms).

    Raises
    ------
    PredictionsError
        When there are fewer than two arms, or a number is missing.
    """
    table = np.asarray(values, dtype="float64")
    if table.ndim != 2 or table.shape[1] < 2 or not len(table) or not np.isfinite(table).all():
        raise PredictionsError(
            f"{what} must have one finite number for each of the rows and of two or more arms; got "
            f"shape {table.shape} with {int((~np.isfinite(table)).sum())} missing or infinite"
        )
    return table
