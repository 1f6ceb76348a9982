"""What held-out predictions must be before anything is measured on them."""

from __future__ import annotations

import numpy as np

from signature.exceptions import OutcomeError, PredictionsError


def as_event(outcome: np.ndarray) -> np.ndarray:
    """Outcome as True for an event, shape (n,).

    Raises
    ------
    OutcomeError
        When there is no row, or a value is neither 0 nor 1.
    """
    y = np.asarray(outcome)
    if y.ndim != 1 or not len(y):
        raise OutcomeError(f"the outcome must be one value per row; got shape {y.shape}")
    odd = int((~np.isin(y, (0, 1))).sum())
    if odd:
        raise OutcomeError(
            f"the outcome must be 1 for an event and 0 for none; {odd} of {len(y)} rows are neither"
        )
    return y == 1


def as_scores(scores: np.ndarray, n: int, what: str) -> np.ndarray:
    """Numbers to rank rows by, shape (n,).

    Raises
    ------
    PredictionsError
        When there is not one finite number per row.
    """
    s = np.asarray(scores, dtype="float64")
    if s.shape != (n,):
        raise PredictionsError(
            f"{what} must be one number per row of the outcome, shape ({n},); got shape {s.shape}"
        )
    odd = int((~np.isfinite(s)).sum())
    if odd:
        raise PredictionsError(f"{what} is missing or infinite in {odd} of {n} rows; predict them")
    return s


def as_probability(probability: np.ndarray, n: int, what: str) -> np.ndarray:
    """Probabilities, shape (n,).

    Raises
    ------
    PredictionsError
        When there is not one number from 0 to 1 per row.
    """
    p = as_scores(probability, n, what)
    odd = int(((p < 0) | (p > 1)).sum())
    if odd:
        raise PredictionsError(
            f"{what} must be from 0 to 1; it is not in {odd} of {n} rows. Calibrate scores before"
        )
    return p


def as_weights(weights: np.ndarray, n: int) -> np.ndarray:
    """Weights in floating point, shape (n_draws, n).

    Raises
    ------
    PredictionsError
        When there is not one weight per row in each draw, or one is negative or missing.
    """
    w = np.asarray(weights)
    if w.ndim != 2 or w.shape[1] != n:
        raise PredictionsError(
            f"weights must have one line per draw and one column per row of the outcome, "
            f"shape (draws, {n}); got shape {w.shape}"
        )
    w = w.astype("float64")
    if not np.isfinite(w).all() or (w < 0).any():
        raise PredictionsError("weights must be finite and not negative; some are not")
    return w


def person_codes(person: np.ndarray | None, n: int) -> np.ndarray:
    """Give each row the number of its person, shape (n,); left out, every row is a person.

    Raises
    ------
    PredictionsError
        When there is not one person per row.
    """
    return np.arange(n) if person is None else _codes(person, n, "person must say whose each")


def fold_codes(fold: np.ndarray | None, n: int) -> np.ndarray:
    """Give each row the number of its fold, shape (n,); left out, all rows are in one.

    Raises
    ------
    PredictionsError
        When there is not one fold per row.
    """
    whole = np.zeros(n, dtype=int)
    return whole if fold is None else _codes(fold, n, "fold must say in which fold each")


def _codes(names: np.ndarray, n: int, what: str) -> np.ndarray:
    """Replace names by numbers in their order, from 0 without gaps."""
    given = np.asarray(names)
    if given.shape != (n,):
        raise PredictionsError(f"{what} of the {n} rows is; got shape {given.shape}")
    return np.unique(given, return_inverse=True)[1]
