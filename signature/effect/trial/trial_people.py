"""What a learner of benefit is told of a trial: outcomes, arms and how arms were allocated."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from signature.effect.trial.aipw import as_outcome
from signature.effect.trial.rows import arm_of_person, as_weight
from signature.exceptions import AllocationError, OutcomeError
from signature.randomness import generator
from signature.validation._held_out import person_codes

FEWEST_PEOPLE = 4
"""In an arm: with fewer, a fold's models have nothing to learn its outcomes from."""


@dataclass(frozen=True, eq=False)
class TrialPeople:
    """Rows of a trial with two arms.

    Parameters
    ----------
    outcome : ndarray of shape (n,)
        Higher is better.
    treated : ndarray of shape (n,)
        1.0 in the treated arm, 0.0 in control.
    share : ndarray of shape (n,)
        Probability of the treated arm by design.
    weight : ndarray of shape (n,)
        Of the row; averages 1 per person.
    person : ndarray of int, shape (n,)
        Whose row it is, from 0.
    kept : ndarray of bool, shape (n_rows,)
        Which of the rows that were given have a positive weight, and are here.
    """

    outcome: np.ndarray
    treated: np.ndarray
    share: np.ndarray
    weight: np.ndarray
    person: np.ndarray
    kept: np.ndarray

    @property
    def centred(self) -> np.ndarray:
        """Treatment less its probability, shape (n,)."""
        return self.treated - self.share

    @property
    def probability(self) -> np.ndarray:
        """Of the arm that the person was in, shape (n,)."""
        return np.where(self.treated == 1, self.share, 1 - self.share)

    def folds(self, folds: int, seed: int) -> np.ndarray:
        """Give each row the number of its fold, shape (n,).

        Each fold has its share of both arms, of events in each where outcomes are 0/1, and all rows
        of a person.
        """
        stratum = arm_of_person(self.person, self.treated)
        if np.isin(self.outcome, (0, 1)).all():
            event = np.zeros(len(stratum), dtype=int)
            np.maximum.at(event, self.person, self.outcome.astype(int))
            stratum = 2 * stratum + event
        rng = generator(seed, "folds of a trial")
        order = rng.permutation(len(stratum))
        order = order[np.argsort(stratum[order], kind="stable")]
        of_person = np.empty(len(stratum), dtype=int)
        of_person[order] = np.arange(len(stratum)) % folds
        return of_person[self.person]


def trial_people(
    outcome: np.ndarray,
    treated: np.ndarray,
    share: np.ndarray | float,
    weight: np.ndarray | None = None,
    person: np.ndarray | None = None,
) -> TrialPeople:
    """Check what is told of a trial; rows of weight 0 are left out.

    Parameters
    ----------
    outcome : ndarray of shape (n,)
        Continuous or 0/1; higher is better, so that a benefit is positive.
    treated : ndarray of shape (n,)
        1 in the treated arm, 0 in control.
    share : ndarray of shape (n,) or float
        Probability of the treated arm by design, between 0 and 1.
    weight : ndarray of shape (n,), optional
        Of the row, as for sampling or for missing outcomes.
    person : ndarray of shape (n,), optional
        Whose row it is; left out, every row is a person.

    Returns
    -------
    TrialPeople

    Raises
    ------
    OutcomeError
        When an outcome is missing, or all are the same in an arm.
    AllocationError
        When arms are not 0/1, probabilities not between 0 and 1, or an arm has fewer than
        `FEWEST_PEOPLE` people.
    PredictionsError
        When weights or persons do not fit, or a person is in two arms.

    Examples
    --------
    >>> arm = np.arange(8) % 2
    >>> trial_people(np.arange(8.0), arm, 0.5).centred[:2].tolist()
    [-0.5, 0.5]
    >>> trial_people(np.arange(6.0), np.arange(6) % 2, 0.5)
    Traceback (most recent call last):
        ...
    signature.exceptions.AllocationError: the treated arm has 3 people; a benefit is learned from...
    """
    y = as_outcome(outcome)
    n = len(y)
    t = _per_row(treated, n, "treated", "1 in the treated arm, 0 in control")
    if not np.isin(t, (0, 1)).all():
        raise AllocationError(
            "treated must be 1 in the treated arm and 0 in control; it is neither in "
            f"{int((~np.isin(t, (0, 1))).sum())} of {n} rows. Leave the rows of other arms out"
        )
    e = np.asarray(share, dtype="float64")
    e = _per_row(np.full(n, e) if e.ndim == 0 else e, n, "share", "a probability")
    odd = int((~((e > 0) & (e < 1))).sum())
    if odd:
        raise AllocationError(
            "share must be the probability of the treated arm, above 0 and below 1; it is not in "
            f"{odd} of {n} rows. Leave out people who could not have been in either arm"
        )
    w, code = as_weight(weight, n), person_codes(person, n)
    kept = w > 0
    code = np.unique(code[kept], return_inverse=True)[1]
    y, t, e, w = y[kept], t[kept], e[kept], w[kept]
    arm_of_person(code, t)  # nobody is in two arms
    for arm, name in ((1, "treated"), (0, "control")):
        people = len(np.unique(code[t == arm]))
        if people < FEWEST_PEOPLE:
            raise AllocationError(
                f"the {name} arm has {people} people; a benefit is learned from {FEWEST_PEOPLE} or "
                "more in each arm"
            )
        if np.ptp(y[t == arm]) == 0:
            raise OutcomeError(
                f"all {people} people of the {name} arm have the same outcome; nothing can be "
                "learned of who benefits. Use a longer follow-up, or another outcome"
            )
    return TrialPeople(y, t, e, w * (int(code.max()) + 1) / w.sum(), code, kept)


def _per_row(values: np.ndarray, n: int, name: str, what: str) -> np.ndarray:
    found = np.asarray(values, dtype="float64")
    if found.shape != (n,):
        raise AllocationError(
            f"{name} must be {what}, one number per row, shape ({n},); got shape {found.shape}"
        )
    return found
