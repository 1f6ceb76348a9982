"""Does a ranking by predicted benefit find those who benefit more: TOC, AUTOC and Qini.

Treating first those of highest priority, the targeting operator characteristic (TOC) at a share u
is how much larger the average benefit is among the first u of the people than among all (Yadlowsky,
Fleming, Shah, Brunskill and Wager 2025). Its area is the AUTOC, which looks most at the very first;
weighted by u it is the Qini coefficient, which suits a benefit that many share. Both are 0 when the
ranking has nothing to do with benefit, on average over data, whatever the prognosis.

People of equal priority come in no order: each counts as their average. Between persons the curve
of summed benefit is straight, so a weight counts as so many copies and only ratios of weights
matter. Libraries that sum over persons instead differ by the order of (log n) / n.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from signature.validation._held_out import as_scores, as_weights

_DRAWS_AT_ONCE = 100
"""Draws worked on together: few enough to keep memory small."""


def autoc(benefit: np.ndarray, priority: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Area under the TOC.

    Parameters
    ----------
    benefit : ndarray of shape (n,)
        Scores whose average is the benefit, as of `signature.effect.trial.aipw.benefit_scores`.
    priority : ndarray of shape (n,)
        Who is treated first: higher is earlier. Predicted benefit, held out, or any score that had
        no part of these rows' outcomes.
    weights : ndarray of shape (n_draws, n)
        Counts of half-samples or survey weights; a line of ones is the plain estimate.

    Returns
    -------
    ndarray of shape (n_draws,)
        NaN in a draw without rows.

    Raises
    ------
    PredictionsError
        When benefit, priority or weights do not fit.

    Examples
    --------
    >>> autoc(np.array([0.0, 0, 1, 1]), np.array([1, 2, 3, 4]), np.ones((1, 4))).round(3)
    array([0.347])
    >>> autoc(np.array([0.0, 0, 1, 1]), np.zeros(4), np.ones((1, 4)))
    array([0.])
    """

    def area(before: np.ndarray, own: np.ndarray, sums: np.ndarray, mean: np.ndarray) -> np.ndarray:
        # of the average of the first, over the stretch of each tie: its own average, and what those
        # before it differ from that, which thins out as 1/share
        rest = sums - mean * before
        reach = np.log1p(np.divide(own, before, out=np.zeros_like(own), where=before > 0))
        return (own * mean + rest * reach).sum(axis=1)

    return _by_stretches(benefit, priority, weights, area)


def qini(benefit: np.ndarray, priority: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Area under the TOC times the share treated.

    Parameters
    ----------
    benefit, priority, weights
        As of `autoc`.

    Returns
    -------
    ndarray of shape (n_draws,)
        Average gain of treating a share of the people drawn evenly from 0 to 1 by priority over
        treating as many at random, per person. NaN in a draw without rows.

    Raises
    ------
    PredictionsError
        As of `autoc`.

    Examples
    --------
    >>> qini(np.array([0.0, 0, 1, 1]), np.array([1, 2, 3, 4]), np.ones((1, 4)))
    array([0.125])
    """

    def area(before: np.ndarray, own: np.ndarray, sums: np.ndarray, mean: np.ndarray) -> np.ndarray:
        return (own * (sums + own * mean / 2)).sum(axis=1)

    return _by_stretches(benefit, priority, weights, area, by_share=True)


def toc(
    benefit: np.ndarray, priority: np.ndarray, weights: np.ndarray, shares: np.ndarray
) -> np.ndarray:
    """Average benefit of the share treated first, less that of all.

    Parameters
    ----------
    benefit, priority, weights
        As of `autoc`.
    shares : ndarray of shape (n_shares,)
        Above 0, at most 1.

    Returns
    -------
    ndarray of shape (n_draws, n_shares)
        NaN in a draw without rows.

    Raises
    ------
    PredictionsError
        As of `autoc`.
    ValueError
        When a share is out of its range.

    Examples
    --------
    >>> benefit, priority = np.array([0.0, 0, 1, 1]), np.array([1, 2, 3, 4])
    >>> toc(benefit, priority, np.ones((1, 4)), np.array([0.25, 0.5, 1])).round(3)
    array([[0.5, 0.5, 0. ]])
    """
    at = np.asarray(shares, dtype="float64")
    if at.ndim != 1 or not ((at > 0) & (at <= 1)).all():
        raise ValueError(f"shares of people treated must be above 0 and at most 1; got {shares!r}")
    out = []
    for own, total in _ties(benefit, priority, weights):
        reached, gained = _from_zero(np.cumsum(own, axis=1)), _from_zero(np.cumsum(total, axis=1))
        first = np.stack([np.interp(at, *curve) for curve in zip(reached, gained, strict=True)])
        out.append(first / at - gained[:, -1:])
    return np.concatenate(out)


def _by_stretches(
    benefit: np.ndarray,
    priority: np.ndarray,
    weights: np.ndarray,
    area: Callable[[np.ndarray, np.ndarray, np.ndarray, np.ndarray], np.ndarray],
    *,
    by_share: bool = False,
) -> np.ndarray:
    """Sum an area over ties, and take off that of the average benefit."""
    out = []
    for own, total in _ties(benefit, priority, weights):
        before, sums = np.cumsum(own, axis=1) - own, np.cumsum(total, axis=1) - total
        mean = np.divide(total, own, out=np.zeros_like(total), where=own > 0)
        everybody = total.sum(axis=1) * (0.5 if by_share else 1.0)
        out.append(area(before, own, sums, mean) - everybody)
    return np.concatenate(out)


def _ties(
    benefit: np.ndarray, priority: np.ndarray, weights: np.ndarray
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Weight and summed benefit of each tie, highest priority first, as shares of each draw."""
    b = as_scores(benefit, len(benefit), "the benefit")
    s = as_scores(priority, len(b), "the priority")
    order = np.argsort(-s, kind="stable")
    starts = np.flatnonzero(np.r_[True, np.diff(s[order]) != 0])
    parts = []
    for i in range(0, len(weights), _DRAWS_AT_ONCE):
        w = as_weights(weights[i : i + _DRAWS_AT_ONCE], len(b))[:, order]
        total = w.sum(axis=1, keepdims=True)
        w = np.divide(w, total, out=np.full(w.shape, np.nan), where=total > 0)
        summed = np.add.reduceat(w * b[order], starts, axis=1)
        parts.append((np.add.reduceat(w, starts, axis=1), summed))
    return parts


def _from_zero(curve: np.ndarray) -> np.ndarray:
    return np.concatenate([np.zeros((len(curve), 1)), curve], axis=1)
