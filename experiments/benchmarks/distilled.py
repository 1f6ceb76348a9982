"""A conditional randomisation test of every column beside all others, distilled.

Liu, Katsevich, Janson and Ramdas (Biometrika 2022): what the other columns say of the outcome is
distilled by an L1-logistic regression, what they say of the column by a normal model with the
Ledoit-Wolf covariance; where the column has no part of its own in the outcome, the two rests are
unrelated. A rival of stability selection in ``experiments.benchmarks.selection_methods`` and of
clusters in ``experiments.benchmarks.cluster_rivals``.
"""

from __future__ import annotations

import numpy as np
from scipy.special import expit, ndtr
from sklearn.covariance import ledoit_wolf
from sklearn.model_selection import StratifiedKFold

from signature.learn.elastic_net_path import elastic_net_path


def distilled_pvalues(
    columns: np.ndarray, covariates: np.ndarray, y: np.ndarray, seed: int
) -> np.ndarray:
    """Test each column given the others and the covariates, two-sided, shape (n_columns,).

    Parameters
    ----------
    columns : ndarray of shape (n_rows, n_columns)
        What covariates leave of them.
    covariates : ndarray of shape (n_rows, n_covariates)
        Not penalised.
    y : ndarray of shape (n_rows,)
        0/1.
    seed : int
        Of the folds that choose the penalty.
    """
    z = (columns - columns.mean(axis=0)) / columns.std(axis=0)
    precision = np.linalg.inv(ledoit_wolf(z)[0])
    own = z @ precision / np.diag(precision)
    both = np.hstack([covariates, z])
    lambdas = cross_validated_lambdas(both, y, seed, unpenalised=covariates.shape[1])
    coef, rest = _last(both, y, lambdas, covariates.shape[1])
    found = np.empty(z.shape[1])
    for j in range(z.shape[1]):
        at, left = covariates.shape[1] + j, rest
        if coef[at] != 0:
            left = _last(np.delete(both, at, axis=1), y, lambdas, covariates.shape[1])[1]
        parts = left * own[:, j]
        found[j] = 2 * ndtr(-abs(parts.sum()) / np.sqrt(parts @ parts))
    return found


def cross_validated_lambdas(
    Z: np.ndarray, y: np.ndarray, seed: int, *, unpenalised: int = 0
) -> np.ndarray:
    """Penalties of an L1-logistic path down to that of the least cross-validated loss.

    With nothing chosen there is nothing to compare: the next penalty is taken then.
    """
    free = list(range(unpenalised))
    largest = np.abs(Z[:, unpenalised:].T @ (y - y.mean())).max() / len(y)
    lambdas: np.ndarray = largest * np.geomspace(1, 0.15, 15)
    loss = np.zeros(len(lambdas))
    for train, held_out in StratifiedKFold(5, shuffle=True, random_state=seed).split(Z, y):
        path = elastic_net_path(Z[train], y[train], lambdas, tol=1e-5, unpenalised=free)
        eta = Z[held_out] @ path.coef.T + path.intercept
        loss += (np.logaddexp(0, eta) - y[held_out][:, None] * eta).sum(axis=0)
    return lambdas[: max(int(np.argmin(loss)), 1) + 1]


def _last(
    Z: np.ndarray, y: np.ndarray, lambdas: np.ndarray, unpenalised: int
) -> tuple[np.ndarray, np.ndarray]:
    """Coefficients at the last penalty, and what they leave of the outcome."""
    path = elastic_net_path(Z, y, lambdas, tol=1e-6, unpenalised=list(range(unpenalised)))
    rest: np.ndarray = y - expit(Z @ path.coef[-1] + path.intercept[-1])
    return path.coef[-1], rest
