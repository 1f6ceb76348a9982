"""What a Brier score is made of: calibration, what is told apart, and how uncertain events are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from signature.validation._held_out import as_event, as_probability, as_weights


@dataclass(frozen=True)
class BrierParts:
    """Parts that add up to the Brier score, each of shape (n_draws,).

    Parameters
    ----------
    reliability : ndarray
        Squared distance of mean probability and event rate over bins; 0 when calibrated.
    resolution : ndarray
        Squared distance of a bin's event rate from that of all; higher tells more apart.
    uncertainty : ndarray
        Event rate times its complement: the score of predicting the event rate for everybody.
    within_variance : ndarray
        Variance of the probabilities inside bins.
    within_covariance : ndarray
        Twice the covariance of probability and outcome inside bins.
    """

    reliability: np.ndarray
    resolution: np.ndarray
    uncertainty: np.ndarray
    within_variance: np.ndarray
    within_covariance: np.ndarray

    @property
    def brier(self) -> np.ndarray:
        """Their sum: reliability − resolution + uncertainty + within variance − covariance."""
        between = self.reliability - self.resolution + self.uncertainty
        return between + self.within_variance - self.within_covariance


def brier_parts(
    outcome: np.ndarray, probability: np.ndarray, weights: np.ndarray, *, bins: int = 10
) -> BrierParts:
    """Take the Brier score apart over bins of equal size (Murphy 1973).

    With probabilities that differ inside a bin the three parts of Murphy do not add up; the two
    within-bin parts are what is missing (Stephenson, Coelho and Jolliffe 2008).

    Parameters
    ----------
    outcome : ndarray of shape (n,)
        1 event, 0 none.
    probability : ndarray of shape (n,)
        Of the event.
    weights : ndarray of shape (n_draws, n)
        Bootstrap counts or survey weights; a line of ones is the plain estimate.
    bins : int
        At most so many, cut at quantiles of all rows, the same for every draw. Tied probabilities
        stay together, so there may be fewer.

    Returns
    -------
    BrierParts
        NaN in a draw without rows.

    Raises
    ------
    OutcomeError, PredictionsError
        When the outcome is not 0/1, or probabilities or weights do not fit it.
    ValueError
        When `bins` is below 1.

    Notes
    -----
    Few rows per bin make reliability and resolution too high by about the same amount: a calibrated
    model has a reliability of about (bins / n) · Brier, not 0 (Bröcker 2012). Bootstrap draws add
    that amount once more, so their percentiles are no interval of a reliability near 0.

    Examples
    --------
    >>> y, p = np.array([0, 0, 1, 1]), np.array([0.1, 0.3, 0.5, 0.7])
    >>> parts = brier_parts(y, p, np.ones((1, 4)), bins=2)
    >>> parts.reliability.round(3), parts.resolution.round(3), parts.uncertainty.round(3)
    (array([0.1]), array([0.25]), array([0.25]))
    >>> parts.brier.round(3)
    array([0.11])
    """
    event = as_event(outcome)
    p = as_probability(probability, len(event), "the probability")
    w = as_weights(weights, len(event))
    which = _bins(p, bins)
    member = (which[:, None] == np.arange(which.max() + 1)).astype("float64")
    y = event.astype("float64")
    size, events, mass = (w @ (member * by[:, None]) for by in (np.ones(len(y)), y, p))
    squares, joint = w @ (member * (p**2)[:, None]), w @ (member * (p * y)[:, None])
    total = w.sum(axis=1)
    empty = total <= 0
    total = np.where(empty, np.nan, total)
    rate, mean = (np.divide(a, size, out=np.zeros_like(a), where=size > 0) for a in (events, mass))
    overall = events.sum(axis=1) / total

    def averaged(by_bin: np.ndarray) -> np.ndarray:
        return by_bin.sum(axis=1) / total

    return BrierParts(
        reliability=averaged(size * (mean - rate) ** 2),
        resolution=averaged(size * (rate - overall[:, None]) ** 2),
        uncertainty=overall * (1 - overall),
        within_variance=averaged(squares - size * mean**2),
        within_covariance=2 * averaged(joint - size * mean * rate),
    )


def scaled_brier(outcome: np.ndarray, probability: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Share of the uncertainty that a model takes away: 1 − Brier / (rate · (1 − rate)).

    Parameters
    ----------
    outcome, probability, weights
        As of `brier_parts`.

    Returns
    -------
    ndarray of shape (n_draws,)
        At most 1; 0 is no better than predicting everybody the event rate of these very rows, which
        no model knows beforehand, and below 0 is worse. NaN where all rows are of one class.

    Raises
    ------
    OutcomeError, PredictionsError
        As of `brier_parts`.

    Examples
    --------
    >>> scaled_brier(np.array([0, 0, 1, 1]), np.array([0.1, 0.3, 0.5, 0.7]), np.ones((1, 4)))
    array([0.56])
    """
    parts = brier_parts(outcome, probability, weights, bins=1)
    event, w = as_event(outcome), np.asarray(weights)
    # of the weights themselves: rounding must not make one class an uncertainty of 1e-16
    known = (w[:, event] > 0).any(axis=1) & (w[:, ~event] > 0).any(axis=1)
    ratio = np.divide(parts.brier, parts.uncertainty, out=np.full(known.shape, np.nan), where=known)
    return 1 - ratio


def _bins(p: np.ndarray, bins: int) -> np.ndarray:
    """Bin of each row, from 0 without gaps: by the middle of its ties' ranks."""
    if bins < 1:
        raise ValueError(f"bins is a number of groups of rows, at least 1; got {bins!r}")
    _, code, counts = np.unique(p, return_inverse=True, return_counts=True)
    middle = np.cumsum(counts) - counts / 2
    wanted = np.minimum((middle / len(p) * bins).astype(int), bins - 1)
    return np.unique(wanted, return_inverse=True)[1][code]
