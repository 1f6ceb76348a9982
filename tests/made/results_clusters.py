"""What clusters found: nothing, and one of three."""

from __future__ import annotations

from typing import Any

from signature.records.clusters import ClusterRecord, ClustersRecord, Member


def _cluster(*labels: str, pvalue: float, stability: float = 0.9, **told: Any) -> ClusterRecord:
    return ClusterRecord(
        members=tuple(Member(name=label.upper()[:4], label=label) for label in labels),
        families=("cytokine",),
        stability=stability,
        pvalue=pvalue,
        found=told.get("found", False),
        direction=told.get("direction", 1),
    )


def no_cluster_found(**changes: Any) -> ClustersRecord:
    """Of three clusters none was found."""
    return ClustersRecord(
        experiment="opt_demo",
        n_rows=788,
        n_events=98,
        panel_size=8,
        n_covariates=12,
        cut=0.4,
        level=0.1,
        beyond="shared",
        n_shared=0,
        clusters=(
            _cluster("Interleukin-6", "Interleukin-8", "TNF <α>", pvalue=0.04),
            _cluster("C-reactive protein", "Fibrinogen", pvalue=0.3, stability=0.5),
            _cluster("MMP-9", pvalue=0.8, direction=-1),
        ),
    ).model_copy(update=changes)


def one_cluster_found() -> ClustersRecord:
    """The first cluster was found, beyond one shared factor."""
    record = no_cluster_found()
    first = record.clusters[0].model_copy(update={"found": True, "pvalue": 0.0004})
    return record.model_copy(update={"n_shared": 1, "clusters": (first, *record.clusters[1:])})
