"""Which clusters of markers go with the outcome: one p-value per cluster."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from signature.learn.elastic_net_path import Family
from signature.select.covariates import Adjusted, adjusted_further
from signature.select.half_samples import PeopleInRows
from signature.select.marker_scores import MarkerScores

Beyond = Literal["covariates", "shared"]

MOST_SHARED = 3
"""Factors that a panel may share."""

_BREADTH = 0.5
"""Share of the clusters that a factor must run through; one of unequal size runs through fewer."""

FEWEST_CLUSTERS = 5
"""Fewer share no factor that could be told from a cluster."""

_LEFT_OUT_UP_TO = 60
"""With so many clusters or fewer, a cluster has no part in the factors that it is compared with."""

_PERMUTATIONS = 99


@dataclass(frozen=True, eq=False)
class ClusterPvalues:
    """What was found of each cluster.

    Parameters
    ----------
    pvalues : ndarray of shape (n_clusters,)
    directions : ndarray of shape (n_clusters,)
        1 where a higher first member goes with more events, -1 where with fewer.
    n_shared : int
        Factors that all markers share, and that were taken out.
    """

    pvalues: np.ndarray
    directions: np.ndarray
    n_shared: int


def cluster_pvalues(
    adjusted: Adjusted,
    y: np.ndarray,
    family: Family,
    clusters: Sequence[np.ndarray],
    people: PeopleInRows,
    rng: np.random.Generator,
    *,
    beyond: Beyond,
    draws: int,
) -> ClusterPvalues:
    """Test each cluster by its members and by what these have in common.

    A cluster's p-value combines that of its first principal component and Simes' of its members
    (Cauchy combination; Liu and Xie 2020). Theirs come from draws in which nobody's markers matter,
    of the two kinds of `signature.select.strongest_marker`, scores of all columns together; the
    larger one counts.

    Parameters
    ----------
    adjusted : Adjusted
        All marker columns.
    y : ndarray of shape (n_rows,)
        As it was adjusted.
    family : {"logistic", "linear"}
    clusters : sequence of ndarray of int
        Marker columns of each; the first gives the direction.
    people : PeopleInRows
    rng : numpy.random.Generator
    beyond : {"covariates", "shared"}
        Whether a cluster must go with the outcome given the covariates alone, or also given what
        all markers share: leading principal components that run through at least half of the
        clusters and exceed those of markers whose people are mixed (parallel analysis; Horn 1965).
        A panel with one inflammation factor through all of it is found whole by the first.
    draws : int
        Of either kind.
    """
    common = np.column_stack([first_component(adjusted.markers[:, c]) for c in clusters])
    n_shared = 0
    if beyond == "shared" and len(clusters) >= FEWEST_CLUSTERS:
        n_shared = _how_many_shared(common, rng)
    apart = bool(n_shared) and len(clusters) <= _LEFT_OUT_UP_TO
    # columns of a cluster: what its members have in common, then they
    at = [np.r_[i, len(clusters) + c] for i, c in enumerate(clusters)]
    columns = np.column_stack([common, adjusted.markers])
    groups = [[i] for i in range(len(clusters))] if apart else [list(range(len(clusters)))]
    observed: list[tuple[np.ndarray, np.ndarray]] = [(np.empty(0), np.empty(0))] * len(clusters)
    signs = np.zeros(len(clusters))
    null: tuple[list[np.ndarray], list[np.ndarray]] = ([], [])
    for group in groups:
        given = adjusted
        if n_shared:
            others = np.delete(common, group, axis=1) if apart else common
            given = adjusted_further(adjusted, _factors(others, n_shared), y, family)
        own = np.concatenate([at[i] for i in group])
        scores = MarkerScores(given.of(columns[:, own]), people)
        both = scores.observed(by_leverage=True), scores.observed(by_leverage=False)
        for kind, drawn in zip(null, (scores.permuted, scores.flipped), strict=True):
            kind.append(drawn(draws, rng)[:, ~scores.constant].ravel())
        ends = np.cumsum([len(at[i]) for i in group])[:-1]
        for i, permuted, flipped, sign in zip(
            group, *(np.split(s, ends) for s in (*both, scores.directions())), strict=True
        ):
            observed[i] = permuted, flipped
            signs[i] = sign[1]
    references = [np.sort(np.concatenate(parts)) for parts in null]
    pvalues = [
        np.max([_among(s, ref) for s, ref in zip(pair, references, strict=True)], axis=0)
        for pair in observed
    ]
    return ClusterPvalues(np.array([_of_cluster(p) for p in pvalues]), signs, n_shared)


def benjamini_hochberg(pvalues: np.ndarray, level: float) -> np.ndarray:
    """Which of them pass at a false discovery rate (Benjamini and Hochberg 1995).

    Examples
    --------
    >>> benjamini_hochberg(np.array([0.03, 0.9, 0.04, 0.2]), 0.1)
    array([ True, False,  True, False])
    """
    order = np.argsort(pvalues, kind="stable")
    allowed = level * np.arange(1, len(pvalues) + 1) / len(pvalues)
    low = np.flatnonzero(pvalues[order] <= allowed)
    passed = np.zeros(len(pvalues), dtype=bool)
    if len(low):
        passed[order[: low[-1] + 1]] = True
    return passed


def _of_cluster(pvalues: np.ndarray) -> float:
    """Combine the p-value of what members have in common with those of the members."""
    common, members = pvalues[0], np.sort(pvalues[1:])
    if len(members) == 1:
        return float(members[0])
    simes = (len(members) * members / np.arange(1, len(members) + 1)).min()
    both = np.clip([common, simes], 1e-15, 1 - 1e-6)
    return float(0.5 - np.arctan(np.tan((0.5 - both) * np.pi).mean()) / np.pi)


def _among(scores: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """Share of the reference, and of the score itself, that is as large."""
    as_large = len(reference) - np.searchsorted(reference, scores * (1 - 1e-12))
    found: np.ndarray = (1 + as_large) / (1 + len(reference))
    return found


def _standardised(columns: np.ndarray) -> np.ndarray:
    spread = columns.std(axis=0)
    varying = columns[:, spread > 0]
    found: np.ndarray = (varying - varying.mean(axis=0)) / varying.std(axis=0)
    return found


def first_component(columns: np.ndarray) -> np.ndarray:
    """First principal component of standardised columns, of length 1; zeros of constant ones."""
    z = _standardised(columns)
    if not z.shape[1]:
        return np.zeros(len(columns))
    return np.linalg.svd(z, full_matrices=False)[0][:, 0]


def _how_many_shared(common: np.ndarray, rng: np.random.Generator) -> int:
    """Count leading components that exceed chance and run through at least half of the clusters."""
    z = _standardised(common)
    _, sizes, loadings = np.linalg.svd(z, full_matrices=False)
    mixed = [np.linalg.svd(rng.permuted(z, axis=0), compute_uv=False) for _ in range(_PERMUTATIONS)]
    # of how many clusters a component would be the even mixture
    broad = 1 / (loadings**4).sum(axis=1) >= _BREADTH * z.shape[1]
    ends = np.flatnonzero((sizes <= np.quantile(mixed, 0.95, axis=0)) | ~broad)
    return int(min(ends[0] if len(ends) else len(sizes), MOST_SHARED))


def _factors(common: np.ndarray, n_shared: int) -> np.ndarray:
    return np.linalg.svd(_standardised(common), full_matrices=False)[0][:, :n_shared]
