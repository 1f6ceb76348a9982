"""Doubly robust scores of a randomised trial: what a person's outcome says about each arm.

A score is the outcome predicted under an arm plus, for those who were in that arm, how far the
prediction was off over the probability of the arm (augmented inverse probability weighting, Robins,
Rotnitzky and Zhao 1994). Allocation probabilities are those of the design and never estimated, so
the average of scores in any part of the people estimates the mean outcome under the arm there,
however poor the predictions; good ones make it more precise. Predictions must be held out: made by
models that did not see the person.

Inverse probabilities are scaled to average 1 in each arm (Hájek 1971), so a poor prediction does no
harm where the arms are by chance, or by blocks, not quite of the designed sizes. Averages should
then be taken as conditional on those sizes: name the arm to whatever makes intervals of scores.
"""

from __future__ import annotations

import numpy as np

from signature.effect.trial.rows import as_weight
from signature.exceptions import AllocationError, OutcomeError, PredictionsError


def arm_scores(
    outcome: np.ndarray,
    arm: np.ndarray,
    allocation: np.ndarray,
    predicted: np.ndarray | None = None,
    *,
    weight: np.ndarray | None = None,
) -> np.ndarray:
    """Score each person under each arm.

    Parameters
    ----------
    outcome : ndarray of shape (n,)
        Continuous, or 0/1 with 1 for an event.
    arm : ndarray of int, shape (n,)
        In which arm the person was, from 0: a column of `allocation`.
    allocation : ndarray of shape (n_arms,) or (n, n_arms)
        Probability of each arm by design, of everybody or of each person (as where the ratio
        differs by stratum); each line sums to 1.
    predicted : ndarray of shape (n, n_arms), optional
        Held-out prediction of the outcome under each arm, also those the person was not in; for an
        event, its probability. Left out, everybody gets the weighted mean of the arm, and at a
        constant ratio the average effect is the plain difference of means.
    weight : ndarray of shape (n,), optional
        Of the row; give the same where scores are averaged.

    Returns
    -------
    ndarray of shape (n, n_arms)
        In units of the outcome. One person's score is mostly noise, and that of an event may lie
        below 0 or above 1; averages of many are of use.

    Raises
    ------
    OutcomeError
        When an outcome is missing or infinite.
    AllocationError
        When arms and probabilities do not fit, or an arm has nobody.
    PredictionsError
        When predictions do not have one finite number per person and arm.

    Examples
    --------
    >>> y, arm = np.array([1.0, 2.0, 4.0, 6.0]), np.array([0, 0, 1, 1])
    >>> arm_scores(y, arm, np.array([0.5, 0.5])).mean(axis=0)
    array([1.5, 5. ])
    >>> guess = np.array([[1.0, 4], [1, 4], [2, 5], [2, 5]])
    >>> arm_scores(y, arm, np.array([0.5, 0.5]), guess).tolist()
    [[1.0, 4.0], [3.0, 4.0], [2.0, 3.0], [2.0, 7.0]]
    """
    y = as_outcome(outcome)
    probability = _as_allocation(allocation, len(y))
    member = _as_members(arm, *probability.shape)
    own = probability[member]
    if (own <= 0).any():
        raise AllocationError(
            f"{int((own <= 0).sum())} of {len(y)} rows are in an arm that had probability 0 for "
            "them; correct the arm or the allocation"
        )
    w = as_weight(weight, len(y))
    inverse = np.where(member, 1 / np.where(probability > 0, probability, 1), 0.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        inverse *= w.sum() / (w @ inverse)
    if not np.isfinite(inverse).all():
        raise AllocationError("everybody in one of the arms has weight 0; leave the arm out")
    if predicted is None:
        mean = np.broadcast_to((w @ (inverse * y[:, None])) / w.sum(), member.shape)
    else:
        mean = np.asarray(predicted, dtype="float64")
    if mean.shape != member.shape or not np.isfinite(mean).all():
        raise PredictionsError(
            f"predicted must have one finite outcome per row and arm, shape {member.shape}; got "
            f"shape {mean.shape} with {int((~np.isfinite(mean)).sum())} missing or infinite"
        )
    return mean + inverse * (y[:, None] - mean)


def benefit_scores(
    scores: np.ndarray, treated: int, control: int, *, higher_is_better: bool
) -> np.ndarray:
    """Benefit of an arm over another, by person: positive where the arm does better.

    Parameters
    ----------
    scores : ndarray of shape (n, n_arms)
        Of `arm_scores`.
    treated, control : int
        Columns of the arm and of the one it is compared with.
    higher_is_better : bool
        Whether a higher outcome is the better one. Of an event that harms it is not, and the
        benefit is then the reduction of risk.

    Returns
    -------
    ndarray of shape (n,)
        In units of the outcome.

    Raises
    ------
    AllocationError
        When the two arms are not two of the scores' columns.

    Examples
    --------
    >>> benefit_scores(np.array([[0.4, 0.1]]), 1, 0, higher_is_better=False).round(1)
    array([0.3])
    """
    table = np.asarray(scores, dtype="float64")
    arms = table.shape[1] if table.ndim == 2 else 0
    if treated == control or not {treated, control} <= set(range(arms)):
        raise AllocationError(
            f"treated and control must be two of the {arms} arms that scores have as columns, "
            f"from 0; got {treated!r} and {control!r}"
        )
    difference = table[:, treated] - table[:, control]
    return difference if higher_is_better else -difference


def as_outcome(outcome: np.ndarray) -> np.ndarray:
    """Return one finite outcome per row, shape (n,).

    Raises
    ------
    OutcomeError
        When one is missing or infinite, or there is no row.
    """
    y = np.asarray(outcome, dtype="float64")
    if y.ndim != 1 or not len(y):
        raise OutcomeError(f"the outcome must be one value per row; got shape {y.shape}")
    odd = int((~np.isfinite(y)).sum())
    if odd:
        raise OutcomeError(
            f"the outcome is missing or infinite in {odd} of {len(y)} rows; impute it, or leave "
            "the rows out and weight the others"
        )
    return y


def _as_allocation(allocation: np.ndarray, n: int) -> np.ndarray:
    p = np.asarray(allocation, dtype="float64")
    if p.ndim == 1:
        p = np.broadcast_to(p, (n, len(p)))
    if p.ndim != 2 or len(p) != n or p.shape[1] < 2:
        raise AllocationError(
            "allocation must have a probability for each of two or more arms, of everybody or in "
            f"one line for each of the {n} rows; got shape {np.shape(allocation)}"
        )
    odd = ~((p >= 0).all(axis=1) & (np.abs(p.sum(axis=1) - 1) < 1e-6))
    if odd.any():
        raise AllocationError(
            f"allocation probabilities must be 0 or more and sum to 1 over the arms; in "
            f"{int(odd.sum())} of {n} rows they do not"
        )
    return p


def _as_members(arm: np.ndarray, n: int, arms: int) -> np.ndarray:
    """Who was in which arm, shape (n, n_arms)."""
    a = np.asarray(arm)
    if a.shape != (n,):
        raise AllocationError(f"arm must be one number per row, shape ({n},); got shape {a.shape}")
    member = a[:, None] == np.arange(arms)
    odd = int((~member.any(axis=1)).sum())
    if odd:
        raise AllocationError(
            f"arm must be a whole number from 0 to {arms - 1}, a column of the allocation; it is "
            f"not in {odd} of {n} rows"
        )
    empty = np.flatnonzero(~member.any(axis=0))
    if len(empty):
        raise AllocationError(
            f"nobody is in arm {', '.join(map(str, empty))} of {arms}; leave it out of the "
            "comparison"
        )
    return member
