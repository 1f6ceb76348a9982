"""How many features stability selection picks falsely: upper bounds of their expected number.

Complementary pairs (Shah and Samworth 2013): the rows are split in two halves `pairs` times, the
base method picks features in each half, and a feature is kept when the share of the 2·pairs halves
that picked it reaches a threshold.

What the bounds count are kept features that a half picks with a probability of at most q/p. These
are the irrelevant ones if the base method treats these alike and does no worse than guessing
(Meinshausen and Bühlmann 2010).
"""

from __future__ import annotations

from bisect import bisect_left
from functools import lru_cache
from math import ceil, exp, log
from typing import Literal, get_args

import numpy as np
from scipy.optimize import brentq

Assumption = Literal["none", "unimodal", "r-concave"]
"""On how a feature's frequency over the halves is distributed, from weakest to strongest."""

ASSUMPTIONS: tuple[Assumption, ...] = get_args(Assumption)

_ROUNDING = 1e-9


def pfer_bound(threshold: float, *, p: int, q: float, pairs: int, assumption: Assumption) -> float:
    """Bound the expected number of falsely selected features (per-family error rate).

    Parameters
    ----------
    threshold : float
        Share of halves from which on a feature is kept, above 1/2 and at most 1. Frequencies are
        multiples of 1/(2·pairs), so a threshold between two of them counts as the higher.
    p : int
        Number of features to choose from.
    q : float
        Number of features that one half picks, on average; 0 to `p`.
    pairs : int
        Number of complementary pairs of halves.
    assumption : {"none", "unimodal", "r-concave"}
        ``none``: q² / ((2·threshold − 1)·p), which holds always (Meinshausen and Bühlmann 2010;
        Shah and Samworth 2013, theorem 1). ``unimodal``: the share of pairs of which both halves
        pick the feature has one mode (theorem 2). ``r-concave``: that share is −1/2-concave, and
        the share of halves −1/4-concave (equation 8).

    Returns
    -------
    float
        Number of features, at most `p`.

    Notes
    -----
    A stronger assumption includes the weaker. Where its theorem says nothing (q/p too large for the
    threshold) or says less, the bound of the weaker one is returned. The bound never rises with the
    threshold and never falls with `q`.

    Examples
    --------
    >>> round(pfer_bound(0.59, p=40, q=5, pairs=50, assumption="r-concave"), 4)
    0.8622
    >>> round(pfer_bound(0.59, p=40, q=5, pairs=50, assumption="none"), 4)
    3.4722
    """
    _check_design(p, pairs, assumption)
    if not 0.5 < threshold <= 1:
        raise ValueError(
            "threshold is the share of halves from which on a feature is kept, above 0.5 and at "
            f"most 1; got {threshold!r}"
        )
    if not 0 <= q <= p:
        raise ValueError(
            f"q is the average number of features that a half picks, from 0 to p = {p}; got {q!r}"
        )
    kept_from = ceil(threshold * 2 * pairs - _ROUNDING)
    return _bound(kept_from, p, q, pairs, assumption)


def threshold_for(
    pfer: float, *, p: int, q: float, pairs: int, assumption: Assumption
) -> float | None:
    """Find the lowest threshold that keeps the expected number of false selections in bounds.

    Parameters
    ----------
    pfer : float
        The largest expected number of falsely selected features that is tolerated, above 0.
    p, q, pairs, assumption
        As of `pfer_bound`.

    Returns
    -------
    float or None
        A multiple of 1/(2·pairs) above 1/2, at most 1; None when not even 1 is high enough. Then
        fewer features must be picked per half, or more pairs drawn.

    Examples
    --------
    >>> threshold_for(1, p=40, q=5, pairs=50, assumption="r-concave")
    0.59
    >>> threshold_for(1, p=40, q=5, pairs=50, assumption="unimodal")
    0.67
    >>> threshold_for(1, p=40, q=20, pairs=50, assumption="none") is None
    True
    """
    _check_design(p, pairs, assumption)
    _check_pfer(pfer)
    halves = range(pairs + 1, 2 * pairs + 1)

    def holds(kept_from: int) -> bool:
        at = kept_from / (2 * pairs)
        return pfer_bound(at, p=p, q=q, pairs=pairs, assumption=assumption) <= pfer

    first = bisect_left(halves, True, key=holds)
    return halves[first] / (2 * pairs) if first < len(halves) else None


