"""P-value of a permutation test whose runs are costly, and when enough of them have been made.

Runs are read in the order of their number, whatever order they finished in, so neither the stop
nor the p-value depends on how many processes made them.

Two rules may stop the runs early. One ends a test that can no longer be interesting: so many
shuffled runs have reached the real one (Besag and Clifford 1991). The other ends a test whose side
of alpha is known, with a bound on the risk that endless runs would have fallen on the other
(Gandy 2009). P-value and interval allow for the stop: among all ways in which the test could have
ended, they count those at least as extreme.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
from scipy.optimize import brentq

Side = Literal["below", "above", "not decided"]


@dataclass(frozen=True)
class StoppingRule:
    """When to make no more runs.

    Parameters
    ----------
    most_runs : int
        Runs after which it stops in any case.
    alpha : float
        The level at which the test is read.
    resampling_risk : float
        Stop when the side of `alpha` is known: with at most this probability the p-value of
        endless runs lies on the other, whatever it is. 0 for never.
    reaching : int or None
        Stop when so many runs have reached the real one. None for never.
    fewest_runs : int
        No stop before, as when the runs serve another purpose too.
    half_spent : int
        Number of runs after which half of `resampling_risk` is spent: early stops need a small
        number, late ones a large.

    Raises
    ------
    ValueError
        When a number is out of its range.
    """

    most_runs: int
    alpha: float = 0.05
    resampling_risk: float = 0.01
    reaching: int | None = None
    fewest_runs: int = 1
    half_spent: int = 100

    def __post_init__(self) -> None:
        if not 1 <= self.fewest_runs <= self.most_runs:
            raise ValueError(
                "fewest_runs must be from 1 to most_runs; got "
                f"{self.fewest_runs!r} and {self.most_runs!r}"
            )
        if not 0 < self.alpha < 1:
            raise ValueError(f"alpha must lie between 0 and 1; got {self.alpha!r}")
        if not 0 <= self.resampling_risk < 0.5:
            raise ValueError(
                f"resampling_risk must be from 0 to below 0.5; got {self.resampling_risk!r}"
            )
        if (self.reaching is not None and self.reaching < 1) or self.half_spent < 1:
            raise ValueError(
                "reaching and half_spent count runs, 1 or more; got "
                f"{self.reaching!r} and {self.half_spent!r}"
            )


@dataclass(frozen=True)
class PermutationP:
    """What a permutation test says after the runs that were read.

    Parameters
    ----------
    runs : int
        Runs that were read; those after the stop are not.
    at_least : int
        Of them, those that reached the real one.
    p_value : float
        Valid whatever rule stopped the runs: where nothing is to be found it is at most u in no
        more than a share u of tests. Without an early stop (1 + at_least) / (runs + 1).
    low, high : float
        Exact interval for the p-value of endless runs. Without an early stop that of Clopper and
        Pearson (1934).
    side : {"below", "above", "not decided"}
        Of alpha on which endless runs would fall, where that rule stopped.
    finished : bool
        Whether a rule stopped the runs, or they are as many as it allows.
    """

    runs: int
    at_least: int
    p_value: float
    low: float
    high: float
    side: Side
    finished: bool


def permutation_p(
    reached: Sequence[bool], rule: StoppingRule, level: float = 0.95
) -> PermutationP | None:
    """Read runs in order, up to where the rule stops.

    Parameters
    ----------
    reached : sequence of bool, shape (n_runs,)
        By number of the run, without gaps: whether its statistic is at least that of the real one.
        An undefined statistic is best counted as True, which is the cautious reading.
    rule : StoppingRule
    level : float
        Coverage of the interval.

    Returns
    -------
    PermutationP or None
        None without runs.

    Notes
    -----
    Runs that ended early for want of time are read as if so many had been planned, which is right
    if what they showed had no part in it.

    Examples
    --------
    >>> all_runs = StoppingRule(most_runs=99, resampling_risk=0)
    >>> found = permutation_p([True] * 3 + [False] * 96, all_runs)
    >>> round(found.p_value, 4), round(found.low, 4), round(found.high, 4)
    (0.04, 0.0063, 0.086)
    >>> clear = permutation_p([True] * 40, StoppingRule(most_runs=999))
    >>> clear.runs, clear.side, clear.p_value
    (3, 'above', 1.0)
    """
    if not 0 < level < 1:
        raise ValueError(f"level is the coverage of the interval, between 0 and 1; got {level!r}")
    if not len(reached):
        return None
    runs, side = _stop(reached, rule)
    count = int(sum(map(bool, reached[:runs])))
    tail = (1 - level) / 2

    def lower_end(chance: float) -> float:
        return _as_extreme(runs, count, rule, chance)[1] - tail

    def upper_end(chance: float) -> float:
        return _as_extreme(runs, count, rule, chance)[0] - tail

    return PermutationP(
        runs=runs,
        at_least=count,
        p_value=_as_extreme(runs, count, rule, None)[0],
        low=0.0 if lower_end(0.0) > 0 else float(brentq(lower_end, 0.0, 1.0, xtol=1e-9)),
        high=1.0 if upper_end(1.0) > 0 else float(brentq(upper_end, 0.0, 1.0, xtol=1e-9)),
        side=side or "not decided",
        finished=side is not None or runs == rule.most_runs,
    )


def _stop(reached: Sequence[bool], rule: StoppingRule) -> tuple[int, Side | None]:
    """Count the runs up to the stop, and say on which side it was; None without a stop."""
    lower, upper = _boundaries(rule)
    count = 0
    for runs, one in enumerate(reached[: rule.most_runs], start=1):
        count += bool(one)
        if count <= lower[runs]:
            return runs, "below"
        if count >= upper[runs]:
            return runs, "above"
        if count >= _reaching(rule, runs):
            return runs, "not decided"
    return min(len(reached), rule.most_runs), None


def _reaching(rule: StoppingRule, runs: int) -> int:
    """Return the count that ends the test undecided; one out of reach where none does."""
    if rule.reaching is None or runs < rule.fewest_runs:
        return runs + 1
    return rule.reaching


@lru_cache(maxsize=16)
def _boundaries(rule: StoppingRule) -> tuple[list[int], list[int]]:
    """List, by number of runs from 0, the counts at which the side of alpha is known.

    At most the lower ones are below, at least the upper above. Under a p-value of alpha, either
    boundary has been met by run n with a probability of at most ε·n / (n + half_spent), which
    bounds the risk for p-values beyond alpha too.
    """
    lower, upper = [-1], [1]
    alive, first = np.ones(1), 0
    below = above = 0.0
    for runs in range(1, rule.most_runs + 1):
        alive = _next(alive, first, runs - 1, rule.alpha)
        left = right = 0
        # without a risk to spend, not even counts whose probability is too small for a number
        if runs >= rule.fewest_runs and rule.resampling_risk > 0:
            spend = rule.resampling_risk * runs / (runs + rule.half_spent)
            left = int(np.searchsorted(below + np.cumsum(alive), spend, side="right"))
            right = int(np.searchsorted(above + np.cumsum(alive[::-1]), spend, side="right"))
        lower.append(first + left - 1)
        upper.append(first + len(alive) - right)
        below += float(alive[:left].sum())
        above += float(alive[len(alive) - right :].sum())
        alive, first = alive[left : len(alive) - right], first + left
    return lower, upper


def _as_extreme(
    runs: int, count: int, rule: StoppingRule, chance: float | None
) -> tuple[float, float]:
    """Probabilities of an end at most, and of one at least, as high as that found.

    Ends are ordered from a stop below, the earlier the lower, over the counts of tests that do not
    stop, to a stop above, the earlier the higher. A test in which each run more likely reaches the
    real one ends higher, so these probabilities give exact intervals.

    `chance` is the p-value of endless runs; None where nothing is to be found, and all are as
    likely.
    """
    lower, upper = _boundaries(rule)
    alive, first = np.ones(1), 0
    below = above = 0.0
    for n in range(1, runs + 1):
        alive = _next(alive, first, n - 1, chance)
        if n == runs:
            break
        left = max(0, lower[n] + 1 - first)
        end = max(left, min(len(alive), min(upper[n], _reaching(rule, n)) - first))
        below += float(alive[:left].sum())
        above += float(alive[end:].sum())
        alive, first = alive[left:end], first + left
    at = count - first
    at_most, at_least = below + alive[: at + 1].sum(), above + alive[at:].sum()
    return min(1.0, float(at_most)), min(1.0, float(at_least))


def _next(alive: np.ndarray, first: int, runs: int, chance: float | None) -> np.ndarray:
    """Probabilities of the counts from `first` on after one run more than `runs`."""
    # all p-values as likely make Pólya's urn
    up = (first + np.arange(len(alive)) + 1) / (runs + 2) if chance is None else chance
    after = np.zeros(len(alive) + 1)
    after[:-1] = alive * (1 - up)
    after[1:] += alive * up
    return after
