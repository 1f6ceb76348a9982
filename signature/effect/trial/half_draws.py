"""Half of a trial's people, many times: spreads over halves are those of the whole."""

from __future__ import annotations

import numpy as np

from signature.effect.trial.rows import arm_of_person
from signature.exceptions import PredictionsError


def half_samples(
    code: np.ndarray, arm: np.ndarray | None, draws: int, rng: np.random.Generator
) -> tuple[np.ndarray, int]:
    """Choose half of the people of each arm in each draw, without replacement.

    The spread of an estimate over such halves is the standard error of the estimate from all
    people (Politis and Romano 1994), and unlike the bootstrap no person is there twice, which
    would tie ranks. Of an odd number one more or one less is chosen, as often: spreads are then
    right on average.

    Parameters
    ----------
    code : ndarray of int, shape (n,)
        Number of the row's person, from 0 without gaps.
    arm : ndarray of shape (n,), or None
        In which the person was.
    draws : int
    rng : Generator

    Returns
    -------
    chosen : ndarray of bool, shape (draws, n)
        All rows of a person come or stay together.
    df : int
        People less arms.

    Raises
    ------
    PredictionsError
        When there is not one arm per row, a person is in two, or an arm has fewer than four.

    Examples
    --------
    >>> chosen, df = half_samples(np.arange(8), np.arange(8) % 2, 3, np.random.default_rng(0))
    >>> chosen.sum(axis=1).tolist(), df
    ([4, 4, 4], 6)
    """
    stratum = arm_of_person(code, arm)
    chosen = np.zeros((draws, len(stratum)), dtype=bool)
    for one in np.unique(stratum):
        members = np.flatnonzero(stratum == one)
        if len(members) < 4:
            raise PredictionsError(
                f"half-samples need four or more people in each arm, one has {len(members)}; "
                "report no interval"
            )
        place = rng.random((draws, len(members))).argsort(axis=1).argsort(axis=1)
        chosen[:, members] = place < (len(members) + rng.integers(0, 2, size=(draws, 1))) // 2
    return chosen[:, code], len(stratum) - len(np.unique(stratum))
