"""Ways to select markers, each giving every marker a score and a decision at its usual settings.

Shared by the comparison in ``experiments.benchmarks.selection_synthetic``. Every way takes the
columns and a 0/1 outcome and returns `Selections`: decisions by name, and one score whose levels
make the power-error curve.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numba import njit
from sklearn.covariance import ledoit_wolf

from experiments.benchmarks.distilled import cross_validated_lambdas, distilled_pvalues
from signature.learn.elastic_net_path import elastic_net_path
from signature.select.cluster_tests import benjamini_hochberg
from signature.select.half_samples import PeopleInRows
from signature.select.marker_ranks import Learner
from signature.select.stability_selection import StabilitySelection

GRID = np.linspace(0.01, 1, 10)
"""Stabl's inverse penalties of the L1-logistic regression."""

PAIRS = 100
KNOCKOFFS = 10


@dataclass(frozen=True, eq=False)
class Selections:
    """What one method made of one data set.

    Parameters
    ----------
    score : ndarray of shape (n_markers,)
        High for a marker that is likely to be related.
    decisions : mapping of str to bool ndarray of shape (n_markers,)
        By the name of the setting.
    """

    score: np.ndarray
    decisions: Mapping[str, np.ndarray]


Method = Callable[[np.ndarray, np.ndarray, int], dict[str, Selections]]


def permutation_calibrated(learner: Learner) -> Method:
    """Stability selection as this project does it."""

    def run(X: np.ndarray, y: np.ndarray, seed: int) -> dict[str, Selections]:
        fitted = StabilitySelection(learner=learner, random_state=seed).fit(X, y)
        selected = {
            "PFER .25": fitted.selected_,
            "PFER 1": fitted.selected_at(1),
            "FDR .1": fitted.selected_at(0.1, "fdr"),
            "FDR .2": fitted.selected_at(0.2, "fdr"),
        }
        decisions = {name: np.isin(fitted.markers_, chosen) for name, chosen in selected.items()}
        label = {"elastic_net": "ours, lasso path", "marginal": "ours, one by one"}[learner]
        return {label: Selections(fitted.frequencies_, decisions)}

    return run


def analytic(X: np.ndarray, y: np.ndarray, seed: int) -> dict[str, Selections]:
    """Threshold of the r-concave bound, with few markers per half, which is what suits it."""
    decisions = {}
    for level in (0.25, 1.0):
        fitted = StabilitySelection(
            bound="r-concave",
            alpha=None,
            level=level,
            per_half=10,
            max_pairs=PAIRS,
            random_state=seed,
        ).fit(X, y)
        decisions[f"PFER {'.25' if level < 1 else '1'}"] = np.isin(
            fitted.markers_, fitted.selected_
        )
    return {"r-concave bound": Selections(fitted.frequencies_, decisions)}


def plain(X: np.ndarray, y: np.ndarray, seed: int) -> dict[str, Selections]:
    """Stability selection over a grid of penalties with a threshold chosen by hand."""
    often = _grid_frequencies(X, y, seed)
    names = {".6": 0.6, ".75": 0.75, ".9": 0.9}
    decisions = {f"threshold {name}": often > t for name, t in names.items()}
    return {"plain stability selection": Selections(often, decisions)}


def noise_features(X: np.ndarray, y: np.ndarray, seed: int) -> dict[str, Selections]:
    """Threshold where permuted copies of the columns say that fewest selections are false.

    That of Stabl (Hédou 2024) with permuted columns: the threshold with the smallest
    (1 + permuted above) / (real above).
    """
    p = X.shape[1]
    copies = np.random.default_rng([seed, 2]).permuted(X, axis=0)
    often = _grid_frequencies(np.hstack([X, copies]), y, seed)
    thresholds = np.arange(0.1, 1.0, 0.01)
    above = often > thresholds[:, None]
    shares = (1 + above[:, p:].sum(axis=1)) / np.maximum(above[:, :p].sum(axis=1), 1)
    chosen = above[np.argmin(shares), :p]
    return {"noise features": Selections(often[:p], {"smallest FDP+": chosen})}


def _grid_frequencies(X: np.ndarray, y: np.ndarray, seed: int) -> np.ndarray:
    """Largest share of half-samples, over the grid, that give a column a coefficient."""
    rng = np.random.default_rng([seed, 1])
    halves = PeopleInRows(np.arange(len(y)), y).pairs(PAIRS, rng)
    counts = np.zeros((len(GRID), X.shape[1]))
    for rows in halves.rows:
        Z = X[rows] - X[rows].mean(axis=0)
        Z /= Z.std(axis=0)
        counts += elastic_net_path(Z, y[rows], 1 / (GRID * len(rows)), tol=1e-6).coef != 0
    return counts.max(axis=0) / len(halves)


