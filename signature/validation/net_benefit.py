"""Is a model of use for a decision: net benefit over threshold probabilities.

A decision curve (Vickers and Elkin 2006). At a threshold probability t, those with a probability
of t or more are treated; t / (1 − t) is the harm of treating a non-event over the benefit of
treating an event. Net benefit is in events treated per person, and treating nobody has 0 at every
threshold. All functions take the draws from outside, so that two models on the same draws have a
difference with an interval.

The curve says nothing about which t is right: a clinician's judgement does, before the curve is
seen. Probabilities must be calibrated; a poor calibration costs net benefit, as it should.
"""

from __future__ import annotations

import numpy as np

from signature.validation._held_out import as_event, as_probability, as_weights


def net_benefit(
    outcome: np.ndarray, probability: np.ndarray, weights: np.ndarray, thresholds: np.ndarray
) -> np.ndarray:
    """Net benefit of treating by the model: events treated, less the non-events that it costs.

    Parameters
    ----------
    outcome : ndarray of shape (n,)
        1 event, 0 none.
    probability : ndarray of shape (n,)
        Of the event.
    weights : ndarray of shape (n_draws, n)
        Bootstrap counts or survey weights; a line of ones is the plain estimate.
    thresholds : ndarray of shape (n_thresholds,)
        Above 0 and below 1. Who is exactly at a threshold is treated.

    Returns
    -------
    ndarray of shape (n_draws, n_thresholds)
        Share of events treated minus t / (1 − t) times the share of non-events treated, both of all
        persons; at most the event rate. NaN in a draw without rows.

    Raises
    ------
    OutcomeError, PredictionsError
        When the outcome is not 0/1, or probabilities or weights do not fit it.
    ValueError
        When a threshold is not between 0 and 1.

    Examples
    --------
    >>> y, p = np.array([0, 0, 1, 1]), np.array([0.1, 0.4, 0.3, 0.8])
    >>> net_benefit(y, p, np.ones((1, 4)), np.array([0.2, 0.5])).round(4)
    array([[0.4375, 0.25  ]])
    """
    event = as_event(outcome)
    p = as_probability(probability, len(event), "the probability")
    w, t = as_weights(weights, len(event)), _checked(thresholds)
    treated = (p[:, None] >= t).astype("float64")
    return _net(w[:, event] @ treated[event], w[:, ~event] @ treated[~event], w.sum(axis=1), t)


def net_benefit_of_all(
    outcome: np.ndarray, weights: np.ndarray, thresholds: np.ndarray
) -> np.ndarray:
    """Net benefit of treating everybody, whatever a model says; 0 where t is the event rate.

    Parameters
    ----------
    outcome, weights, thresholds
        As of `net_benefit`.

    Returns
    -------
    ndarray of shape (n_draws, n_thresholds)

    Raises
    ------
    OutcomeError, PredictionsError, ValueError
        As of `net_benefit`.

    Examples
    --------
    >>> net_benefit_of_all(np.array([0, 0, 1, 1]), np.ones((1, 4)), np.array([0.2, 0.5]))
    array([[0.375, 0.   ]])
    """
    event = as_event(outcome)
    w, t = as_weights(weights, len(event)), _checked(thresholds)
    treated = np.ones((1, len(t)))
    events = w[:, event].sum(axis=1, keepdims=True) * treated
    others = w[:, ~event].sum(axis=1, keepdims=True) * treated
    return _net(events, others, w.sum(axis=1), t)


def gain_over_defaults(
    outcome: np.ndarray, probability: np.ndarray, weights: np.ndarray, thresholds: np.ndarray
) -> np.ndarray:
    """Net benefit of the model minus that of treating all or nobody, whichever is better.

    Parameters
    ----------
    outcome, probability, weights, thresholds
        As of `net_benefit`.

    Returns
    -------
    ndarray of shape (n_draws, n_thresholds)
        Above 0 where the model is of use. The better default is found anew in each draw, so an
        interval is for beating both.

    Raises
    ------
    OutcomeError, PredictionsError, ValueError
        As of `net_benefit`.

    Notes
    -----
    An interval holds at a threshold that was named beforehand. Looking for the thresholds at which
    it lies above 0 is looking many times.

    Examples
    --------
    >>> y, p = np.array([0, 0, 1, 1]), np.array([0.1, 0.4, 0.3, 0.8])
    >>> gain_over_defaults(y, p, np.ones((1, 4)), np.array([0.2, 0.5])).round(4)
    array([[0.0625, 0.25  ]])
    """
    own = net_benefit(outcome, probability, weights, thresholds)
    return own - np.maximum(net_benefit_of_all(outcome, weights, thresholds), 0)


def _net(events: np.ndarray, others: np.ndarray, total: np.ndarray, t: np.ndarray) -> np.ndarray:
    net = events - others * (t / (1 - t))
    out = np.full(net.shape, np.nan)
    return np.divide(net, total[:, None], out=out, where=total[:, None] > 0)


def _checked(thresholds: np.ndarray) -> np.ndarray:
    t = np.asarray(thresholds, dtype="float64")
    if t.ndim != 1 or not len(t) or not ((t > 0) & (t < 1)).all():
        raise ValueError(
            "thresholds are probabilities from which on one would treat, one or more, each above 0 "
            f"and below 1; got shape {t.shape}"
            + (f" from {t.min():g} to {t.max():g}" if t.size else "")
        )
    return t
