"""Sets of outcomes that hold the true one as often as promised, in each class.

Class-conditional (Mondrian) split conformal prediction (Vovk, Gammerman and Shafer 2005; Sadinle,
Lei and Wasserman 2019). A person's set is {event}, {no event}, both or none. Both and none are
indeterminate: the first says that either outcome is as usual, the second that neither is.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import Literal

import numpy as np

from signature.validation._held_out import person_codes

SetName = Literal["event", "no event", "both", "none"]

_CLASSES = ("no event", "event")


def needed_per_class(alpha: float) -> int:
    """Count the calibration cases of a class without which no case can be told from it.

    Examples
    --------
    >>> needed_per_class(0.1), needed_per_class(0.05)
    (9, 19)
    """
    if not 0 < alpha < 1:
        raise ValueError(f"alpha is a tolerated share of errors, above 0 and below 1; got {alpha}")
    return ceil(1 / alpha - 1e-9) - 1


@dataclass(frozen=True, eq=False)
class ClassConditional:
    """Calibration cases, against which new cases are compared; made by `calibrate`.

    Parameters
    ----------
    scores : pair of ndarray
        For no event and for event: how unlike its class each calibration case looks, ascending.
    mass : pair of ndarray, each one longer
        How many people look at least as unlike; 0 at the end.
    people : pair of int
        Calibration people with no event, and with an event.
    """

    scores: tuple[np.ndarray, np.ndarray]
    mass: tuple[np.ndarray, np.ndarray]
    people: tuple[int, int]

    def p_values(self, probability: np.ndarray) -> np.ndarray:
        """How usual a case is for each class.

        Parameters
        ----------
        probability : ndarray of shape (n,)
            Of the event.

        Returns
        -------
        ndarray of shape (n, 2)
            For no event and for event: (1 + people of the class at least as unlike it) / (1 +
            people of the class). Ties count in full, so that the promise is kept with them.
        """
        p = _checked(probability)
        columns = []
        for k, unlike in enumerate((p, 1 - p)):
            at = np.searchsorted(self.scores[k], unlike, side="left")
            columns.append((1 + self.mass[k][at]) / (1 + self.people[k]))
        return np.column_stack(columns)

    def sets(self, probability: np.ndarray, alpha: float) -> np.ndarray:
        """Find the outcomes that cannot be ruled out at level `alpha`.

        Parameters
        ----------
        probability : ndarray of shape (n,)
        alpha : float
            Tolerated share of people, of either class, whose set lacks their outcome.

        Returns
        -------
        ndarray of bool, shape (n, 2)
            Whether no event, and whether event, is in the set. Both in every set where
            `always_abstains` says why.
        """
        if self.always_abstains(alpha) is not None:
            return np.ones((len(_checked(probability)), 2), dtype=bool)
        return self.p_values(probability) > alpha

    def always_abstains(self, alpha: float) -> str | None:
        """Say why no case can be decided at this level; None when cases can be."""
        needed = needed_per_class(alpha)
        few = [
            f"{n} with {name}" for n, name in zip(self.people, _CLASSES, strict=True) if n < needed
        ]
        if not few:
            return None
        return (
            f"at level {alpha:g} every person is indeterminate: {needed} calibration people of "
            f"each class are needed, there are {' and '.join(few)}"
        )


def calibrate(
    outcome: np.ndarray, probability: np.ndarray, *, person: np.ndarray | None = None
) -> ClassConditional:
    """Keep what calibration cases look like.

    Parameters
    ----------
    outcome : ndarray of shape (n,)
        1 event, 0 none.
    probability : ndarray of shape (n,)
        Of the event, from models that did not see the case: inner out-of-fold probabilities.
    person : ndarray of shape (n,), optional
        Whose row it is; rows of a person in a class then share one person's weight (Lee, Barber and
        Willett 2023). Each row is a person when left out.

    Returns
    -------
    ClassConditional

    Raises
    ------
    ValueError
        When shapes differ, an outcome is not 0/1, or a probability is none.
    PredictionsError
        When there is not one person per row.

    Notes
    -----
    The promise is for new people drawn like the calibration people and scored by the same model.
    Out-of-fold models differ a little from the one that is refitted on all rows, and another site
    draws other people, so coverage is to be counted on held-out rows (`set_metrics`).

    Examples
    --------
    >>> p = np.linspace(0.025, 0.975, 20)
    >>> found = calibrate((p > 0.5).astype(int), p)
    >>> found.sets(np.array([0.02, 0.5, 0.97]), alpha=0.1).tolist()
    [[True, False], [False, False], [False, True]]
    >>> calibrate(np.array([0, 1]), np.array([0.2, 0.8])).always_abstains(0.1)
    'at level 0.1 every person is indeterminate: 9 calibration people of each class are needed, ...
    """
    y, p = np.asarray(outcome), _checked(probability)
    if y.shape != p.shape:
        raise ValueError(f"outcome has shape {y.shape}, probability {p.shape}; they must agree")
    if not np.isin(y, (0, 1)).all():
        raise ValueError("outcome must be 1 (event) or 0 (no event)")
    whose = person_codes(person, len(y))
    scores, mass, people = [], [], []
    for k, unlike in enumerate((p, 1 - p)):
        rows = y == k
        _, which, n_rows = np.unique(whose[rows], return_inverse=True, return_counts=True)
        order = np.argsort(unlike[rows], kind="stable")
        share = 1 / n_rows[which][order] if len(which) else np.empty(0)
        scores.append(unlike[rows][order])
        mass.append(np.r_[np.cumsum(share[::-1])[::-1], 0.0])
        people.append(len(n_rows))
    return ClassConditional((scores[0], scores[1]), (mass[0], mass[1]), (people[0], people[1]))


def set_metrics(
    outcome: np.ndarray, sets: np.ndarray, weights: np.ndarray
) -> dict[str, np.ndarray]:
    """Count what the sets did on held-out rows.

    Parameters
    ----------
    outcome : ndarray of shape (n,)
        1 event, 0 none.
    sets : ndarray of bool, shape (n, 2)
        Whether no event, and whether event, is in the set.
    weights : ndarray of shape (n_draws, n)
        Ones, bootstrap counts or survey weights.

    Returns
    -------
    dict of ndarray, each of shape (n_draws,)
        ``coverage_event``, ``coverage_no_event``: share of the class whose set holds it.
        ``indeterminate``: share of rows with both or none; ``none``: with none.
        ``singleton_accuracy``: share of sets of one outcome that are right; ``right_event`` and
        ``right_no_event``: the same by what the set says. NaN where nothing is there to divide by.

    Notes
    -----
    Coverage is promised by class, the accuracy of singletons is not: it falls with the rarer class.

    Examples
    --------
    >>> sets = np.array([[True, False], [True, True], [False, True], [False, True]])
    >>> found = set_metrics(np.array([0, 1, 1, 0]), sets, np.ones((1, 4)))
    >>> {name: round(float(value[0]), 2) for name, value in found.items()}
    {'coverage_event': 1.0, 'coverage_no_event': 0.5, 'indeterminate': 0.25, 'none': 0.0,
     'singleton_accuracy': 0.67, 'right_event': 0.5, 'right_no_event': 1.0}
    """
    event = np.asarray(outcome) == 1
    holds: np.ndarray = np.where(event, sets[:, 1], sets[:, 0])
    one: np.ndarray = sets[:, 0] != sets[:, 1]
    every = np.ones(len(event), dtype=bool)

    def share(of: np.ndarray, among: np.ndarray) -> np.ndarray:
        below = weights @ among.astype("float64")
        above = weights @ (of & among).astype("float64")
        return np.divide(above, below, out=np.full(len(weights), np.nan), where=below > 0)

    return {
        "coverage_event": share(holds, event),
        "coverage_no_event": share(holds, ~event),
        "indeterminate": share(~one, every),
        "none": share(~(sets[:, 0] | sets[:, 1]), every),
        "singleton_accuracy": share(holds, one),
        "right_event": share(holds, one & sets[:, 1]),
        "right_no_event": share(holds, one & sets[:, 0]),
    }


def _checked(probability: np.ndarray) -> np.ndarray:
    p = np.asarray(probability, dtype="float64")
    odd = int((~((p >= 0) & (p <= 1))).sum())
    if p.ndim != 1 or odd:
        raise ValueError(
            "probability must be one-dimensional, from 0 to 1 and not missing; got shape "
            f"{p.shape} with {odd} other values"
        )
    return p
