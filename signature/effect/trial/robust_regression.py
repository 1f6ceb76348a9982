"""Least squares whose errors allow for people who spread differently (HC3; MacKinnon and White)."""

from __future__ import annotations

import numpy as np


def robust_regression(
    X: np.ndarray, outcome: np.ndarray, weight: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Fit, and say how sure each coefficient is.

    Parameters
    ----------
    X : ndarray of shape (n, k)
        Full rank, n above k.
    outcome : ndarray of shape (n,)
    weight : ndarray of shape (n,), optional

    Returns
    -------
    coefficient : ndarray of shape (k,)
    covariance : ndarray of shape (k, k)

    Examples
    --------
    >>> x = np.array([0.0, 1, 2, 3])
    >>> found, covariance = robust_regression(np.column_stack([np.ones(4), x]), 1 + 2 * x)
    >>> found.round(6), float(covariance.max()) < 1e-20
    (array([1., 2.]), True)
    """
    root = np.ones(len(X)) if weight is None else np.sqrt(weight)
    lines, y = X * root[:, None], outcome * root
    pull = np.linalg.pinv(lines)
    coefficient = pull @ y
    leverage = (lines * pull.T).sum(axis=1)
    left = (y - lines @ coefficient) / np.maximum(1 - leverage, 1e-6)
    return coefficient, (pull * left**2) @ pull.T
