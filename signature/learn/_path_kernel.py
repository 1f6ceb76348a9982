"""Compiled elastic-net paths; imported where something is fitted, never by a module.

Proximal Newton: the loss is replaced by its quadratic at the current point, the penalised
quadratic is solved on the columns in play, and a step that does not lower the objective is halved.
The columns in play grow by the largest violations among those that the strong rules leave
(Tibshirani 2012), then among all: no penalty is left before every column satisfies its condition.
"""

from __future__ import annotations

import numpy as np
from numba import njit

FAST_MATH = {"reassoc", "contract", "arcp", "nsz"}
"""Sums may be reordered, once and for all when compiled; NaN and infinity keep their meaning."""

_SWEEPS = 8
"""Coordinate sweeps before the system of the columns in use is solved at once."""

_FEWEST_ADDED = 16
"""Violating columns that may join at a time, unless more are in play already."""


@njit(cache=True, nogil=True, fastmath=FAST_MATH)
def dot(a: np.ndarray, b: np.ndarray) -> float:
    total = 0.0
    for i in range(len(a)):
        total += a[i] * b[i]
    return total


@njit(cache=True, nogil=True, fastmath=FAST_MATH)
def _objective(
    eta: np.ndarray,
    change: np.ndarray,
    y: np.ndarray,
    w: np.ndarray,
    columns: np.ndarray,
    n: int,
    penalised: np.ndarray,
    beta: np.ndarray,
    local: np.ndarray,
    l1: float,
    l2: float,
    size: float,
) -> float:
    """Logistic loss and penalty after a step of some size."""
    total = 0.0
    for i in range(len(y)):
        e = eta[i] + size * change[i]
        total += w[i] * (max(e, 0.0) + np.log1p(np.exp(-abs(e))) - y[i] * e)
    for a in range(n):
        if penalised[columns[a]]:
            b = beta[columns[a]] + size * (local[a] - beta[columns[a]])
            total += l1 * abs(b) + 0.5 * l2 * b * b
    return total


@njit(cache=True, nogil=True, fastmath=FAST_MATH)
def _halved(
    eta: np.ndarray,
    change: np.ndarray,
    y: np.ndarray,
    w: np.ndarray,
    columns: np.ndarray,
    n: int,
    penalised: np.ndarray,
    beta: np.ndarray,
    local: np.ndarray,
    l1: float,
    l2: float,
) -> float:
    """Return the largest of 1, 1/2, 1/4, … at which a step does not raise the objective."""
    before = _objective(eta, change, y, w, columns, n, penalised, beta, local, l1, l2, 0.0)
    size = 1.0
    for _ in range(30):
        after = _objective(eta, change, y, w, columns, n, penalised, beta, local, l1, l2, size)
        if after <= before + 1e-15 * abs(before):
            break
        size *= 0.5
    return size


@njit(cache=True, nogil=True, fastmath=FAST_MATH)
def _derivatives(
    eta: np.ndarray,
    y: np.ndarray,
    w: np.ndarray,
    logistic: bool,
    residual: np.ndarray,
    curvature: np.ndarray,
) -> None:
    """Negative first and second derivative of the loss by row, in place."""
    for i in range(len(y)):
        if logistic:
            mu = 1.0 / (1.0 + np.exp(-eta[i]))
            residual[i] = w[i] * (y[i] - mu)
            curvature[i] = w[i] * max(mu * (1.0 - mu), 1e-10)
        else:
            residual[i] = w[i] * (y[i] - eta[i])
            curvature[i] = w[i]


@njit(cache=True, nogil=True, fastmath=FAST_MATH)
def _solve_in_use(
    gram: np.ndarray,
    linear: np.ndarray,
    l1: float,
    l2: float,
    penalised: np.ndarray,
    beta: np.ndarray,
    in_use: np.ndarray,
    chol: np.ndarray,
    x: np.ndarray,
) -> bool:
    """Solve the quadratic on the columns in use with their signs held; False if a sign changes."""
    k = len(in_use)
    for a in range(k):
        ia = in_use[a]
        for b in range(a + 1):
            chol[a, b] = gram[ia, in_use[b]]
        x[a] = linear[ia]
        if penalised[ia]:
            chol[a, a] += l2
            x[a] -= l1 if beta[ia] > 0 else -l1
    for a in range(k):
        for b in range(a):
            chol[a, b] = (chol[a, b] - dot(chol[a, :b], chol[b, :b])) / chol[b, b]
        d = chol[a, a] - dot(chol[a, :a], chol[a, :a])
        if d <= 1e-10 * gram[in_use[a], in_use[a]]:
            return False
        chol[a, a] = np.sqrt(d)
    for a in range(k):
        x[a] = (x[a] - dot(chol[a, :a], x[:a])) / chol[a, a]
    for a in range(k - 1, -1, -1):
        for b in range(a + 1, k):
            x[a] -= chol[b, a] * x[b]
        x[a] /= chol[a, a]
    for a in range(k):
        if penalised[in_use[a]] and x[a] * beta[in_use[a]] <= 0.0:
            return False
    for a in range(k):
        beta[in_use[a]] = x[a]
    return True


