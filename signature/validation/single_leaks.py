"""How well one feature alone, or the want of it, tells the outcome; one row per person."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import numpy as np
from scipy.optimize import brentq
from scipy.special import ndtri
from scipy.stats import fisher_exact

from signature.learn.single_marker import column_auroc

_AT_ONCE = 500
"""Rows, or permutations, that are held in memory together."""


@dataclass(frozen=True)
class FeatureAuroc:
    """How well a feature alone ranks events above non-events.

    Parameters
    ----------
    auroc, low, high : float
        With its 95 % interval; below 1/2 where events have low values.
    people, events : int
        In whom the feature is known.
    """

    auroc: float
    low: float
    high: float
    people: int
    events: int


def feature_auroc(values: np.ndarray, outcome: np.ndarray) -> FeatureAuroc | None:
    """Rank people by a feature.

    Parameters
    ----------
    values : ndarray of shape (n,)
        Missing as NaN; minus infinity below every limit.
    outcome : ndarray of shape (n,)
        1 event, 0 none.

    Returns
    -------
    FeatureAuroc or None
        None where one class is never known.

    Examples
    --------
    >>> feature_auroc(np.array([1.0, 2.0, np.nan, 4.0]), np.array([0, 0, 1, 1])).auroc
    1.0
    """
    known = ~np.isnan(values)
    y = np.asarray(outcome)[known]
    events = int(y.sum())
    if events in (0, len(y)):
        return None
    auroc = float(column_auroc(values[known][:, None], y)[0])
    low, high = auroc_interval(auroc, events, len(y) - events)
    return FeatureAuroc(auroc, low, high, len(y), events)


def auroc_interval(auroc: float, events: int, others: int) -> tuple[float, float]:
    """Find the 95 % interval of an AUROC that has a width also at 0 and 1.

    All AUROCs that lie within 1.96 of their own standard error (method 5 of Newcombe 2006).

    Examples
    --------
    >>> low, high = auroc_interval(1.0, 20, 20)
    >>> round(low, 3), high
    (0.899, 1.0)
    """
    z = float(ndtri(0.975))
    shared = (events + others) / 2 - 1

    def excess(at: float) -> float:
        spread = 1 + shared * ((1 - at) / (2 - at) + at / (1 + at))
        return abs(auroc - at) - z * sqrt(max(at * (1 - at) * spread / (events * others), 0.0))

    # at 0 and 1 the standard error vanishes, just beside them it does not
    low = float(brentq(excess, 0.0, min(auroc, 1 - 1e-9))) if auroc > 1e-9 else 0.0
    high = float(brentq(excess, max(auroc, 1e-9), 1.0)) if auroc < 1 - 1e-9 else 1.0
    return low, high


@dataclass(frozen=True)
class MissingAuroc:
    """How well it tells the outcome that a feature is missing.

    Parameters
    ----------
    auroc : float
        Above 1/2 where the feature is missing more often in people with the event.
    pvalue : float
        Fisher's exact test.
    adjusted : float
        With all features looked at (Holm 1979).
    missing : int
        People in whom it is.
    """

    auroc: float
    pvalue: float
    adjusted: float
    missing: int


def missing_aurocs(missing: np.ndarray, outcome: np.ndarray) -> list[MissingAuroc]:
    """Look at each feature for values that are missing by outcome.

    Parameters
    ----------
    missing : ndarray of bool, shape (n, n_features)
    outcome : ndarray of shape (n,)
        Both classes.

    Examples
    --------
    >>> event = np.repeat([0, 1], 20)
    >>> (found,) = missing_aurocs((event * np.tile([1, 0], 20))[:, None].astype(bool), event)
    >>> found.auroc, found.adjusted < 0.001
    (0.75, True)
    """
    event = np.asarray(outcome) == 1
    aurocs, pvalues = [], []
    for gone in missing.T:
        with_event, without = int(gone[event].sum()), int(gone[~event].sum())
        shares = with_event / event.sum(), without / (~event).sum()
        table = [[with_event, event.sum() - with_event], [without, (~event).sum() - without]]
        aurocs.append(float(0.5 + (shares[0] - shares[1]) / 2))
        pvalues.append(float(fisher_exact(table).pvalue))
    return [
        MissingAuroc(a, p, q, int(gone.sum()))
        for a, p, q, gone in zip(aurocs, pvalues, _holm(pvalues), missing.T, strict=True)
    ]


def _holm(pvalues: list[float]) -> list[float]:
    p = np.asarray(pvalues)
    order = np.argsort(p, kind="stable")
    steps = np.minimum(np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1)), 1.0)
    adjusted = np.empty(len(p))
    adjusted[order] = steps
    return [float(q) for q in adjusted]
