"""How else the people could have been allocated: rearrangements of the arms within strata."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations, product
from math import factorial, inf, isfinite, prod

import numpy as np
from scipy.stats import beta

from signature.exceptions import AllocationError

MOST_EXACT = 20_000
"""Rearrangements up to which all are listed; beyond, a sample is drawn."""


@dataclass(frozen=True)
class Rearrangements:
    """Ways to allocate the people.

    Parameters
    ----------
    arms : ndarray of int8, shape (n_arrangements, n)
        Code of each person's arm; the first row is what was observed.
    exact : bool
        Whether the rows are all there are, each once. Otherwise those after the first are drawn
        independently.
    """

    arms: np.ndarray
    exact: bool

    @property
    def how(self) -> str:
        """In words, for a report."""
        number = len(self.arms)
        if self.exact:
            return f"all {number:,} rearrangements of the arms"
        return f"{number - 1:,} random rearrangements of the arms"


@dataclass(frozen=True)
class RearrangementP:
    """P-value over rearrangements.

    Parameters
    ----------
    p : float
        Share of rearrangements, the observed one among them, that reach the observed statistic.
    low, high : float
        Exact 95 % interval for the p-value of endless draws; `p` itself where all were listed.
    critical : float
        Statistic that is beyond chance at the level asked for exactly where `p` is: an interval
        made with it excludes "nothing" when `p` is at most that level. Infinite where the
        rearrangements are too few to get there.
    """

    p: float
    low: float
    high: float
    critical: float


def rearrange(
    arm: np.ndarray,
    strata: np.ndarray | None,
    draws: int,
    rng: np.random.Generator,
    *,
    list_all: bool = True,
) -> Rearrangements:
    """Rearrange arms within strata, their sizes kept.

    Parameters
    ----------
    arm : ndarray of int, shape (n,)
        Code of each person's arm, from 0.
    strata : ndarray, shape (n,), optional
        Within which people were randomised.
    draws : int
        Drawn where there are more than `MOST_EXACT` rearrangements.
    rng : Generator
    list_all : bool
        Whether to list all where they are few; otherwise they are drawn all the same.

    Returns
    -------
    Rearrangements

    Raises
    ------
    AllocationError
        When there is not one stratum per person, or nobody could have been in another arm.

    Examples
    --------
    >>> found = rearrange(np.array([0, 0, 1]), None, 99, np.random.default_rng(0))
    >>> found.exact, found.arms.tolist()
    (True, [[0, 0, 1], [0, 1, 0], [1, 0, 0]])
    """
    code = np.asarray(arm)
    where = np.zeros(len(code), dtype=int) if strata is None else np.asarray(strata)
    if where.shape != code.shape:
        raise AllocationError(
            f"strata must name one stratum for each of {len(code)} people; got shape {where.shape}"
        )
    groups = [
        np.flatnonzero(where == one)
        for one in np.unique(where)
        if len(np.unique(code[where == one])) > 1
    ]
    if not groups:
        raise AllocationError(
            "all people of a stratum are in one arm, in every stratum; arms can be compared only "
            "where some people of a stratum are in another. Check the strata"
        )
    if list_all and prod(_number(code[group]) for group in groups) <= MOST_EXACT:
        return Rearrangements(_all(code, groups), exact=True)
    arms = np.tile(code.astype("int8"), (draws + 1, 1))
    for group in groups:
        arms[1:, group] = rng.permuted(arms[1:, group], axis=1)
    return Rearrangements(arms, exact=False)


def rearrangement_p(statistic: np.ndarray, *, exact: bool, level: float = 0.95) -> RearrangementP:
    """Say how rare the first of the statistics is among them all.

    Parameters
    ----------
    statistic : ndarray of shape (n_arrangements,)
        Larger is further from chance; the first is the observed. Undefined ones count as reaching
        it, which is the cautious reading.
    exact : bool
        As of `Rearrangements`.
    level : float
        1 minus the level of the test to which `critical` belongs.

    Returns
    -------
    RearrangementP

    Examples
    --------
    >>> found = rearrangement_p(np.arange(100.0)[::-1], exact=False)
    >>> found.p, found.critical
    (0.01, 94.0)
    """
    values = np.where(np.isnan(statistic), inf, statistic)
    number = len(values)
    # an equal statistic must count whatever rounding makes of it
    least = values[0] - 1e-9 * abs(values[0]) if isfinite(values[0]) else values[0]
    reached = int((values[1:] >= least).sum())
    p = (1 + reached) / number
    # p <= 1 - level if and only if at most this many others reach the observed one
    others = int(np.floor((1 - level) * number + 1e-9)) - 1
    critical = float(np.sort(values[1:])[::-1][others]) if 0 <= others < number - 1 else inf
    if exact:
        return RearrangementP(p, p, p, critical)
    draws, tail = number - 1, 0.025
    low = float(beta.ppf(tail, reached, draws - reached + 1)) if reached else 0.0
    high = float(beta.ppf(1 - tail, reached + 1, draws - reached)) if reached < draws else 1.0
    return RearrangementP(p, low, high, critical)


def _number(code: np.ndarray) -> int:
    """Count distinct arrangements of a stratum."""
    return factorial(len(code)) // prod(factorial(int(c)) for c in np.bincount(code))


def _all(code: np.ndarray, groups: list[np.ndarray]) -> np.ndarray:
    rows = [tuple(code.tolist())]
    for chosen in product(*(list(_arrangements(code[group])) for group in groups)):
        row = code.copy()
        for group, arms in zip(groups, chosen, strict=True):
            row[group] = arms
        if tuple(row.tolist()) != rows[0]:
            rows.append(tuple(row.tolist()))
    return np.array(rows, dtype="int8")


def _arrangements(code: np.ndarray) -> Iterator[np.ndarray]:
    """Place the smallest arm in all ways, then the next among what is left."""
    arms = np.unique(code)
    if len(arms) == 1:
        yield code.copy()
        return
    n, size = len(code), int((code == arms[0]).sum())
    for places in combinations(range(n), size):
        taken = np.zeros(n, dtype=bool)
        taken[list(places)] = True
        for others in _arrangements(np.sort(code[code != arms[0]])):
            row = np.empty(n, dtype=code.dtype)
            row[taken], row[~taken] = arms[0], others
            yield row
