"""Which clusters of markers go with the outcome, and which almost do."""

from __future__ import annotations

from dataclasses import dataclass

from pipelines.fit.results_folder import Results
from signature.records.clusters import ClusterRecord, ClustersRecord

TITLE = "Clusters of markers"
ORDER = 51

SHOWN_NEAR = 5
"""Clusters that are not found and are listed all the same."""

SHAKY = 0.6
"""Stability below which markers may not belong together."""

_HIGHER = {1: "more", -1: "fewer", 0: "no more and no fewer"}


@dataclass(frozen=True)
class Line:
    """A cluster as a line of the table."""

    cluster: ClusterRecord
    others: tuple[str, ...]
    higher: str
    shaky: bool


@dataclass(frozen=True)
class Clusters:
    """What was found.

    Parameters
    ----------
    record : ClustersRecord
    event : str
        In words.
    n_found : int
    lines : tuple of Line
        Those found, then the nearest.
    """

    record: ClustersRecord
    event: str
    n_found: int
    lines: tuple[Line, ...]


def summarize(results: Results) -> Clusters | None:
    """Collect the clusters to be shown; None where a run has none."""
    record = results.clusters
    if record is None or not record.clusters:
        return None
    n = sum(c.found for c in record.clusters)
    shown = record.clusters[: n + SHOWN_NEAR]
    return Clusters(record, results.launch.outcome["event"], n, tuple(map(_line, shown)))


def _line(cluster: ClusterRecord) -> Line:
    return Line(
        cluster,
        tuple(member.label for member in cluster.members[1:]),
        _HIGHER[cluster.direction],
        len(cluster.members) > 1 and cluster.stability < SHAKY,
    )
