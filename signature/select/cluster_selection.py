"""The clusters of a panel that go with an outcome, at a declared false discovery rate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self, get_args

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.utils.validation import validate_data

from signature.randomness import generator
from signature.select.cluster_tests import Beyond, benjamini_hochberg, cluster_pvalues
from signature.select.panel_clusters import CUT, RESAMPLES, MarkerCluster, panel_clusters
from signature.select.panel_rows import PanelRows


@dataclass(frozen=True)
class ClusterVerdict(MarkerCluster):
    """A cluster and what was found of it.

    Parameters
    ----------
    pvalue : float
    found : bool
        Whether it passes at the declared rate, all clusters looked at.
    direction : int
        1 where a higher medoid goes with more events, -1 where with fewer.
    """

    pvalue: float
    found: bool
    direction: int


class ClusterSelection(BaseEstimator):
    """Find the clusters of markers that go with the outcome.

    Markers of a panel say much the same, and which of a cluster is named is luck. Markers are
    clustered without the outcome, what covariates say of them taken out; each cluster is tested by
    what its members have in common and by the members; and clusters are found at a false discovery
    rate. A member stands for its cluster and is not claimed alone: which marker it is,
    `StabilitySelection` may say.

    Parameters
    ----------
    panel : sequence of str, optional
        Names of the markers; all columns when left out. A column ``<marker>__…`` belongs to its
        marker; every other column is a covariate and taken out first.
    beyond : {"shared", "covariates"}
        The null hypothesis that is tested: that a cluster says nothing of the outcome given the
        covariates and what all markers of the panel share, or given the covariates alone. Where one
        inflammation factor runs through everything, the second finds the whole panel.
    level : float
        False discovery rate: expected share of false clusters among those found.
    cut : float
        Smallest mean absolute Spearman correlation of two parts of a cluster.
    draws : int
        Of either kind, of each column's score.
    resamples : int
        Half-samples in which clusters are looked for again, for their stability.
    random_state : int

    Attributes
    ----------
    clusters_ : list of ClusterVerdict
        Those of the smallest p-values first.
    found_ : list of ClusterVerdict
        Those that pass; empty when none does.
    n_shared_ : int
        Factors that all markers share and that were taken out.
    markers_ : list of str

    Raises
    ------
    ValueError
        When the classes are not two (for numbers: fewer than three values), one has too few people,
        no column is a marker, or a parameter is out of range.

    Notes
    -----
    P-values are exact neither among few people nor for columns of very different shapes: scores of
    all columns are compared with one reference. How often false clusters are found is what
    ``python -m experiments.benchmarks.selection_clusters`` measures.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> shared = np.repeat(rng.normal(size=(150, 8)), 5, axis=1)
    >>> names = [f"m{i}" for i in range(40)]
    >>> X = pd.DataFrame(shared + 0.7 * rng.normal(size=(150, 40)), columns=names)
    >>> y = (X["m6"] + rng.logistic(size=150) > 0).astype(int)
    >>> [c.members for c in ClusterSelection(level=0.05).fit(X, y).found_]
    [('m7', 'm9', 'm8', 'm5', 'm6')]
    """

    def __init__(
        self,
        panel: Sequence[str] | None = None,
        beyond: Beyond = "shared",
        level: float = 0.1,
        cut: float = CUT,
        draws: int = 199,
        resamples: int = RESAMPLES,
        random_state: int = 0,
    ) -> None:
        self.panel = panel
        self.beyond = beyond
        self.level = level
        self.cut = cut
        self.draws = draws
        self.resamples = resamples
        self.random_state = random_state

    def fit(
        self,
        X: pd.DataFrame | np.ndarray,
        y: np.ndarray,
        groups: np.ndarray | None = None,
        sites: np.ndarray | None = None,
    ) -> Self:
        """Cluster and test.

        Parameters
        ----------
        X : DataFrame or ndarray of shape (n_rows, n_columns)
            No gaps.
        y : ndarray of shape (n_rows,)
        groups : ndarray of shape (n_rows,), optional
            Whose row it is.
        sites : ndarray of shape (n_rows,), optional
            Where that person was seen; as of `StabilitySelection`.
        """
        if self.beyond not in get_args(Beyond):
            raise ValueError(f"beyond must be one of {get_args(Beyond)}, got {self.beyond!r}")
        for name in ("level", "cut"):
            if not 0 < getattr(self, name) < 1:
                raise ValueError(f"{name} must lie between 0 and 1, got {getattr(self, name)}")
        values, outcome = validate_data(self, X, y, dtype="float64", ensure_min_samples=8)
        read = PanelRows.read(X, values, outcome, self.panel, groups=groups, sites=sites)
        self.markers_ = read.markers
        adjusted = read.adjusted()
        columns = [np.flatnonzero(read.marker_of == i) for i in range(len(self.markers_))]
        rng = generator(self.random_state, "clusters")
        clusters = panel_clusters(
            adjusted.markers[:, [c[0] for c in columns]],
            self.markers_,
            rng=rng,
            cut=self.cut,
            resamples=self.resamples,
        )
        number = {name: i for i, name in enumerate(self.markers_)}
        tested = cluster_pvalues(
            adjusted,
            read.outcome,
            read.family,
            [np.concatenate([columns[number[m]] for m in c.members]) for c in clusters],
            read.people,
            rng,
            beyond=self.beyond,
            draws=self.draws,
        )
        passed = benjamini_hochberg(tested.pvalues, self.level)
        self.n_shared_ = tested.n_shared
        found = [
            ClusterVerdict(**vars(c), pvalue=float(p), found=bool(f), direction=int(d))
            for c, p, f, d in zip(clusters, tested.pvalues, passed, tested.directions, strict=True)
        ]
        self.clusters_ = sorted(found, key=lambda c: c.pvalue)
        self.found_ = [c for c in self.clusters_ if c.found]
        return self
