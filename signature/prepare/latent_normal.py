"""A multivariate normal learned from rows with missing cells and cells below a limit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq

from signature.prepare.truncated_normal import below, draw_below, means_below

_SMALLEST_VARIANCE, _LARGEST_VARIANCE = 1 / 25, 25.0
_SMALLEST_SHRINKAGE = 1e-4
_FREEDOM_PER_ROW = 0.25
_CELLS_AT_A_TIME = 20_000_000


@dataclass(frozen=True)
class Parameters:
    """Of the multivariate normal.

    Parameters
    ----------
    mean : ndarray of shape (n_columns,)
    covariance : ndarray of shape (n_columns, n_columns)
    residual : ndarray of shape (n_columns,)
        Variance of each column given all others.
    """

    mean: np.ndarray
    covariance: np.ndarray
    residual: np.ndarray


def augment(
    values: np.ndarray,
    limits: np.ndarray,
    rng: np.random.Generator,
    burn_in: int,
    sweeps: int,
    draws: int,
) -> tuple[Parameters, list[Parameters], np.ndarray]:
    """Learn mean and covariance by data augmentation (Tanner and Wong 1987).

    In turn, incomplete cells are drawn given all other cells of their row (a Gibbs step; a
    truncated normal below a limit), and the parameters given the completed table. The parameters
    are drawn by the Bayesian bootstrap (Rubin 1981), which needs no inverse-Wishart and so no more
    rows than columns; correlations are shrunk towards zero as far as the table demands.

    Parameters
    ----------
    values : ndarray of shape (n_rows, n_columns)
        Standardised; NaN where missing or below a limit.
    limits : ndarray of shape (n_rows, n_columns)
        NaN where nothing is known of a limit.
    rng : Generator
    burn_in, sweeps : int
        Rounds before and while parameters are averaged.
    draws : int
        How many single draws of the parameters to return.

    Returns
    -------
    fitted : Parameters
        Averaged over `sweeps`.
    drawn : list of Parameters
        Single draws, evenly spaced over these.
    completed : ndarray of shape (n_rows, n_columns)
        The last table; its incomplete cells are draws.
    """
    upper = np.where(np.isnan(limits), np.inf, limits)
    cells = _incomplete(values)
    table = _start(values, limits)
    p = table.shape[1]
    mean, covariance, residual = np.zeros(p), np.zeros((p, p)), np.zeros(p)
    drawn: list[Parameters] = []
    for at in range(burn_in + sweeps):
        now, precision = _parameters(table, rng.standard_exponential(len(table)))
        sweep(table, upper, cells, now.mean, precision, now.residual, rng)
        if at < burn_in:
            continue
        mean += now.mean / sweeps
        covariance += now.covariance / sweeps
        residual += now.residual / sweeps
        while len(drawn) * sweeps < draws * (at - burn_in + 1):
            drawn.append(now)
    observed = ~np.isnan(values)
    table[observed] = values[observed]  # subtracting and adding the mean rounds
    return Parameters(mean, covariance, residual), drawn, table


def _incomplete(values: np.ndarray) -> list[tuple[int, np.ndarray]]:
    """Columns with incomplete cells, each with the rows of these."""
    gaps = np.isnan(values)
    return [(int(j), np.flatnonzero(gaps[:, j])) for j in np.flatnonzero(gaps.any(axis=0))]


def _start(values: np.ndarray, limits: np.ndarray) -> np.ndarray:
    table = np.where(np.isnan(values), 0.0, values)
    censored = np.isfinite(limits) & np.isnan(values)
    table[censored] = below(np.zeros(censored.sum()), 1.0, limits[censored])[0]
    return table


def _parameters(table: np.ndarray, weights: np.ndarray) -> tuple[Parameters, np.ndarray]:
    """Draw the parameters, and return them with the inverse covariance."""
    n = len(table)
    weights = weights / weights.sum()
    # the bootstrap's weighted variance is too small by (n - 1) / (n + 1) on average
    scale = (n + 1) / max(n - 1, 1)
    mean = weights @ table
    centred = table - mean
    variance = weights @ (centred * centred)
    factor = centred * np.sqrt(weights)[:, None] / np.sqrt(np.where(variance > 0, variance, 1.0))
    shrinkage = _shrinkage(factor, weights)
    variance = np.clip(variance * scale, _SMALLEST_VARIANCE, _LARGEST_VARIANCE)
    precision = _precision(factor, shrinkage, variance)
    # Without shrinkage this is 1 / diagonal. With it, the shrunken model explains more of the
    # table than it believes, and draws with its own residual would widen from sweep to sweep.
    own = 1 / np.diagonal(precision)
    fitted = centred - (centred @ precision) * own
    left = variance - weights @ (fitted - weights @ fitted) ** 2 * scale
    residual = np.maximum(left, 1e-3 * own)
    return Parameters(mean, _covariance(factor, shrinkage, variance), residual), precision


def _shrinkage(factor: np.ndarray, weights: np.ndarray) -> float:
    """Share of zero in the correlations.

    The larger of two: that which expects the least error (Schäfer and Strimmer 2005: sum of the
    correlations' sampling variances over the sum of their squares), and that which leaves a
    regression on all columns a quarter as many degrees of freedom as there are rows. With more, a
    drawn cell would mostly be predicted from itself, and wander.
    """
    n, p = factor.shape
    gram = factor.T @ factor if p <= n else factor @ factor.T
    squares = float(np.sum(gram * gram)) - p
    # weighted cells are √w·z, so that dividing by √w gives back the cell itself
    cells = factor * factor / weights[:, None]
    fourth = float(weights @ (cells.sum(axis=1) ** 2 - (cells * cells).sum(axis=1)))
    noise = (fourth - squares) / n
    share = float(np.clip(noise / squares, 0, 1)) if squares > 0 else 1.0
    share = max(share, _SMALLEST_SHRINKAGE)
    most = _FREEDOM_PER_ROW * n
    if p <= most:
        return share
    sizes = np.maximum(np.linalg.eigvalsh(gram), 0)

    def freedom(share: float) -> float:
        return float(np.sum((1 - share) * sizes / ((1 - share) * sizes + share)))

    if freedom(share) <= most:
        return share
    return float(brentq(lambda s: freedom(s) - most, share, 1.0, xtol=1e-6))


def _covariance(factor: np.ndarray, shrinkage: float, variance: np.ndarray) -> np.ndarray:
    correlation = (1 - shrinkage) * (factor.T @ factor)
    np.fill_diagonal(correlation, 1.0)
    sd = np.sqrt(variance)
    return correlation * sd[:, None] * sd


def _precision(factor: np.ndarray, shrinkage: float, variance: np.ndarray) -> np.ndarray:
    n, p = factor.shape
    if 2 * n >= p:
        return np.linalg.inv(_covariance(factor, shrinkage, variance))
    # Woodbury: with few rows the correlations are a diagonal and a thin product
    scaled = factor * np.sqrt((1 - shrinkage) / shrinkage)
    middle = np.linalg.inv(np.eye(n) + scaled @ scaled.T)
    inverse = (np.eye(p) - scaled.T @ (middle @ scaled)) / shrinkage
    sd = np.sqrt(variance)
    return inverse / sd[:, None] / sd


def sweep(
    table: np.ndarray,
    upper: np.ndarray,
    cells: list[tuple[int, np.ndarray]],
    mean: np.ndarray,
    precision: np.ndarray,
    residual: np.ndarray,
    rng: np.random.Generator,
) -> None:
    """Draw each incomplete cell given the other cells of its row, in place."""
    table -= mean
    sd = np.sqrt(residual)
    for j, rows in cells:
        expected = table[rows, j] - (table[rows] @ precision[:, j]) / precision[j, j]
        limit = upper[rows, j] - mean[j]
        table[rows, j] = draw_below(expected, sd[j], limit, rng.random(len(rows)))
    table += mean
    for j, rows in cells:
        table[rows, j] = np.minimum(table[rows, j], upper[rows, j])  # rounding


def draw(
    values: np.ndarray,
    limits: np.ndarray,
    mean: np.ndarray,
    precision: np.ndarray,
    residual: np.ndarray,
    rng: np.random.Generator,
    sweeps: int,
) -> np.ndarray:
    """Draw the incomplete cells of rows, the parameters being known."""
    table = expect(values, limits, mean, precision)
    cells = _incomplete(values)
    observed = ~np.isnan(values)
    upper = np.where(np.isnan(limits), np.inf, limits)
    for _ in range(sweeps):
        sweep(table, upper, cells, mean, precision, residual, rng)
    table[observed] = values[observed]
    return table


def expect(
    values: np.ndarray, limits: np.ndarray, mean: np.ndarray, precision: np.ndarray
) -> np.ndarray:
    """Work out the expected value of each incomplete cell from its row's measured cells and limits.

    Exact for missing cells and for a single cell below a limit in a row; by expectation
    propagation for several. Every row is worked out by itself.
    """
    table = values.copy()
    incomplete = np.flatnonzero(np.isnan(values).any(axis=1))
    at_a_time = max(1, _CELLS_AT_A_TIME // max(values.shape[1], 1) ** 2)
    for first in range(0, len(incomplete), at_a_time):
        _expect_rows(table, limits, incomplete[first : first + at_a_time], mean, precision)
    return table


def _expect_rows(
    table: np.ndarray,
    limits: np.ndarray,
    rows: np.ndarray,
    mean: np.ndarray,
    precision: np.ndarray,
) -> None:
    """Fill rows: missing cells integrated out, then cells below limits, then missing cells."""
    pending: dict[int, list[tuple[int, np.ndarray, np.ndarray, np.ndarray]]] = {}
    for row in rows:
        gap = np.isnan(table[row])
        low = gap & np.isfinite(limits[row])
        censored = np.flatnonzero(low)
        if not len(censored):
            continue
        known = np.flatnonzero(~gap)
        inverse, pull = _reduced(table[row], mean, precision, censored, known, gap & ~low)
        pending.setdefault(len(censored), []).append((row, censored, inverse, pull))
    for batch in pending.values():
        at = np.array([row for row, *_ in batch])[:, None]
        columns = np.stack([censored for _, censored, _, _ in batch])
        limit = limits[at, columns]
        found = means_below(
            np.stack([inverse for *_, inverse, _ in batch]),
            np.stack([pull for *_, pull in batch]),
            limit - mean[columns],
        )
        table[at, columns] = np.minimum(found + mean[columns], limit)
    for row in rows:
        missing = np.flatnonzero(np.isnan(table[row]))
        if len(missing):
            known = np.flatnonzero(~np.isnan(table[row]))
            pull = precision[np.ix_(missing, known)] @ (table[row, known] - mean[known])
            own = precision[np.ix_(missing, missing)]
            table[row, missing] = mean[missing] - np.linalg.solve(own, pull)


def _reduced(
    row: np.ndarray,
    mean: np.ndarray,
    precision: np.ndarray,
    censored: np.ndarray,
    known: np.ndarray,
    missing: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Precision and pull of the censored cells given the known, the missing integrated out."""
    inverse = precision[np.ix_(censored, censored)]
    away = row[known] - mean[known]
    pull = -precision[np.ix_(censored, known)] @ away
    if missing.any():
        gone = np.flatnonzero(missing)
        across = precision[np.ix_(censored, gone)]
        solved = np.linalg.solve(
            precision[np.ix_(gone, gone)],
            np.column_stack([across.T, precision[np.ix_(gone, known)] @ away]),
        )
        inverse = inverse - across @ solved[:, :-1]
        pull = pull + across @ solved[:, -1]
    return inverse, pull