def knockoffs(X: np.ndarray, y: np.ndarray, seed: int) -> dict[str, Selections]:
    """Model-X knockoffs, one copy and many.

    Gaussian, equicorrelated, with the Ledoit-Wolf covariance (Candès 2018); the statistic is the
    difference of L1-logistic coefficients at the penalty of least cross-validated loss. One copy:
    knockoff+. Many: e-values averaged over copies, e-BH (Ren and Barber 2024).
    """
    p = X.shape[1]
    rng = np.random.default_rng([seed, 3])
    Z = (X - X.mean(axis=0)) / X.std(axis=0)
    covariance, _ = ledoit_wolf(Z)
    smallest = float(np.linalg.eigvalsh(covariance)[0])
    s = 0.999 * min(1.0, 2 * smallest)
    shrunken = np.linalg.solve(covariance, np.eye(p)) * s
    # symmetric up to rounding; the diagonal keeps it positive definite
    root = np.linalg.cholesky(2 * s * np.eye(p) - s * shrunken + 1e-9 * np.eye(p))
    w = []
    for _ in range(KNOCKOFFS):
        copies = Z - Z @ shrunken + rng.normal(size=Z.shape) @ root.T
        both = np.hstack([Z, copies / copies.std(axis=0)])
        size = np.abs(_cross_validated(both, y, seed))
        w.append(size[:p] - size[p:])
    levels = {"FDR .1": 0.1, "FDR .2": 0.2}
    one = {name: w[0] >= _knockoff_plus(w[0], q) for name, q in levels.items()}
    many = {}
    for name, q in levels.items():
        e = np.mean([_e_values(v, q / 2) for v in w], axis=0)
        many[name] = _e_bh(e, q)
    return {
        "knockoffs": Selections(w[0], one),
        f"knockoffs, {KNOCKOFFS} copies": Selections(np.mean(w, axis=0), many),
    }


def _cross_validated(Z: np.ndarray, y: np.ndarray, seed: int) -> np.ndarray:
    return elastic_net_path(Z, y, cross_validated_lambdas(Z, y, seed), tol=1e-6).coef[-1]


def distilled(X: np.ndarray, y: np.ndarray, seed: int) -> dict[str, Selections]:
    """Distilled conditional randomisation test, Benjamini-Hochberg."""
    pvalues = distilled_pvalues(X, np.empty((len(y), 0)), y, seed)
    decisions = {f"FDR .{q:.0f}": benjamini_hochberg(pvalues, q / 10) for q in (1, 2)}
    return {"distilled test": Selections(-np.log10(pvalues), decisions)}


def _knockoff_plus(w: np.ndarray, q: float) -> float:
    for t in np.sort(np.abs(w[w != 0])):
        if (1 + (w <= -t).sum()) / max((w >= t).sum(), 1) <= q:
            return float(t)
    return np.inf


def _e_values(w: np.ndarray, q: float) -> np.ndarray:
    t = _knockoff_plus(w, q)
    return len(w) * (w >= t) / (1 + (w <= -t).sum())


def _e_bh(e: np.ndarray, q: float) -> np.ndarray:
    falling = np.sort(e)[::-1]
    enough = np.flatnonzero(falling >= len(e) / (q * np.arange(1, len(e) + 1)))
    if not len(enough):
        return np.zeros(len(e), dtype=bool)
    return e >= falling[enough[-1]]


def knowing_the_design(X: np.ndarray, y: np.ndarray, seed: int) -> dict[str, Selections]:
    """Variational spike and slab that knows how many markers matter, and about how much.

    The posterior of a model with the design's own number of informative columns (Carbonetto and
    Stephens 2012, with the Jaakkola-Jordan bound). A guide to what the data hold where columns are
    independent; among correlated ones it settles on a neighbour and is no limit.
    """
    Z = np.ascontiguousarray((X - X.mean(axis=0)) / X.std(axis=0))
    inclusion = _spike_and_slab(Z, np.asarray(y, dtype="float64"), 10 / Z.shape[1], 0.5)
    return {"knows the design": Selections(inclusion, {"probability .5": inclusion >= 0.5})}


@njit(cache=True)
def _spike_and_slab(X: np.ndarray, y: np.ndarray, share: float, variance: float) -> np.ndarray:
    n, p = X.shape
    columns = np.ascontiguousarray(X.T)
    inclusion, mean, spread = np.zeros(p), np.zeros(p), np.ones(p)
    fit, xi = np.zeros(n), np.ones(n)
    prior = np.log(share / (1 - share))
    for _ in range(300):
        before = inclusion.copy()
        d = np.tanh(xi / 2) / (2 * xi)
        b0 = ((y - 0.5).sum() - (d * fit).sum()) / d.sum()
        rest = y - 0.5 - d * b0
        for j in range(p):
            x = columns[j]
            curvature = (x * x * d).sum()
            spread[j] = 1 / (curvature + 1 / variance)
            own = inclusion[j] * mean[j]
            mean[j] = spread[j] * ((x * rest).sum() + curvature * own - (x * d * fit).sum())
            odds = prior + 0.5 * (np.log(spread[j] / variance) + mean[j] ** 2 / spread[j])
            inclusion[j] = 1 / (1 + np.exp(-odds))
            fit += (inclusion[j] * mean[j] - own) * x
        of = inclusion * (spread + mean**2) - (inclusion * mean) ** 2
        xi = np.sqrt((b0 + fit) ** 2 + (X * X) @ of + 1e-9)
        if np.abs(inclusion - before).max() < 1e-4:
            break
    return inclusion


METHODS: dict[str, Method] = {
    "elastic_net": permutation_calibrated("elastic_net"),
    "marginal": permutation_calibrated("marginal"),
    "analytic": analytic,
    "plain": plain,
    "noise_features": noise_features,
    "knockoffs": knockoffs,
    "distilled": distilled,
    "knowing_the_design": knowing_the_design,
}