def _bound(kept_from: int, p: int, q: float, pairs: int, assumption: Assumption) -> float:
    theta = q / p
    excess = (kept_from - pairs) / pairs  # 2·threshold − 1
    share = min(1.0, theta**2 / excess)
    if assumption != "none":
        share = min(share, _unimodal(theta, excess, pairs))
    if assumption == "r-concave":
        share = min(
            share,
            _largest_tail(theta**2 * pairs, kept_from - pairs, pairs, 2),
            _largest_tail(theta * 2 * pairs, kept_from, 2 * pairs, 4),
        )
    return p * share


def _unimodal(theta: float, excess: float, pairs: int) -> float:
    """Theorem 2 of Shah and Samworth (2013), as a share of all features; 1 outside its range."""
    if theta**2 > 1 / 3 or excess <= min(2 * theta**2, 1 / pairs + 1.5 * theta**2):
        return 1.0
    if excess <= 0.5:
        return theta**2 / (2 * excess - 1 / pairs)
    return theta**2 * 2 * (1 - excess + 1 / pairs) / (1 + 1 / pairs)


@lru_cache(maxsize=4096)
def _largest_tail(mean: float, at: int, top: int, power: int) -> float:
    """Largest P(X >= at) of an r-concave X on 0 … top with this mean, where r = −1/power.

    D of Shah and Samworth (2013, equation 8). By their appendix A.4 the maximum lies in a family
    of one parameter: weights 1/(shift + i)^power on 0 … last, with or without some weight on
    last + 1. Within it the tail rises and then falls, and its peak is a member without the extra
    weight (found by computation, and kept by a test), so a search over `last` finds it.
    Like them, this says nothing of tails that start at or below twice the mean.
    """
    if mean <= 0:
        return 0.0
    if at <= ceil(2 * mean - _ROUNDING):
        return 1.0

    def tail(last: int) -> float:
        weights = _weights(mean, last, power)
        return float(weights[at:].sum() / weights.sum())

    lasts = range(at, top)
    peak = at + bisect_left(lasts, True, key=lambda last: tail(last) >= tail(last + 1))
    return tail(peak)


def _weights(mean: float, last: int, power: int) -> np.ndarray:
    """Weights 1/(shift + i)^power of i = 0 … last, for the shift that gives them this mean.

    Over the first of them, so that no shift is too small or too large to raise to a power.
    """
    i = np.arange(last + 1.0)

    def of(log_shift: float) -> np.ndarray:
        return (1 + i * exp(-log_shift)) ** -power

    def too_high(log_shift: float) -> float:
        weights = of(log_shift)
        return float(weights @ i / weights.sum()) - mean

    # the mean is at most shift^power · Σ 1/i, and short of last/2 by at most power · last² / shift
    lowest = log(mean / (1 + log(last))) / power
    highest = log(power * last**2 / (last / 2 - mean))
    return of(brentq(too_high, lowest, highest, xtol=1e-12))


def _check_design(p: int, pairs: int, assumption: str) -> None:
    if p < 1:
        raise ValueError(f"p is the number of features to choose from, at least 1; got {p!r}")
    if pairs < 1:
        raise ValueError(f"pairs is the number of complementary pairs, at least 1; got {pairs!r}")
    if assumption not in ASSUMPTIONS:
        raise ValueError(f"assumption must be one of {', '.join(ASSUMPTIONS)}, got {assumption!r}")


def _check_pfer(pfer: float) -> None:
    if not pfer > 0:
        raise ValueError(
            f"pfer is a tolerated expected number of false selections, above 0; got {pfer!r}"
        )
