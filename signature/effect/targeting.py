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
from dataclasses import dataclass

import numpy as np

from signature.effect.estimate import Estimate, as_weight, estimate, person_codes
from signature.effect.half_draws import half_samples
from signature.validation._held_out import as_scores, as_weights

_DRAWS_AT_ONCE = 100
"""Draws worked on together: few enough to keep memory small."""

SHARES = tuple(round(0.1 * tenth, 1) for tenth in range(1, 11))


@dataclass(frozen=True)
class Targeting:
    """How well a ranking finds benefit.

    Parameters
    ----------
    autoc, qini : Estimate
        In units of the outcome; above 0 when those ranked first benefit more.
    shares : tuple of float
        Of the people treated, at which the curve is given.
    toc : tuple of Estimate
        Average benefit of those ranked first, less that of all. Intervals are for one share each,
        named beforehand. At a share of 1 it is 0.
    people : int
    """

    autoc: Estimate
    qini: Estimate
    shares: tuple[float, ...]
    toc: tuple[Estimate, ...]
    people: int


def autoc(benefit: np.ndarray, priority: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Area under the TOC.

    Parameters
    ----------
    benefit : ndarray of shape (n,)
        Scores whose average is the benefit, as of `signature.effect.aipw.benefit_scores`.
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


def targeting(
    benefit: np.ndarray,
    priority: np.ndarray,
    rng: np.random.Generator,
    *,
    arm: np.ndarray | None = None,
    person: np.ndarray | None = None,
    fold: np.ndarray | None = None,
    weight: np.ndarray | None = None,
    shares: tuple[float, ...] = SHARES,
    draws: int = 2000,
    level: float = 0.95,
) -> Targeting:
    """Measure a ranking, with intervals from half-samples of people.

    Parameters
    ----------
    benefit, priority
        As of `autoc`.
    rng : Generator
    arm : ndarray of shape (n,), optional
        In which the person was; halves then have half of each arm, as a trial fixes their sizes.
    person : ndarray of shape (n,), optional
        Whose row it is; left out, every row is a person.
    fold : ndarray of shape (n,), optional
        Held-out fold of the row. Models of several folds rank on scales of their own, so people
        are ranked within each, and folds averaged by their weight. Left out, all are ranked
        together, as by one model on people who were all held out.
    weight : ndarray of shape (n,), optional
        Of the row.
    shares : tuple of float
        At which to give the TOC.
    draws : int
        Number of half-samples.
    level : float
        Coverage of intervals.

    Returns
    -------
    Targeting
        Standard errors are the spread over half-samples drawn without replacement, which is that
        of the estimate itself; interval and p are of a t distribution with as many degrees of
        freedom as there are people less arms.

    Raises
    ------
    PredictionsError, ValueError
        As of `autoc` and `toc`, or when `arm`, `person` or `fold` does not fit.

    Notes
    -----
    p and intervals are for rankings fixed before these outcomes were seen. With cross-fitted
    rankings each model saw the others' outcomes, which makes the folds depend on each other.

    Score benefit with held-out outcome predictions. Without them prognosis stays in the scores, and
    where the ranking is prognostic the few ranked first decide the AUTOC: with 300 people in arms
    of 3 to 1 and nothing to find, 8 % of trials then claimed benefit at a two-sided p below 5 %,
    against 2 % with predictions.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> priority = rng.normal(size=500)
    >>> found = targeting(priority + rng.normal(size=500), priority, rng)
    >>> bool(found.autoc.low > 0.5), bool(found.qini.low > 0.2)
    (True, True)
    """
    b = as_scores(benefit, len(benefit), "the benefit")
    s, w = as_scores(priority, len(b), "the priority"), as_weight(weight, len(b))
    part = np.zeros(len(b), dtype=int) if fold is None else person_codes(fold, len(b))
    code, at = person_codes(person, len(b)), np.array(shares)

    def measure(weights: np.ndarray) -> np.ndarray:
        columns = []
        for members in (np.flatnonzero(part == k) for k in np.unique(part)):
            of = (b[members], s[members], weights[:, members])
            columns.append(np.column_stack([autoc(*of), qini(*of), toc(*of, at)]))
        mass = np.stack([weights[:, part == k].sum(axis=1) for k in np.unique(part)])
        values = np.where(mass[..., None] > 0, np.stack(columns), 0.0)
        with np.errstate(invalid="ignore"):  # a half of which nobody has a weight is undefined
            return (mass[..., None] * values).sum(axis=0) / mass.sum(axis=0)[:, None]

    plain = measure(w[None])[0]
    counts, df = half_samples(code, arm, draws, rng)
    starts = range(0, draws, _DRAWS_AT_ONCE)
    parts = [measure(w * counts[i : i + _DRAWS_AT_ONCE]) for i in starts]
    errors = np.concatenate(parts).std(axis=0, ddof=1)
    # equal benefits leave rounding alone
    errors[errors <= 1e-12 * (1 + np.abs(b).max())] = 0
    found = [
        estimate(float(v), float(se), df=df, level=level)
        for v, se in zip(plain, errors, strict=True)
    ]
    return Targeting(found[0], found[1], tuple(shares), tuple(found[2:]), int(code.max()) + 1)


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
