"""What a threshold does: who is flagged, how many of them rightly, and where to put it.

A row is flagged when its probability is at or above the threshold. A threshold belongs to the
model: it is chosen inside a training fold from inner out-of-fold probabilities, by a rule declared
beforehand, and then judged on rows that had no part in it. The best threshold on the rows it is
judged on is not an estimate of anything (Leeflang 2008).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from signature.exceptions import ExperimentError, OutcomeError, PredictionsError
from signature.validation._held_out import as_event, as_probability, as_weights

Rule = Literal["sensitivity", "specificity", "youden", "probability"]


@dataclass(frozen=True)
class ThresholdRule:
    """A rule, declared beforehand, that puts the threshold.

    Parameters
    ----------
    kind : {"sensitivity", "specificity", "youden", "probability"}
        ``sensitivity``: the highest threshold with a sensitivity of at least `at`.
        ``specificity``: the lowest with a specificity of at least `at`.
        ``youden``: the one with the largest sum of both, and of several the highest. A missed event
        then counts as (1 − event rate) / (event rate) false alarms, which is seldom what is meant.
        ``probability``: `at` itself, whatever the data; at / (1 − at) is the harm of flagging a
        non-event over the benefit of flagging an event (Pauker and Kassirer 1980).
    at : float, optional
        Above 0, and at most 1 (below 1 for ``probability``); none for ``youden``.

    Raises
    ------
    ExperimentError
        When there is no such rule, or `at` does not fit it.
    """

    kind: Rule
    at: float | None = None

    def __post_init__(self) -> None:
        if self.kind not in get_args(Rule):
            raise ExperimentError(
                f"a threshold is chosen by {', '.join(get_args(Rule))}; got {self.kind!r}"
            )
        if self.kind == "youden":
            if self.at is not None:
                raise ExperimentError(f"the rule youden takes no number; got {self.at!r}")
            return
        whole = self.kind != "probability"
        if self.at is None or not (0 < self.at < 1 or (whole and self.at == 1)):
            raise ExperimentError(
                f"the rule {self.kind} needs a number above 0 and "
                f"{'at most' if whole else 'below'} 1; got {self.at!r}"
            )


@dataclass(frozen=True)
class Classification:
    """What flagging leads to, each of shape (n_draws,); NaN where there is nobody to divide by.

    Parameters
    ----------
    sensitivity : ndarray
        Share of events that are flagged.
    specificity : ndarray
        Share of non-events that are not.
    ppv, npv : ndarray
        Share of events among the flagged, and of non-events among the others.
    flagged : ndarray
        Share of all who are flagged.
    """

    sensitivity: np.ndarray
    specificity: np.ndarray
    ppv: np.ndarray
    npv: np.ndarray
    flagged: np.ndarray


def classify(
    outcome: np.ndarray,
    probability: np.ndarray,
    weights: np.ndarray,
    threshold: float | np.ndarray,
    *,
    prevalence: float | None = None,
) -> Classification:
    """Flag rows and count how many rightly.

    Parameters
    ----------
    outcome : ndarray of shape (n,)
        1 event, 0 none.
    probability : ndarray of shape (n,)
        Of the event.
    weights : ndarray of shape (n_draws, n)
        Bootstrap counts or survey weights; a line of ones is the plain estimate.
    threshold : float or ndarray of shape (n,)
        One for all rows, or for each row that of its fold's model.
    prevalence : float, optional
        Event rate, above 0 and below 1, for which `ppv`, `npv` and `flagged` are to be given, by
        Bayes' theorem from sensitivity and specificity; that of the draw when left out. Needed
        where the share of events was set by sampling, as among matched controls.

    Returns
    -------
    Classification

    Raises
    ------
    OutcomeError, PredictionsError
        When the outcome is not 0/1, or probabilities, weights or thresholds do not fit it.
    ValueError
        When `prevalence` is not between 0 and 1.

    Notes
    -----
    Sensitivity and specificity themselves often change with the prevalence (Leeflang 2013).

    Examples
    --------
    >>> y, p = np.array([0, 0, 0, 1, 1]), np.array([0.1, 0.4, 0.7, 0.4, 0.8])
    >>> found = classify(y, p, np.ones((1, 5)), 0.4)
    >>> found.sensitivity, found.specificity.round(3), found.ppv, found.npv, found.flagged
    (array([1.]), array([0.333]), array([0.5]), array([1.]), array([0.8]))
    >>> classify(y, p, np.ones((1, 5)), 0.4, prevalence=0.1).ppv.round(3)
    array([0.143])
    """
    event = as_event(outcome)
    n = len(event)
    p, w = as_probability(probability, n, "the probability"), as_weights(weights, n)
    t = np.asarray(threshold, dtype="float64")
    if t.shape not in ((), (n,)) or np.isnan(t).any():
        raise PredictionsError(
            f"threshold must be one number, or one per row, shape ({n},); got shape {t.shape}"
            + (" with missing numbers" if np.isnan(t).any() else "")
        )
    over = (p >= t).astype("float64")
    events, others = w[:, event].sum(axis=1), w[:, ~event].sum(axis=1)
    true, false = w[:, event] @ over[event], w[:, ~event] @ over[~event]
    sensitivity, specificity = _share(true, events), _share(others - false, others)
    if prevalence is None:
        flagged = _share(true + false, events + others)
        ppv, npv = (
            _share(true, true + false),
            _share(others - false, others - false + events - true),
        )
    else:
        if not 0 < prevalence < 1:
            raise ValueError(f"prevalence is a share above 0 and below 1; got {prevalence!r}")
        hit, miss = prevalence * sensitivity, prevalence * (1 - sensitivity)
        right, alarm = (1 - prevalence) * specificity, (1 - prevalence) * (1 - specificity)
        flagged, ppv, npv = hit + alarm, _share(hit, hit + alarm), _share(right, right + miss)
    return Classification(sensitivity, specificity, ppv, npv, flagged)


def choose_threshold(outcome: np.ndarray, probability: np.ndarray, rule: ThresholdRule) -> float:
    """Put the threshold by a rule, on inner out-of-fold probabilities of a training fold.

    Parameters
    ----------
    outcome : ndarray of shape (n,)
        1 event, 0 none.
    probability : ndarray of shape (n,)
        Of the event, for rows that had no part in fitting what predicts them.
    rule : ThresholdRule

    Returns
    -------
    float
        Half way between two neighbouring probabilities; 0 flags everybody, 2 nobody.

    Raises
    ------
    OutcomeError
        When the outcome is not 0/1, or has no row of a class that the rule needs: events for
        ``sensitivity``, non-events for ``specificity``, both for ``youden``.
    PredictionsError
        When there is not one probability per row.

    Notes
    -----
    The rule is met on these rows. On others it is met only roughly, and with few events often
    missed: what counts is `classify` on outer rows.

    Examples
    --------
    >>> y, p = np.array([0, 0, 0, 1, 1]), np.array([0.1, 0.4, 0.7, 0.5, 0.8])
    >>> choose_threshold(y, p, ThresholdRule("sensitivity", at=0.9))
    0.45
    >>> choose_threshold(y, p, ThresholdRule("probability", at=0.2))
    0.2
    """
    event = as_event(outcome)
    p = as_probability(probability, len(event), "the probability")
    if rule.kind == "probability":
        assert rule.at is not None
        return rule.at
    events, others = int(event.sum()), int((~event).sum())
    for count, what, kinds in (
        (events, "event", ("sensitivity", "youden")),
        (others, "non-event", ("specificity", "youden")),
    ):
        if not count and rule.kind in kinds:
            raise OutcomeError(
                f"a threshold by {rule.kind} needs at least one {what}; none of {len(event)} rows "
                "is one. Use fewer inner folds, or the rule probability"
            )
    values, code = np.unique(p, return_inverse=True)
    # counts at and above each candidate, from flagging everybody to flagging nobody
    true = events - np.r_[0, np.cumsum(np.bincount(code, weights=event))]
    kept = np.r_[0, np.cumsum(np.bincount(code, weights=~event))]
    lower, upper = values[:-1], values[1:]
    middle = (lower + upper) / 2
    cuts = np.r_[0.0, np.where(middle > lower, middle, upper), 2.0]
    if rule.kind == "youden":
        gain = true * others + kept * events
        return float(cuts[np.flatnonzero(gain == gain.max())[-1]])
    assert rule.at is not None
    # counts, not shares: 0.7 of 10 events is 7, and rounding must not make it 8
    if rule.kind == "sensitivity":
        return float(cuts[np.flatnonzero(true >= rule.at * events - 1e-9)[-1]])
    return float(cuts[np.flatnonzero(kept >= rule.at * others - 1e-9)[0]])


def _share(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    return np.divide(part, whole, out=np.full(part.shape, np.nan), where=whole > 0)
