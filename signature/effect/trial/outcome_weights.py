"""Weights for people whose outcome is known, so that they stand for those whose outcome is not.

Known outcomes are weighted by one over the probability of being known (Robins, Rotnitzky and Zhao
1994). That is right where nothing but what the probability was learned from decides who is lost
("missing at random"), which no data can show.
"""

from __future__ import annotations

import numpy as np
from sklearn.linear_model import LogisticRegression

from signature.exceptions import OutcomeError

FEWEST_LOST = 5
"""People of an arm, known or lost, below which all of the arm get the same probability."""

TRIMMED_ABOVE = 0.99
"""Quantile of an arm's weights that larger ones are cut to."""


def inverse_probability_weights(
    known: np.ndarray, code: np.ndarray, baseline: np.ndarray
) -> tuple[np.ndarray, int]:
    """Weight known outcomes by one over their probability, given arm and baseline features.

    Ridge-penalised logistic regression (scikit-learn's, C = 1) within each arm. Weights above
    their 99th percentile in the arm are cut to it, and an arm's weights are then scaled to add up
    to its people (Hájek 1971).

    Parameters
    ----------
    known : ndarray of bool, shape (n,)
        Whether the outcome is.
    code : ndarray of int, shape (n,)
        Arm of each person.
    baseline : ndarray of shape (n, k)
        Standardised features without gaps.

    Returns
    -------
    weight : ndarray of shape (n,)
        0 where the outcome is not known. The mean over an arm's known is one over their share.
    trimmed : int
        Weights that were cut.

    Raises
    ------
    OutcomeError
        When an arm has no known outcome.

    Examples
    --------
    >>> known = np.array([True, True, True, False, True, True])
    >>> weight, trimmed = inverse_probability_weights(known, np.array([0, 0, 0, 0, 1, 1]),
    ...                                               np.zeros((6, 1)))
    >>> weight.round(2).tolist(), trimmed
    ([1.33, 1.33, 1.33, 0.0, 1.0, 1.0], 0)
    """
    weight = np.zeros(len(known))
    trimmed = 0
    for arm in np.unique(code):
        member = code == arm
        here = known[member]
        if not here.any():
            raise OutcomeError(
                f"the outcome is known of nobody of the {int(member.sum())} people in arm number "
                f"{arm}; leave the arm out"
            )
        probability = np.full(len(here), here.mean())
        if min(here.sum(), (~here).sum()) >= FEWEST_LOST and baseline.shape[1]:
            model = LogisticRegression(C=1.0, max_iter=1000).fit(baseline[member], here)
            probability = model.predict_proba(baseline[member])[:, 1]
        inverse = 1 / probability[here]
        # a quantile of equal weights may miss them by rounding
        most = float(np.quantile(inverse, TRIMMED_ABOVE)) * (1 + 1e-12)
        trimmed += int((inverse > most).sum())
        inverse = np.minimum(inverse, most)
        weight[member & known] = inverse * len(here) / inverse.sum()
    return weight, trimmed


def censoring_weights(
    time: np.ndarray, event: np.ndarray, code: np.ndarray, horizon: float
) -> np.ndarray:
    r"""Weight those whose status at the horizon is known by one over P(not censored before).

    The censoring distribution :math:`G` of each arm is estimated by Kaplan and Meier's product,
    with events before censorings of the same day. Those with the event by the horizon get
    :math:`1 / G(t-)`, those event-free there :math:`1 / G(\tau-)`, those censored before 0. The
    weighted share of events in an arm is then one less its Kaplan–Meier estimate at the horizon.

    Parameters
    ----------
    time : ndarray of shape (n,)
        Days to the event or to the end of observation.
    event : ndarray of shape (n,)
        1 where `time` ended with the event, else 0.
    code : ndarray of int, shape (n,)
        Arm of each person; censoring is taken as independent of the event within it.
    horizon : float
        Day by which events count; an event on that day does.

    Returns
    -------
    ndarray of shape (n,)
        They add up to the people of each arm.

    Raises
    ------
    OutcomeError
        When nobody of an arm was followed to the horizon without the event: its risk is unknown.

    Examples
    --------
    >>> time, event = np.array([1.0, 2, 3, 9, 9]), np.array([1, 0, 1, 0, 0])
    >>> censoring_weights(time, event, np.zeros(5, dtype=int), 5).round(3).tolist()
    [1.0, 0.0, 1.333, 1.333, 1.333]
    """
    weight = np.zeros(len(time))
    for arm in np.unique(code):
        member = np.flatnonzero(code == arm)
        t, d = time[member], event[member] == 1
        free = (t > horizon) | ((t == horizon) & ~d)
        if not free.any():
            raise OutcomeError(
                f"nobody of the {len(member)} people in arm number {arm} was followed to day "
                f"{horizon:g} without the event; choose an earlier horizon"
            )
        known = free | (d & (t <= horizon))
        weight[member[known]] = 1 / _uncensored_before(t, d, np.minimum(t[known], horizon))
    return weight


def _uncensored_before(time: np.ndarray, event: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Kaplan–Meier probability of not being censored before each of the times `at`."""
    days = np.unique(time[~event])
    censored = (time[~event][:, None] == days).sum(axis=0)
    # at a day with both, those with the event are no longer at risk of being censored
    at_risk = (time[:, None] > days).sum(axis=0) + censored
    survival = np.concatenate([[1.0], np.cumprod(1 - censored / at_risk)])
    return survival[np.searchsorted(days, at, side="left")]
