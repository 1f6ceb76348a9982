"""What is told of a trial's rows: whose arm, which weight, who belongs to a part of the people."""

from __future__ import annotations

import numpy as np

from signature.exceptions import PredictionsError
from signature.validation._held_out import as_scores


def arm_of_person(code: np.ndarray, arm: np.ndarray | None) -> np.ndarray:
    """Return the arm of each person as a number, shape (n_people,); all the same without arms.

    Raises
    ------
    PredictionsError
        When there is not one arm per row, or a person is in two.
    """
    stratum = np.zeros(int(code.max()) + 1, dtype=int)
    if arm is None:
        return stratum
    if np.shape(arm) != code.shape:
        raise PredictionsError(
            f"arm must say in which arm each of the {len(code)} rows is; got shape {np.shape(arm)}"
        )
    rows = np.unique(arm, return_inverse=True)[1]
    stratum[code] = rows
    in_two = len(np.unique(code[stratum[code] != rows]))
    if in_two:
        raise PredictionsError(
            f"{in_two} persons have rows in two arms; keep the arm they were allocated to"
        )
    return stratum


def as_weight(weight: np.ndarray | None, n: int) -> np.ndarray:
    """Return one weight per row, ones by default, shape (n,).

    Raises
    ------
    PredictionsError
        When a weight is missing or negative, or all are 0.
    """
    if weight is None:
        return np.ones(n)
    w = as_scores(weight, n, "the weight")
    if (w < 0).any() or not w.sum() > 0:
        raise PredictionsError("weights of rows must not be negative, nor all be 0; some are")
    return w


def as_members(among: np.ndarray, n: int) -> np.ndarray:
    """Who belongs to a part of the people, bool of shape (n,).

    Raises
    ------
    PredictionsError
        When it is not said of each row.
    """
    inside = np.asarray(among)
    if inside.shape != (n,) or inside.dtype != bool:
        raise PredictionsError(
            f"a part of the people must be True or False for each of the {n} rows; got "
            f"{inside.dtype} of shape {inside.shape}"
        )
    return inside
