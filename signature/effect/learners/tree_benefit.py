"""Benefit as the average and as many shallow trees as help people who are held out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from signature.effect.learners.contrast_regression import ContrastRegression
from signature.effect.learners.grown_trees import grow_trees, held_out_trees

NO_TREES = np.empty(0, dtype=np.uint8)


@dataclass(frozen=True, eq=False)
class TreeBenefit:
    """Benefit as ``average`` and what the trees add.

    Parameters
    ----------
    average : float
    trees : ndarray of uint8
        Of `signature.effect.learners.grown_trees.grow_trees`; empty where the average predicts
        best.
    """

    average: float
    trees: np.ndarray


def tree_benefit(X: np.ndarray, regression: ContrastRegression) -> TreeBenefit:
    """Grow trees on what each row says of benefit beyond the average.

    A row says ``response / contrast``, less the level, with a weight of ``contrast²``: the squares
    of `ContrastRegression` in another form.

    Parameters
    ----------
    X : ndarray of shape (n, n_columns)
    regression : ContrastRegression

    Returns
    -------
    TreeBenefit

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> x, treated = rng.normal(size=(400, 3)), np.arange(400) % 2
    >>> y = treated * (1 + 2 * (x[:, 1] > 0)) + rng.normal(size=400)
    >>> told = ContrastRegression(y - y.mean(), treated - 0.5, np.ones(400), np.arange(400) // 80)
    >>> found = tree_benefit(x, told)
    >>> round(found.average, 1), len(found.trees) > 0
    (1.7, True)
    """
    contrast = regression.contrast
    weight = regression.weight * contrast**2
    # the weight of a leaf is that of people, whatever the scale of the contrast
    weight = weight * regression.weight.sum() / weight.sum()

    def beyond(rows: np.ndarray) -> tuple[np.ndarray, float]:
        found = regression.averages(rows)
        free = regression.unpenalised
        return (regression.response - free @ found) / contrast, float(found[-1])

    outside = [regression.fold != k for k in range(int(regression.fold.max()) + 1)]
    left = np.column_stack([beyond(rows)[0] for rows in outside])
    _, rounds = held_out_trees(X, left, weight, regression.fold)
    everyone, average = beyond(np.ones(len(X), dtype=bool))
    trees = grow_trees(X, everyone, weight, rounds) if rounds else NO_TREES
    return TreeBenefit(average, trees)
