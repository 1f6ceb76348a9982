"""Compiled half-samples: in which order the markers enter a path, or follow one by one."""

from __future__ import annotations

import numpy as np
from numba import njit

from signature.learn._path_kernel import FAST_MATH, dot, path

NEVER = 32767
"""Rank of a marker that did not enter."""


@njit(cache=True, nogil=True, fastmath=FAST_MATH)
def _gather(source: np.ndarray, rows: np.ndarray, w: np.ndarray, out: np.ndarray) -> None:
    """Take the rows of one column and standardise them; a constant column becomes zeros."""
    mean = 0.0
    size = 0.0
    for i in range(len(rows)):
        out[i] = source[rows[i]]
        mean += w[i] * out[i]
        size = max(size, abs(out[i]))
    variance = 0.0
    for i in range(len(rows)):
        out[i] -= mean
        variance += w[i] * out[i] * out[i]
    scale = 1.0 / np.sqrt(variance) if variance > 1e-20 * size * size else 0.0
    for i in range(len(rows)):
        out[i] *= scale


@njit(cache=True, nogil=True, fastmath=FAST_MATH)
def entry_ranks(
    columns: np.ndarray,
    marker: np.ndarray,
    y: np.ndarray,
    w: np.ndarray,
    unexplained: np.ndarray,
    marker_rows: np.ndarray,
    outcome_rows: np.ndarray,
    sizes: np.ndarray,
    lambdas: np.ndarray,
    l1_ratio: float,
    logistic: bool,
    most: int,
    tol: float,
    ranks: np.ndarray,
) -> None:
    """In which order the markers enter, half-sample by half-sample; writes `ranks`.

    `columns` is (p, n); ``marker[j]`` is the marker that column j belongs to, -1 for a covariate.
    Row b of the half-samples takes marker columns from ``marker_rows[b, : sizes[b]]`` and outcomes,
    weights and covariates from `outcome_rows`: where these differ, markers are permuted. With no
    `lambdas` the markers are ranked one by one by their correlation with `unexplained`, what the
    covariates leave of the outcome. `ranks` is (half-samples, markers), `NEVER` on entry.
    """
    p = len(columns)
    m_most = marker_rows.shape[1]
    n_markers = ranks.shape[1]
    penalised = marker >= 0
    key = np.empty(n_markers)
    whole = np.empty((p, m_most))
    coef = np.empty((max(len(lambdas), 1), p))
    intercept = np.empty(max(len(lambdas), 1))
    for b in range(len(sizes)):
        m = sizes[b]
        X = whole.reshape(-1)[: p * m].reshape(p, m)
        own = outcome_rows[b, :m]
        ws = w[own]
        ws /= ws.sum()
        for j in range(p):
            _gather(columns[j], marker_rows[b, :m] if penalised[j] else own, ws, X[j])
        key[:] = np.inf
        if len(lambdas) == 0:
            rest = unexplained[own]
            rest -= dot(ws, rest)
            rest *= ws
            for j in range(p):
                if penalised[j]:
                    strength = abs(dot(X[j], rest))
                    if strength > 0.0:
                        key[marker[j]] = min(key[marker[j]], -strength)
        else:
            coef[:] = 0.0
            steps = path(
                X, y[own], ws, penalised, lambdas, l1_ratio, logistic, most, tol, coef, intercept
            )
            for j in range(p):
                if penalised[j]:
                    for s in range(steps):
                        if coef[s, j] != 0.0:
                            # within a step the larger coefficient is taken to come first
                            entered = s + 1.0 / (1.0 + abs(coef[s, j]))
                            key[marker[j]] = min(key[marker[j]], entered)
                            break
        order = np.argsort(key)
        for r in range(min(n_markers, NEVER - 1)):
            if key[order[r]] == np.inf:
                break
            ranks[b, order[r]] = r + 1
