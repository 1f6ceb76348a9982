"""Regression of outcomes on a treatment contrast times benefit: what all learners here solve.

Each learner states its own response, contrast and weights, and benefit is the function that makes
the weighted squares of ``response − contrast · benefit(x)`` smallest.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from signature.learn.elastic_net_path import elastic_net_of_products

PENALTIES = 25
"""Of a path, besides the infinite one that leaves the average benefit alone."""

_SMALLEST = 0.02
"""Share of the smallest penalty in the one that just lets no column in."""

_MOST_RIDGE = 10.0
"""Largest ridge penalty, in variances of the contrast times a standardised column."""


@dataclass(frozen=True, eq=False)
class ContrastRegression:
    """Minimise Σ weight · (response − level − contrast · benefit(x))².

    Parameters
    ----------
    response : ndarray of shape (n,)
        The outcome, less what is known of it without the arm; or a score of benefit.
    contrast : ndarray of shape (n,)
        What multiplies benefit: positive in the treated arm, negative in control. Ones where the
        response is a score, and the level is then part of the benefit.
    weight : ndarray of shape (n,)
    fold : ndarray of int, shape (n,)
        In which people are held out for a penalty or a number of trees to be chosen.
    """

    response: np.ndarray
    contrast: np.ndarray
    weight: np.ndarray
    fold: np.ndarray

    @property
    def unpenalised(self) -> np.ndarray:
        """Columns of the level and of the average benefit, the latter last."""
        if np.ptp(self.contrast) == 0:
            return self.contrast[:, None]
        return np.column_stack([np.ones(len(self.contrast)), self.contrast])

    def averages(self, rows: np.ndarray) -> np.ndarray:
        """Coefficients of the unpenalised columns alone, among the rows where True."""
        free = self.unpenalised[rows]
        weighted = free * self.weight[rows, None]
        return np.linalg.solve(weighted.T @ free, weighted.T @ self.response[rows])


@dataclass(frozen=True, eq=False)
class LinearBenefit:
    """Benefit as ``X @ coef + intercept``.

    Parameters
    ----------
    coef : ndarray of shape (n_columns,)
        Benefit per unit of each column.
    intercept : float
        Benefit where all columns are 0.
    penalty : float
        That was chosen; infinite where the average benefit predicts best.
    """

    coef: np.ndarray
    intercept: float
    penalty: float


def linear_benefit(
    X: np.ndarray, regression: ContrastRegression, *, l1_ratio: float = 0.5
) -> LinearBenefit:
    r"""Fit an elastic net whose penalty is the best one for people held out.

    The penalty is :math:`\lambda \sum_j (\rho |\beta_j| + \frac{1 - \rho}{2} \beta_j^2)` on half
    the weighted mean square, once the contrast and what level and average benefit leave of the
    response are divided by their root mean squares; level and average benefit have no penalty.
    Everything is computed from products by fold, so the time hardly depends on the number of rows.

    Parameters
    ----------
    X : ndarray of shape (n, n_columns)
        Standardised where columns are to be penalised alike.
    regression : ContrastRegression
    l1_ratio : float
        :math:`\rho`: 1 lasso, 0 ridge.

    Returns
    -------
    LinearBenefit

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> x, treated = rng.normal(size=(400, 3)), np.arange(400) % 2
    >>> y = treated * (1 + x[:, 1]) + rng.normal(size=400)
    >>> told = ContrastRegression(y - y.mean(), treated - 0.5, np.ones(400), np.arange(400) // 80)
    >>> linear_benefit(x, told).coef.round(1)
    array([-0.1,  1. ,  0.1])
    """
    free = regression.unpenalised
    q = free.shape[1]
    # an elastic net is not the same in other units, so these are the response's and the contrast's
    size = _root_mean_square(regression.contrast, regression.weight)
    everybody = np.ones(len(X), dtype=bool)
    left = regression.response - free @ regression.averages(everybody)
    unit = _root_mean_square(left, regression.weight) or 1.0
    columns = np.column_stack(
        [free, regression.contrast[:, None] / size * X, regression.response / unit]
    )
    by_fold = fold_products(columns, regression.weight, regression.fold)
    total = by_fold.sum(axis=0)
    penalties = _penalties(_unexplained(total, q)[0], l1_ratio)
    loss = np.zeros(len(penalties) + 1)
    for held_out, train in zip(by_fold, training_products(by_fold), strict=True):
        left = _residuals(train, q, _path(train, q, penalties, l1_ratio))
        loss += np.einsum("ij,ij->i", left @ held_out, left)
    best = int(np.argmin(loss))
    beta = _path(total, q, penalties, l1_ratio)[best]
    average = -float(_residuals(total, q, beta[None])[0, q - 1])
    penalty = float(penalties[best - 1]) if best else np.inf
    return LinearBenefit(beta * unit / size, average * unit, penalty)


def fold_products(columns: np.ndarray, weight: np.ndarray, fold: np.ndarray) -> np.ndarray:
    """Weighted products of columns by fold, shape (n_folds, n_columns, n_columns).

    As shares of all weight, so that they add up to the mean products of all rows.
    """
    root = columns * np.sqrt(weight / weight.sum())[:, None]
    return np.array([root[fold == k].T @ root[fold == k] for k in range(int(fold.max()) + 1)])


def training_products(by_fold: np.ndarray) -> np.ndarray:
    """Mean products of the rows outside each fold; the first column must be one of ones."""
    outside = by_fold.sum(axis=0) - by_fold
    return outside / outside[:, :1, :1]


def _root_mean_square(values: np.ndarray, weight: np.ndarray) -> float:
    return float(np.sqrt(weight @ values**2 / weight.sum()))


def _penalties(inner: np.ndarray, l1_ratio: float) -> np.ndarray:
    """Finite penalties, the largest first."""
    strongest = float(np.abs(inner[:-1, -1]).max(initial=0.0))
    if strongest <= 0:
        return np.empty(0)
    if l1_ratio > 0:
        return strongest / l1_ratio * np.geomspace(1.0, _SMALLEST, PENALTIES)
    return float(np.diag(inner)[:-1].mean()) * np.geomspace(_MOST_RIDGE, 1e-3, PENALTIES)


def _unexplained(products: np.ndarray, q: int) -> tuple[np.ndarray, np.ndarray]:
    """Products of what the first q columns leave of the others, and how they explain these."""
    explains = np.linalg.solve(products[:q, :q], products[:q, q:])
    return products[q:, q:] - products[:q, q:].T @ explains, explains


def _residuals(products: np.ndarray, q: int, betas: np.ndarray) -> np.ndarray:
    """Weights that make the columns add up to the residuals of fits, shape (n_fits, n_columns)."""
    _, explains = _unexplained(products, q)
    level = explains[:, -1] - betas @ explains[:, :-1].T
    return np.column_stack([-level, -betas, np.ones(len(betas))])


def _path(products: np.ndarray, q: int, penalties: np.ndarray, l1_ratio: float) -> np.ndarray:
    """Coefficients at each penalty, an infinite one first, shape (n_penalties + 1, n_columns)."""
    inner, _ = _unexplained(products, q)
    p = len(inner) - 1
    found = np.zeros((len(penalties) + 1, p))
    if not len(penalties):
        return found
    if l1_ratio == 0:
        size, axes = np.linalg.eigh(inner[:p, :p])
        along = axes.T @ inner[:p, p]
        found[1:] = (along / (np.maximum(size, 0) + penalties[:, None])) @ axes.T
        return found
    found[1:] = elastic_net_of_products(inner[:p, :p], inner[:p, p], penalties, l1_ratio=l1_ratio)
    return found
