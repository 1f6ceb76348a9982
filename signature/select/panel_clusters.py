"""A panel as clusters of markers that go together, found without the outcome."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform
from scipy.stats import rankdata

CUT = 0.4
"""Mean absolute Spearman correlation between two clusters from which they are one."""

RESAMPLES = 50
"""Half-samples in which clusters are looked for again."""


@dataclass(frozen=True)
class MarkerCluster:
    """Markers that go together, up or down.

    Parameters
    ----------
    medoid : str
        The member that goes best with the others; it stands for them.
    members : tuple of str
        The medoid first, then as they go with it.
    stability : float
        Mean Jaccard index with the most similar cluster of a half-sample of the people: 1 where the
        same markers are always together, below .6 where they may not belong together (Hennig 2007).
    """

    medoid: str
    members: tuple[str, ...]
    stability: float


def panel_clusters(
    values: np.ndarray,
    names: Sequence[str],
    *,
    rng: np.random.Generator,
    cut: float = CUT,
    resamples: int = RESAMPLES,
) -> list[MarkerCluster]:
    """Cluster the markers by average linkage.

    Parameters
    ----------
    values : ndarray of shape (n_rows, n_markers)
        One column per marker; constant ones are clusters of their own.
    names : sequence of str
    rng : numpy.random.Generator
        For the half-samples.
    cut : float
        Smallest mean absolute Spearman correlation of two parts of a cluster.
    resamples : int

    Returns
    -------
    list of MarkerCluster
        The largest first.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> shared = rng.normal(size=(80, 1))
    >>> values = np.hstack([shared, -shared, rng.normal(size=(80, 1))])
    >>> values += 0.3 * rng.normal(size=(80, 3))
    >>> [c.members for c in panel_clusters(values, ["IL6", "TNF", "CRP"], rng=rng)]
    [('IL6', 'TNF'), ('CRP',)]
    """
    similar = _similar(values)
    sets = _sets(similar, cut)
    agreement = np.zeros(len(sets))
    for _ in range(resamples):
        half = rng.choice(len(values), size=len(values) // 2, replace=False)
        again = _labels(_similar(values[half]), cut)
        agreement += [_best_jaccard(members, again) for members in sets]
    found = []
    for members, total in zip(sets, agreement, strict=True):
        within = similar[np.ix_(members, members)]
        medoid = int(np.argmax(within.sum(axis=0)))
        order = members[np.argsort(-within[medoid], kind="stable")]
        found.append(
            MarkerCluster(
                medoid=names[members[medoid]],
                members=tuple(names[i] for i in order),
                stability=float(total / resamples) if resamples else 1.0,
            )
        )
    return sorted(found, key=lambda c: (-len(c.members), names.index(c.medoid)))


def _similar(values: np.ndarray) -> np.ndarray:
    """Absolute Spearman correlations; 0 for constant columns, 1 of each with itself."""
    ranks = rankdata(values, axis=0)
    ranks -= ranks.mean(axis=0)
    length = np.sqrt((ranks**2).sum(axis=0))
    unit = np.divide(ranks, length, out=np.zeros_like(ranks), where=length > 0)
    found: np.ndarray = np.abs(unit.T @ unit)
    np.fill_diagonal(found, 1.0)
    return found


def _labels(similar: np.ndarray, cut: float) -> np.ndarray:
    if len(similar) == 1:
        return np.ones(1, dtype=int)
    apart = squareform(1 - np.minimum(similar, 1), checks=False)
    labels: np.ndarray = fcluster(linkage(apart, "average"), 1 - cut, "distance")
    return labels


def _sets(similar: np.ndarray, cut: float) -> list[np.ndarray]:
    labels = _labels(similar, cut)
    return [np.flatnonzero(labels == label) for label in np.unique(labels)]


def _best_jaccard(members: np.ndarray, again: np.ndarray) -> float:
    sizes = np.bincount(again)
    both = np.bincount(again[members], minlength=len(sizes))
    return float((both / (len(members) + sizes - both)).max())
