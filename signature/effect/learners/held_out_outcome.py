"""The outcome as it is expected without a look at the person's own: main effects, cross-fitted."""

from __future__ import annotations

import numpy as np

from signature.effect.learners.contrast_regression import fold_products, training_products
from signature.effect.learners.grown_trees import held_out_trees

_PENALTIES = np.geomspace(10.0, 1e-3, 13)
"""Of the ridge, in mean variances of the columns."""


def held_out_outcome(
    X: np.ndarray,
    outcome: np.ndarray,
    *,
    weight: np.ndarray,
    fold: np.ndarray,
    contrast: np.ndarray | None = None,
    trees: bool = False,
) -> np.ndarray:
    """Predict each person's outcome by models of people in other folds.

    A ridge regression, and with `trees` as many shallow trees on what it leaves as help people held
    out, so that curves and thresholds are found where there are any. One penalty and one number of
    trees serve all folds; they are chosen by the held-out error.

    Parameters
    ----------
    X : ndarray of shape (n, n_columns)
        Standardised where columns are to be penalised alike; no gaps.
    outcome : ndarray of shape (n,)
    weight : ndarray of shape (n,)
        Rows with 0 are predicted and not learned from.
    fold : ndarray of int, shape (n,)
    contrast : ndarray of shape (n,), optional
        Of treatment. Given, its average effect is estimated beside the main effects, and what is
        predicted is the outcome where the contrast is 0.
    trees : bool

    Returns
    -------
    ndarray of shape (n,)
        In units of the outcome.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> x = rng.normal(size=(300, 2))
    >>> y = 3 * x[:, 0] + 0.1 * rng.normal(size=300)
    >>> found = held_out_outcome(x, y, weight=np.ones(300), fold=np.arange(300) % 5)
    >>> bool(np.abs(found - 3 * x[:, 0]).max() < 0.1)
    True
    """
    free = np.ones((len(X), 1))
    if contrast is not None:
        free = np.column_stack([free, contrast])
    coef = _ridge(np.column_stack([free, X, outcome]), free.shape[1], weight, fold)
    expected = coef[:, 0] + X @ coef[:, free.shape[1] :].T
    rows = np.arange(len(X))
    if not trees:
        return expected[rows, fold]
    left = outcome[:, None] - expected - free[:, 1:] @ coef[:, 1 : free.shape[1]].T
    return expected[rows, fold] + held_out_trees(X, left, weight, fold)[0]


def _ridge(columns: np.ndarray, q: int, weight: np.ndarray, fold: np.ndarray) -> np.ndarray:
    """Coefficients of all columns but the last outside each fold, shape (n_folds, n_columns - 1).

    The first q columns are not penalised.
    """
    by_fold = fold_products(columns, weight, fold)
    train = training_products(by_fold)
    spread = np.trace(by_fold.sum(axis=0)[q:-1, q:-1]) / max(columns.shape[1] - 1 - q, 1)
    found, loss = [], np.zeros(len(_PENALTIES))
    for held_out, products in zip(by_fold, train, strict=True):
        penalty = np.zeros((len(_PENALTIES), columns.shape[1] - 1))
        penalty[:, q:] = spread * _PENALTIES[:, None]
        system = products[:-1, :-1] + penalty[:, :, None] * np.eye(penalty.shape[1])
        coef = np.linalg.solve(system, products[:-1, -1:])[..., 0]
        left = np.column_stack([-coef, np.ones(len(coef))])
        loss += np.einsum("ij,ij->i", left @ held_out, left)
        found.append(coef)
    return np.array(found)[:, int(np.argmin(loss))]
