"""``clusters.json``: which clusters of a panel go with the outcome, beyond what else is known."""

from __future__ import annotations

from typing import Literal

from signature.records.base import Record


class Member(Record):
    """A marker of a cluster."""

    name: str
    label: str


class ClusterRecord(Record):
    """Markers that go together, and what was found of them."""

    members: tuple[Member, ...]
    """The medoid first, which stands for all of them."""
    families: tuple[str, ...]
    """Families that its members are of, the most frequent first."""
    stability: float
    """Mean Jaccard index with the most similar cluster of a half-sample of the people."""
    pvalue: float
    found: bool
    direction: Literal[-1, 0, 1]
    """1: a higher medoid, more events."""


class ClustersRecord(Record):
    """All of ``clusters.json``: nothing of a person."""

    version: Literal[1] = 1
    experiment: str
    n_rows: int
    n_events: int
    """Of the development rows."""
    panel_size: int
    """Markers that were clustered."""
    n_covariates: int
    """Columns that were taken out first."""
    cut: float
    """Mean absolute Spearman correlation from which markers are one cluster."""
    level: float
    """False discovery rate: expected share of false clusters among those found."""
    beyond: Literal["shared", "covariates"]
    """Beyond what all markers share, or beyond the covariates alone."""
    n_shared: int
    """Factors that all markers share and that were taken out."""
    clusters: tuple[ClusterRecord, ...]
    """All of them, the smallest p-value first."""
