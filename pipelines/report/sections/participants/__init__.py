"""Who is in the analysis, who is not and why, and from where."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pipelines.fit.results_folder import Results
from signature.records.results import FlowLine, SiteCount

TITLE = "Participants"
ORDER = 10


@dataclass(frozen=True)
class SiteLine:
    """Rows and events of one site, and the share of events among its rows."""

    site: str
    n: int
    events: int
    share: float | None


@dataclass(frozen=True)
class Participants:
    """The way from the records to the analysed rows.

    Parameters
    ----------
    outcome : mapping of str to str
        As of `signature.records.results.Launch`.
    citation : str
        Of the data.
    start, removed, rows : int
        Rows of the records, those that exclusions took, and those that are analysed.
    flow : tuple of FlowLine
        The exclusions in their order.
    people, events : int
        Analysed people, and analysed rows with the event.
    share : float, optional
        Of events among the analysed rows; None without a row.
    sites : tuple of SiteLine
    dropped : mapping of str to str
        Features that were asked for and left out, with the reason.
    """

    outcome: Mapping[str, str]
    citation: str
    start: int
    flow: tuple[FlowLine, ...]
    removed: int
    rows: int
    people: int
    events: int
    share: float | None
    sites: tuple[SiteLine, ...]
    dropped: Mapping[str, str]


def summarize(results: Results) -> Participants:
    """Collect the flow of exclusions, the sites and the features that were dropped."""
    launch = results.launch
    flow = tuple(launch.flow)
    return Participants(
        outcome=launch.outcome,
        citation=launch.citation,
        start=flow[0].left + flow[0].removed if flow else launch.n_rows,
        flow=flow,
        removed=sum(line.removed for line in flow),
        rows=launch.n_rows,
        people=launch.n_people,
        events=launch.n_events,
        share=_share(launch.n_events, launch.n_rows),
        sites=tuple(_line(site) for site in launch.sites),
        dropped=launch.dropped_features,
    )


def _line(site: SiteCount) -> SiteLine:
    return SiteLine(site.site, site.n, site.events, _share(site.events, site.n))


def _share(events: int, rows: int) -> float | None:
    return events / rows if rows else None
