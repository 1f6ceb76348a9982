"""Whether the group of a person, such as the plate, tells the outcome."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import rankdata

_AT_ONCE = 500
"""Permutations that are held in memory together."""


@dataclass(frozen=True)
class GroupAuroc:
    """How well the rate of a person's group tells the person's outcome.

    Parameters
    ----------
    auroc : float
        Of the event rate among the others of the group.
    by_chance : float
        Mean of the same with outcomes permuted within sites; below 1/2, because a person with an
        event leaves a lower rate behind.
    pvalue : float
        How often permuted outcomes reach `auroc`.
    pure : bool
        Whether every group of two or more holds one outcome only.
    groups, people : int
        With a known group.
    """

    auroc: float
    by_chance: float
    pvalue: float
    pure: bool
    groups: int
    people: int


def group_auroc(
    group: np.ndarray,
    outcome: np.ndarray,
    site: np.ndarray,
    rng: np.random.Generator,
    permutations: int = 999,
) -> GroupAuroc:
    """Compare the leave-one-out event rate of groups such as plates with that of permuted outcomes.

    Parameters
    ----------
    group : ndarray of int, shape (n,)
        Codes from 0 on.
    outcome : ndarray of shape (n,)
        Both classes.
    site : ndarray of shape (n,)
        Outcomes are permuted within sites, so that groups of one site each are not accused of what
        differs between sites.
    rng : numpy.random.Generator
    permutations : int

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> plate = np.repeat(np.arange(4), 20)
    >>> event = (rng.random(80) < np.repeat([0.1, 0.3, 0.7, 0.9], 20)).astype(int)
    >>> found = group_auroc(plate, event, np.zeros(80), rng)
    >>> found.auroc > 0.6 > 0.5 > found.by_chance, found.pvalue < 0.01
    (True, True)
    """
    member = np.zeros((len(group), int(group.max()) + 1))
    member[np.arange(len(group)), group] = 1.0
    y = np.asarray(outcome, dtype="float64")
    null: list[np.ndarray] = []
    sites = [np.flatnonzero(site == s) for s in np.unique(site)]
    for start in range(0, permutations, _AT_ONCE):
        drawn = np.tile(y, (min(_AT_ONCE, permutations - start), 1))
        for rows in sites:
            drawn[:, rows] = rng.permuted(drawn[:, rows], axis=1)
        null.append(_left_out(drawn, member))
    by_chance = np.concatenate(null)
    observed = float(_left_out(y[None], member)[0])
    sizes, events = member.sum(axis=0), y @ member
    shared = sizes >= 2
    return GroupAuroc(
        auroc=observed,
        by_chance=float(by_chance.mean()),
        pvalue=float((1 + (by_chance >= observed - 1e-12).sum()) / (1 + permutations)),
        pure=bool(shared.any() and ((events == 0) | (events == sizes))[shared].all()),
        groups=int((sizes > 0).sum()),
        people=len(y),
    )


def _left_out(outcomes: np.ndarray, member: np.ndarray) -> np.ndarray:
    """AUROC of the rate among the others of one's group, shrunk by one person of average risk."""
    n = outcomes.shape[1]
    average = (outcomes.sum(axis=1, keepdims=True) - outcomes) / (n - 1)
    others = (outcomes @ member) @ member.T - outcomes
    rate = (others + average) / (member.sum(axis=0) @ member.T)
    # the same rates may differ in the last digit, by the order of summation
    ranks = rankdata(np.round(rate, 10), axis=1)
    events = outcomes.sum(axis=1)
    above = (ranks * outcomes).sum(axis=1) - events * (events + 1) / 2
    return above / (events * (n - events))
