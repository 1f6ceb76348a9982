"""Is any marker associated? The strongest one, against the strongest where none can be."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from signature.select.covariates import Adjusted
from signature.select.half_samples import PeopleInRows
from signature.select.marker_scores import MarkerScores

_AT_ONCE = 100
"""Draws that are held in memory together."""


@dataclass(frozen=True, eq=False)
class StrongestMarker:
    """The test that no marker is associated (Westfall and Young 1993, single step).

    Parameters
    ----------
    pvalue : float
        Of the strongest marker: how often draws have one as strong or stronger.
    adjusted : ndarray of shape (n_columns,)
        The same for each marker column, with all of them looked at.
    """

    pvalue: float
    adjusted: np.ndarray


def strongest_marker(
    adjusted: Adjusted,
    people: PeopleInRows,
    rng: np.random.Generator,
    *,
    draws: int,
    alpha: float,
) -> StrongestMarker:
    """Compare the largest score with that of data in which no marker is associated.

    A marker's score is its coefficient for the outcome, both as covariates leave them, over a
    standard error that lets every person spread otherwise (White 1980). It is compared with two
    kinds of draws, and the larger p-value counts:

    - people trade places. Exact, whatever the correlations and however skewed the markers, where
      people are exchangeable (DiCiccio and Romano 2017);
    - people change signs, and covariates are taken out anew (Hemerik, Goeman and Finos 2020).
      Holds where the spread of a marker differs between classes or goes with a covariate, which the
      first takes for a signal, and does not hold for few people and skewed markers, which the first
      can.

    Parameters
    ----------
    adjusted : Adjusted
    people : PeopleInRows
    rng : numpy.random.Generator
    draws : int
        Of each kind, at most: where it is clear that the p-value will exceed twice `alpha`, no more
        are made.
    alpha : float
        What the p-value is for.

    Examples
    --------
    >>> from signature.select.covariates import adjust
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(40, 5))
    >>> people = PeopleInRows(np.arange(40), np.zeros(40))
    >>> y = X[:, 2] + rng.normal(size=40)
    >>> given = adjust(X, np.empty((40, 0)), y, family="linear", rarer=20)
    >>> strongest_marker(given, people, rng, draws=199, alpha=0.05).adjusted.round(3)
    array([0.98 , 0.15 , 0.06 , 0.825, 0.99 ])
    """
    scores = MarkerScores(adjusted, people)
    enough = np.ceil(2 * alpha * (1 + draws))
    of_both = np.zeros(adjusted.markers.shape[1])
    for observed, draw in (
        (scores.observed(by_leverage=True), scores.permuted),
        (scores.observed(by_leverage=False), scores.flipped),
    ):
        as_strong, made = np.zeros(len(observed)), 0
        while made < draws and as_strong.min() < enough:
            largest = np.sort(draw(min(_AT_ONCE, draws - made), rng).max(axis=1))
            made += len(largest)
            as_strong += len(largest) - np.searchsorted(largest, observed * (1 - 1e-12))
        of_both = np.maximum(of_both, (1 + as_strong) / (1 + made))
    return StrongestMarker(float(of_both.min()), of_both)
