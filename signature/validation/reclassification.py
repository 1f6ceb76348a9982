"""Who changes sides when one model takes the place of another.

The net reclassification improvement (Pencina 2008) is kept in its two parts, among events and among
non-events; their sum weighs both alike whatever their numbers, and is not given. With one threshold
the parts are the differences in sensitivity and in specificity.

None of this is a test of whether a model adds something. Useless markers tend to improve
reclassification, also on rows that had no part in fitting, when the models differ in calibration
(Hilden and Gerds 2014; Pepe 2015), and the usual z statistics are invalid. Whether something is
added is for the log-likelihood, the Brier score or net benefit to say; these numbers then describe
for whom. The variant without thresholds, which counts any change, is left out for the same reason.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from signature.validation._held_out import as_event, as_probability, as_weights


@dataclass(frozen=True)
class Reclassification:
    """Net shares that move the right way, each of shape (n_draws,); NaN without such rows.

    Parameters
    ----------
    events : ndarray
        Share of events that move up minus the share that move down.
    non_events : ndarray
        Share of non-events that move down minus the share that move up.
    """

    events: np.ndarray
    non_events: np.ndarray


@dataclass(frozen=True)
class Discrimination:
    """Mean changes of probability the right way, each of shape (n_draws,); NaN without such rows.

    Parameters
    ----------
    events : ndarray
        Mean probability of events under the model minus under the other.
    non_events : ndarray
        Mean probability of non-events under the other minus under the model.
    """

    events: np.ndarray
    non_events: np.ndarray

    @property
    def idi(self) -> np.ndarray:
        """Integrated discrimination improvement: the sum, a difference of discrimination slopes."""
        return self.events + self.non_events


def reclassify(
    outcome: np.ndarray,
    probability: np.ndarray,
    other: np.ndarray,
    weights: np.ndarray,
    thresholds: np.ndarray,
) -> Reclassification:
    """Net reclassification by a model against another, in its two parts.

    Parameters
    ----------
    outcome : ndarray of shape (n,)
        1 event, 0 none.
    probability, other : ndarray of shape (n,)
        Of the event, by the model and by the one it is compared with, both calibrated.
    weights : ndarray of shape (n_draws, n)
        Bootstrap counts or survey weights; a line of ones is the plain estimate.
    thresholds : ndarray of shape (n_thresholds,)
        Rising, above 0 and below 1; at a threshold counts as above. They are those at which
        something is done differently, named before the data are seen.

    Returns
    -------
    Reclassification
        Positive where the model is better. Moving over two thresholds counts as moving once.

    Raises
    ------
    OutcomeError, PredictionsError
        When the outcome is not 0/1, or probabilities or weights do not fit it.
    ValueError
        When thresholds do not rise from above 0 to below 1.

    Examples
    --------
    >>> y = np.array([0, 0, 0, 0, 1, 1])
    >>> old = np.array([0.1, 0.3, 0.3, 0.3, 0.1, 0.4])
    >>> new = np.array([0.1, 0.1, 0.3, 0.1, 0.6, 0.4])
    >>> found = reclassify(y, new, old, np.ones((1, 6)), np.array([0.2]))
    >>> found.events, found.non_events
    (array([0.5]), array([0.5]))
    """
    event, p, q, cuts = _checked(outcome, probability, other, thresholds)
    moved = np.sign(_category(p, cuts) - _category(q, cuts))
    up, down = _by_class(moved, event, as_weights(weights, len(event)))
    return Reclassification(up, -down)


def reclassification_table(
    outcome: np.ndarray, probability: np.ndarray, other: np.ndarray, thresholds: np.ndarray
) -> np.ndarray:
    """Count rows by what both models say of them.

    Parameters
    ----------
    outcome, probability, other, thresholds
        As of `reclassify`.

    Returns
    -------
    ndarray of int, shape (2, n_thresholds + 1, n_thresholds + 1)
        Non-events first, then events; by category of the other model, then of the model, from the
        lowest. Small counts can point at a person: whoever prints them decides which to hide.

    Raises
    ------
    OutcomeError, PredictionsError, ValueError
        As of `reclassify`.

    Examples
    --------
    >>> y = np.array([0, 0, 0, 0, 1, 1])
    >>> old = np.array([0.1, 0.3, 0.3, 0.3, 0.1, 0.4])
    >>> new = np.array([0.1, 0.1, 0.3, 0.1, 0.6, 0.4])
    >>> reclassification_table(y, new, old, np.array([0.2])).tolist()
    [[[1, 0], [2, 1]], [[0, 1], [0, 1]]]
    """
    event, p, q, cuts = _checked(outcome, probability, other, thresholds)
    counts = np.zeros((2, len(cuts) + 1, len(cuts) + 1), dtype="int64")
    np.add.at(counts, (event.astype(int), _category(q, cuts), _category(p, cuts)), 1)
    return counts


def discrimination_change(
    outcome: np.ndarray, probability: np.ndarray, other: np.ndarray, weights: np.ndarray
) -> Discrimination:
    """Mean change of probability, among events and among non-events (Pencina 2008).

    Parameters
    ----------
    outcome, probability, other, weights
        As of `reclassify`.

    Returns
    -------
    Discrimination
        Positive where the model is better; its sum is the IDI. Probabilities that are merely more
        extreme raise it, right or wrong.

    Raises
    ------
    OutcomeError, PredictionsError
        As of `reclassify`.

    Examples
    --------
    >>> y, new, old = np.array([0, 0, 1]), np.array([0.1, 0.3, 0.8]), np.array([0.2, 0.4, 0.5])
    >>> found = discrimination_change(y, new, old, np.ones((1, 3)))
    >>> found.events.round(3), found.non_events.round(3), found.idi.round(3)
    (array([0.3]), array([0.1]), array([0.4]))
    """
    event = as_event(outcome)
    p = as_probability(probability, len(event), "the model's probability")
    q = as_probability(other, len(event), "the other model's probability")
    up, down = _by_class(p - q, event, as_weights(weights, len(event)))
    return Discrimination(up, -down)


def _by_class(
    change: np.ndarray, event: np.ndarray, w: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Weighted mean of a change among events and among the others, by draw."""
    found = []
    for member in (event, ~event):
        total = w[:, member].sum(axis=1)
        out = np.full(len(w), np.nan)
        found.append(np.divide(w[:, member] @ change[member], total, out=out, where=total > 0))
    return found[0], found[1]


def _category(p: np.ndarray, cuts: np.ndarray) -> np.ndarray:
    return np.searchsorted(cuts, p, side="right")


def _checked(
    outcome: np.ndarray, probability: np.ndarray, other: np.ndarray, thresholds: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    event = as_event(outcome)
    p = as_probability(probability, len(event), "the model's probability")
    q = as_probability(other, len(event), "the other model's probability")
    cuts = np.atleast_1d(np.asarray(thresholds, dtype="float64"))
    inside = cuts.ndim == 1 and len(cuts) > 0 and bool(((cuts > 0) & (cuts < 1)).all())
    if not inside or (np.diff(cuts) <= 0).any():
        raise ValueError(
            "thresholds are one or more probabilities that rise, each above 0 and below 1; got "
            f"{np.array2string(cuts, threshold=10)}"
        )
    return event, p, q, cuts