@njit(cache=True, nogil=True, fastmath=FAST_MATH)
def _minimise_quadratic(
    gram: np.ndarray,
    linear: np.ndarray,
    l1: float,
    l2: float,
    penalised: np.ndarray,
    beta: np.ndarray,
    n: int,
    chol: np.ndarray,
    spare: np.ndarray,
) -> None:
    """Coordinate descent on 1/2 b'Gb - c'b + penalty over the first n columns, in place."""
    slope = np.empty(n)
    for a in range(n):
        slope[a] = linear[a] - dot(gram[a, :n], beta[:n])
    for sweep in range(10_000):
        largest = 0.0
        for a in range(n):
            h = gram[a, a]
            if h <= 0.0:
                continue
            old = beta[a]
            u = slope[a] + h * old
            if not penalised[a]:
                new = u / h
            elif u > l1:
                new = (u - l1) / (h + l2)
            elif u < -l1:
                new = (u + l1) / (h + l2)
            else:
                new = 0.0
            d = new - old
            if d != 0.0:
                beta[a] = new
                row = gram[a]
                for b in range(n):
                    slope[b] -= d * row[b]
                largest = max(largest, abs(d) * h)
        if largest < 1e-12 * max(l1, 1e-3):
            return
        if sweep % _SWEEPS == _SWEEPS - 1:
            in_use = np.flatnonzero(beta[:n])
            if _solve_in_use(gram, linear, l1, l2, penalised, beta, in_use, chol, spare):
                for a in range(n):
                    slope[a] = linear[a] - dot(gram[a, :n], beta[:n])


