"""Whether the markers can tell on which plate a sample lay."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from signature.check.view import FEWEST

MOST_ROWS, MOST_MARKERS, MOST_GROUPS = 1500, 200, 20
"""More would be slower and find the same."""

FOLDS = 5
SHUFFLES = 199
APART = 0.05
"""Share of a marker's variance that groups explain, from which the marker is named."""

RIDGE = 0.1
"""Penalty relative to the number of rows; ranks have variance one."""


@dataclass(frozen=True)
class Guess:
    """How well held-out people are put on their plate."""

    accuracy: float
    chance: float
    """Mean accuracy with plates shuffled, within sites where there are any."""
    p: float
    people: int
    within: bool
    apart: tuple[int, ...]
    """Columns whose ranks differ most between groups, most first."""

    @property
    def gain(self) -> float:
        """Share of the distance between chance and certainty that the markers cover."""
        return (self.accuracy - self.chance) / max(1 - self.chance, 1e-9)


def guess_groups(
    values: np.ndarray,
    groups: np.ndarray,
    *,
    within: pd.Series | None = None,
    random_state: int = 0,
) -> Guess | None:
    """Predict each person's group from ranked markers, and compare with shuffled groups.

    Ridge regression of the groups' indicators on standardised ranks, five folds; a person goes to
    the group with the largest fitted value. The fit depends on the groups linearly, so that all
    shuffles cost one matrix product.

    Parameters
    ----------
    values : ndarray of float, shape (n_people, n_markers)
        Below a limit as minus infinity, missing as NaN.
    groups : ndarray of object, shape (n_people,)
        Groups of fewer than 10 people are left out.
    within : Series of object, shape (n_people,), optional
        Shuffle within these only, so that what differs between them is no evidence.
    random_state : int
        Seed of sampling, folds and shuffles.

    Returns
    -------
    Guess or None
        None when fewer than two groups are large enough, or `within` leaves nothing to shuffle.
    """
    rng = np.random.default_rng(random_state)
    codes, _ = pd.factorize(groups)
    strata = np.zeros(len(codes)) if within is None else pd.factorize(within)[0]
    large = np.flatnonzero(np.bincount(codes) >= FEWEST)
    if len(large) > MOST_GROUPS:
        large = rng.choice(large, MOST_GROUPS, replace=False)
    rows = np.flatnonzero(np.isin(codes, large))
    if len(rows) > MOST_ROWS:
        rows = np.sort(rng.choice(rows, MOST_ROWS, replace=False))
    codes, strata = pd.factorize(codes[rows])[0], strata[rows]
    several = pd.Series(codes).groupby(strata).nunique()
    if len(rows) == 0 or several.max() < 2:
        return None
    columns = np.arange(values.shape[1])
    if len(columns) > MOST_MARKERS:
        columns = np.sort(rng.choice(columns, MOST_MARKERS, replace=False))
    ranks = _ranks(values[np.ix_(rows, columns)])
    labels = np.stack([codes, *(_shuffled(codes, strata, rng) for _ in range(SHUFFLES))])
    right = _held_out(ranks, labels, rng.permutation(len(codes)) % FOLDS)
    accuracy, shuffled = right[0], right[1:]
    return Guess(
        accuracy=float(accuracy),
        chance=float(shuffled.mean()),
        p=float((1 + (shuffled >= accuracy - 1e-12).sum()) / (1 + SHUFFLES)),
        people=len(codes),
        within=within is not None and len(several) > 1,
        apart=tuple(int(columns[i]) for i in _apart(ranks, codes)),
    )


def _ranks(values: np.ndarray) -> np.ndarray:
    """Return standardised ranks; what is missing, or the same in all, is 0."""
    ranks = pd.DataFrame(values).rank()
    return ((ranks - ranks.mean()) / ranks.std().replace(0, np.nan)).fillna(0.0).to_numpy()


def _apart(ranks: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """Return the columns of which groups explain at least `APART` of the variance of ranks."""
    shown = np.eye(codes.max() + 1)[codes]
    means = (shown.T @ ranks) / shown.sum(axis=0)[:, None]
    total = np.maximum((ranks**2).sum(axis=0), 1e-12)
    explained = (shown.sum(axis=0)[:, None] * means**2).sum(axis=0) / total
    order = np.argsort(-explained, kind="stable")
    return order[explained[order] >= APART]


def _shuffled(codes: np.ndarray, strata: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    out = codes.copy()
    for stratum in np.unique(strata):
        rows = np.flatnonzero(strata == stratum)
        out[rows] = codes[rng.permutation(rows)]
    return out


def _held_out(ranks: np.ndarray, labels: np.ndarray, fold: np.ndarray) -> np.ndarray:
    """Return the share of people put into the right group, for each row of `labels`."""
    right = np.zeros(len(labels))
    groups = int(labels.max()) + 1
    for k in range(FOLDS):
        train, test = fold != k, fold == k
        X = ranks[train]
        penalty = RIDGE * train.sum() * np.eye(X.shape[1])
        weights = ranks[test] @ np.linalg.solve(X.T @ X + penalty, X.T)
        # a block of shuffles at a time, so that memory stays small
        for start in range(0, len(labels), 25):
            block = labels[start : start + 25]
            shown = np.eye(groups)[block[:, train]]
            middle = shown.mean(axis=1, keepdims=True)
            fitted = weights @ (shown - middle) + middle
            right[start : start + 25] += (fitted.argmax(axis=2) == block[:, test]).sum(axis=1)
    return right / len(fold)
