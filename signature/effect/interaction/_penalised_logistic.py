"""Logistic regression that stays finite where the outcome is separated (Firth 1993)."""

from __future__ import annotations

import numpy as np
from scipy.special import expit


def penalised_logistic(
    X: np.ndarray,
    outcome: np.ndarray,
    offset: np.ndarray | float = 0.0,
    weight: np.ndarray | float = 1.0,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Fit by the likelihood times Jeffreys' prior.

    Parameters
    ----------
    X : ndarray of shape (n, k)
        Full rank, with an intercept among the columns or spanned by them.
    outcome : ndarray of shape (n,)
        1 event, 0 none.
    offset : ndarray of shape (n,) or float
        Added to the log-odds as it is.
    weight : ndarray of shape (n,) or float
        Of a person's part in the likelihood.

    Returns
    -------
    coefficients : ndarray of shape (k,)
    covariance : ndarray of shape (k, k)
        Inverse of Fisher's information.
    probability : ndarray of shape (n,)
    """
    found = np.zeros(X.shape[1])
    for _ in range(200):
        p = expit(X @ found + offset)
        spread = weight * np.maximum(p * (1 - p), 1e-12)
        covariance = np.linalg.inv(X.T @ (spread[:, None] * X))
        leverage = spread * ((X @ covariance) * X).sum(axis=1)
        step = covariance @ (X.T @ (weight * (outcome - p) + leverage * (0.5 - p)))
        largest = np.abs(X @ step).max()
        found = found + step * min(1.0, 2 / max(largest, 1e-300))
        if largest < 1e-8:
            break
    return found, covariance, expit(X @ found + offset)