@njit(cache=True, nogil=True, fastmath=FAST_MATH)
def path(
    X: np.ndarray,
    y: np.ndarray,
    w: np.ndarray,
    penalised: np.ndarray,
    lambdas: np.ndarray,
    l1_ratio: float,
    logistic: bool,
    most: int,
    tol: float,
    coef: np.ndarray,
    intercept: np.ndarray,
) -> int:
    """Fit one path of penalties.

    X is (p, m), a column of the data in each row; y and w are (m,), w sums to 1; `penalised` is
    (p,). Where ``lambdas[0]`` is negative, its elements are minus the shares of the smallest
    penalty at which nothing is in use. Writes `coef` (steps, p) and `intercept` (steps,), stops
    after the step at which more than `most` penalised columns are in use, and returns the number
    of steps done. `tol` bounds the gradient by which a condition may be missed.
    """
    p, m = X.shape
    beta = np.zeros(p)
    b0 = 0.0
    eta = np.zeros(m)
    change = np.empty(m)
    residual = np.empty(m)
    curvature = np.empty(m)
    weighted = np.empty(m)
    gradient = np.zeros(p)
    violation = np.empty(p)
    # where a column stands: at its place in play, -1 out, -2 out but strong
    place = np.full(p, -1)
    columns = np.empty(p, np.int64)
    n = 0
    for j in range(p):
        if not penalised[j]:
            columns[n] = j
            place[j] = n
            n += 1
    room = 0
    gram = np.empty((0, 0))
    chol = np.empty((0, 0))
    spare = np.empty(0)
    linear = np.empty(0)
    local = np.empty(0)
    held = np.empty(0, np.bool_)
    previous = np.inf
    relative = lambdas[0] < 0
    largest = 0.0
    for step in range(-1 if relative else 0, len(lambdas)):
        if step < 0:
            lam = 1e300
        elif relative:
            lam = -lambdas[step] * largest / max(l1_ratio, 1e-3)
        else:
            lam = lambdas[step]
        l1 = lam * l1_ratio
        l2 = lam * (1.0 - l1_ratio)
        if step > 0 or (step == 0 and relative):
            for j in range(p):
                if place[j] == -1 and abs(gradient[j]) >= 2 * l1 - previous:
                    place[j] = -2
        previous = l1
        while True:
            if n + 1 > room:
                room = max(64, 2 * (n + 1))
                gram = np.empty((room, room))
                chol = np.empty((room, room))
                spare = np.empty(room)
                linear = np.empty(room)
                local = np.empty(room)
                held = np.empty(room, np.bool_)
            for _newton in range(100):
                _derivatives(eta, y, w, logistic, residual, curvature)
                worst = abs(residual.sum())
                for a in range(n):
                    j = columns[a]
                    g = dot(X[j], residual)
                    local[a] = beta[j]
                    linear[a] = g
                    held[a] = penalised[j]
                    if not penalised[j]:
                        off = abs(g)
                    elif beta[j] != 0.0:
                        off = abs(g - l2 * beta[j] - (l1 if beta[j] > 0 else -l1))
                    else:
                        off = abs(g) - l1
                    worst = max(worst, off)
                if worst <= tol:
                    break
                # the intercept is the last of the columns in play
                for a in range(n):
                    column = X[columns[a]]
                    for i in range(m):
                        weighted[i] = curvature[i] * column[i]
                    for b in range(a + 1):
                        gram[a, b] = dot(weighted, X[columns[b]])
                        gram[b, a] = gram[a, b]
                    gram[a, n] = weighted.sum()
                    gram[n, a] = gram[a, n]
                gram[n, n] = curvature.sum()
                local[n] = b0
                linear[n] = residual.sum()
                held[n] = False
                for a in range(n + 1):
                    linear[a] += dot(gram[a, : n + 1], local[: n + 1])
                _minimise_quadratic(gram, linear, l1, l2, held, local, n + 1, chol, spare)
                for i in range(m):
                    change[i] = local[n] - b0
                for a in range(n):
                    d = local[a] - beta[columns[a]]
                    if d != 0.0:
                        column = X[columns[a]]
                        for i in range(m):
                            change[i] += d * column[i]
                size = 1.0
                furthest = 0.0
                for i in range(m):
                    furthest = max(furthest, abs(change[i]))
                if logistic and furthest > 1.0:
                    # a step that moves no row by more than 1 lowers the objective (Bach 2010)
                    size = _halved(eta, change, y, w, columns, n, penalised, beta, local, l1, l2)
                for a in range(n):
                    j = columns[a]
                    # a whole step is taken as it is, so that zeros stay zeros
                    beta[j] = local[a] if size == 1.0 else beta[j] + size * (local[a] - beta[j])
                b0 += size * (local[n] - b0)
                for i in range(m):
                    eta[i] += size * change[i]
                if size * furthest < 1e-14:
                    break
            _derivatives(eta, y, w, logistic, residual, curvature)
            added = 0
            for stage in (-2, -1):
                for j in range(p):
                    if place[j] == stage:
                        gradient[j] = dot(X[j], residual)
                        if abs(gradient[j]) > l1 + tol:
                            columns[n + added] = j
                            violation[added] = -abs(gradient[j])
                            added += 1
                if added:
                    break
            if not added:
                break
            at_once = max(_FEWEST_ADDED, n)
            if added > at_once:
                order = np.argsort(violation[:added])[:at_once]
                columns[n : n + at_once] = columns[n : n + added][order]
                added = at_once
            for a in range(n, n + added):
                place[columns[a]] = a
            n += added
        if step < 0:
            for j in range(p):
                if penalised[j]:
                    largest = max(largest, abs(gradient[j]))
            continue
        used = 0
        kept = 0
        for a in range(n):
            j = columns[a]
            coef[step, j] = beta[j]
            if beta[j] != 0.0 or not penalised[j]:
                columns[kept] = j
                place[j] = kept
                kept += 1
                used += penalised[j]
            else:
                place[j] = -1
                gradient[j] = dot(X[j], residual)
        n = kept
        for j in range(p):
            if place[j] == -2:
                place[j] = -1
        intercept[step] = b0
        if used > most:
            return step + 1
    return len(lambdas)


@njit(cache=True, nogil=True, fastmath=FAST_MATH)
def quadratic_path(
    gram: np.ndarray,
    linear: np.ndarray,
    lambdas: np.ndarray,
    l1_ratio: float,
    coef: np.ndarray,
) -> None:
    """Minimise 1/2 b'Gb - c'b + penalty for each penalty, each from the one before; writes `coef`.

    `gram` is (p, p), `linear` (p,), `coef` (penalties, p).
    """
    p = len(linear)
    beta = np.zeros(p)
    penalised = np.ones(p, np.bool_)
    chol = np.empty((p, p))
    spare = np.empty(p)
    for step in range(len(lambdas)):
        l1 = lambdas[step] * l1_ratio
        l2 = lambdas[step] * (1.0 - l1_ratio)
        _minimise_quadratic(gram, linear, l1, l2, penalised, beta, p, chol, spare)
        coef[step] = beta
