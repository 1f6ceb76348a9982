"""How sure is an AUROC, and does one model rank better than another on the same rows.

Variances of DeLong, DeLong and Clarke-Pearson (1988) and, where a person has several rows, of
Obuchowski (1997). They are for fixed scores on rows that had no part in learning them: a single
held-out set. Predictions of several cross-validation folds come from several models; measure each
fold by itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import erfc, log, sqrt

import numpy as np
from scipy.special import expit, ndtri
from scipy.stats import rankdata

from signature.exceptions import OutcomeError
from signature.validation._held_out import as_event, as_scores, person_codes


@dataclass(frozen=True)
class Auroc:
    """An area under the ROC curve and its variance.

    Parameters
    ----------
    value : float
        Chance that an event is ranked above a non-event, ties half.
    variance : float
        Of `value`; 0 when the scores separate the classes, and when all are tied.
    """

    value: float
    variance: float

    def interval(self, level: float = 0.95, *, logit: bool = True) -> tuple[float, float] | None:
        """Give both ends of a two-sided interval.

        Parameters
        ----------
        level : float
            Coverage aimed at, between 0 and 1.
        logit : bool
            On the log-odds of the area (Pepe 2003); else on the area itself, cut at 0 and 1. With
            12 events, 24 others and an area of 0.9 the first covers 96 % and the second 88 %.

        Returns
        -------
        tuple of float, or None
            None when the variance is 0: the method then sees no spread, which is not certainty.
        """
        if self.variance <= 0 or not 0 < self.value < 1:
            return None
        half = _quantile(level) * sqrt(self.variance)
        if not logit:
            return max(0.0, self.value - half), min(1.0, self.value + half)
        center, half = log(self.value / (1 - self.value)), half / (self.value * (1 - self.value))
        return float(expit(center - half)), float(expit(center + half))


@dataclass(frozen=True)
class AurocDifference:
    """An AUROC minus another on the same rows, and its variance.

    Parameters
    ----------
    value : float
        Above 0 when the first model ranks better.
    variance : float
        Of `value`, with what the two share taken off.
    """

    value: float
    variance: float

    @property
    def p(self) -> float | None:
        """Two-sided p of no difference, from a normal distribution; None when the variance is 0."""
        if self.variance <= 0:
            return None
        return erfc(abs(self.value) / sqrt(2 * self.variance))

    def interval(self, level: float = 0.95) -> tuple[float, float] | None:
        """Both ends of a two-sided interval; None when the variance is 0."""
        if self.variance <= 0:
            return None
        half = _quantile(level) * sqrt(self.variance)
        return max(-1.0, self.value - half), min(1.0, self.value + half)


def delong(outcome: np.ndarray, scores: np.ndarray, person: np.ndarray | None = None) -> Auroc:
    """AUROC of one model on held-out rows, with its variance.

    Parameters
    ----------
    outcome : ndarray of shape (n,)
        1 event, 0 none.
    scores : ndarray of shape (n,)
        Probability, log-odds or anything else that is higher where an event is likelier.
    person : ndarray of shape (n,), optional
        Whose row it is. Persons, not rows, are then what was drawn (Obuchowski 1997); a person may
        have rows of both outcomes. Left out, every row is a person.

    Returns
    -------
    Auroc

    Raises
    ------
    OutcomeError
        When the outcome is not 0/1, or fewer than two persons have an event, or no event.
    PredictionsError
        When `scores` or `person` does not have one value per row.

    Examples
    --------
    >>> found = delong(np.array([0, 0, 0, 1, 1]), np.array([0.1, 0.2, 0.6, 0.5, 0.7]))
    >>> round(found.value, 3), round(found.variance, 4)
    (0.833, 0.0556)
    >>> [round(end, 3) for end in found.interval()]
    [0.152, 0.993]
    """
    areas, covariance = _covariance(outcome, [scores], person)
    return Auroc(float(areas[0]), float(covariance[0, 0]))


def delong_difference(
    outcome: np.ndarray,
    scores: np.ndarray,
    other: np.ndarray,
    person: np.ndarray | None = None,
) -> AurocDifference:
    """AUROC of one model minus that of another on the same rows, with its variance.

    Parameters
    ----------
    outcome : ndarray of shape (n,)
        1 event, 0 none.
    scores, other : ndarray of shape (n,)
        Of the model, and of the one it is compared with; the scales may differ.
    person : ndarray of shape (n,), optional
        As of `delong`.

    Returns
    -------
    AurocDifference

    Raises
    ------
    OutcomeError, PredictionsError
        As of `delong`.

    Notes
    -----
    The p is for two scores that were fixed before these rows were seen. A model and the larger one
    that contains it, fitted to the very rows they are compared on, break it: when the addition is
    useless the difference is no longer normal (Demler, Pencina and D'Agostino 2012).

    Examples
    --------
    >>> y = np.array([0, 0, 0, 1, 1, 1])
    >>> better, worse = np.array([1, 2, 4, 3, 5, 6]), np.array([2, 1, 5, 3, 4, 3])
    >>> found = delong_difference(y, better, worse)
    >>> round(found.value, 3), round(found.p, 2)
    (0.222, 0.37)
    """
    areas, c = _covariance(outcome, [scores, other], person)
    # rounding must not make the same ranking look like a difference
    variance = float(c[0, 0] + c[1, 1] - 2 * c[0, 1])
    known = variance > 1e-12 * float(c[0, 0] + c[1, 1])
    return AurocDifference(float(areas[0] - areas[1]), variance if known else 0.0)


def _covariance(
    outcome: np.ndarray, scores: list[np.ndarray], person: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray]:
    """Areas of the models, one per line of `scores`, and how they vary together.

    Ranks give the structural components without going through all pairs (Sun and Xu 2014).
    """
    event = as_event(outcome)
    table = np.stack([as_scores(s, len(event), "the score") for s in scores])
    code = person_codes(person, len(event))
    people = int(code.max()) + 1
    with_event, without = len(np.unique(code[event])), len(np.unique(code[~event]))
    if min(with_event, without) < 2:
        raise OutcomeError(
            "the variance of an AUROC needs two or more persons with an event and two or more "
            f"without; {with_event} have one and {without} have none. Pool more rows, or report "
            "no interval"
        )
    m, n = int(event.sum()), int((~event).sum())
    # share of the other class that a row is on the right side of, ties half
    own = np.where(event, _rank_within(table, event), _rank_within(table, ~event))
    above = rankdata(table, axis=1) - own
    right = np.where(event, above / n, 1 - above / m)
    areas = right[:, event].mean(axis=1)
    excess = right - areas[:, None]
    of_events = _summed(excess * event, code, people)
    of_others = _summed(excess * ~event, code, people)
    cross = of_events @ of_others.T * people / (people - 1) / (m * n)
    covariance = (
        of_events @ of_events.T * with_event / (with_event - 1) / m**2
        + of_others @ of_others.T * without / (without - 1) / n**2
        + cross
        + cross.T
    )
    return areas, covariance


def _rank_within(table: np.ndarray, member: np.ndarray) -> np.ndarray:
    """Midranks among the members, shape of the table; 0 for other rows."""
    ranks = np.zeros(table.shape)
    ranks[:, member] = rankdata(table[:, member], axis=1)
    return ranks


def _summed(values: np.ndarray, code: np.ndarray, people: int) -> np.ndarray:
    """Sum by person, shape (n_models, people)."""
    return np.stack([np.bincount(code, weights=line, minlength=people) for line in values])


def _quantile(level: float) -> float:
    if not 0 < level < 1:
        raise ValueError(f"level is the coverage of an interval, between 0 and 1; got {level!r}")
    return float(ndtri(0.5 + level / 2))
