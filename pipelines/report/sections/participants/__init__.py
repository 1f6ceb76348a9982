"""Who is in the analysis, who is not and why, and from where."""

from __future__ import annotations

from typing import Any

from pipelines.fit.results_folder import Results

TITLE = "Participants"
ORDER = 10


def summarize(results: Results) -> dict[str, Any]:
    """Collect the flow of exclusions, the sites and the features that were dropped."""
    launch = results.launch
    flow = [line.model_dump() for line in launch.flow]
    start = flow[0]["left"] + flow[0]["removed"] if flow else launch.n_rows
    return {
        "start": start,
        "flow": flow,
        "removed": sum(line["removed"] for line in flow),
        "rows": launch.n_rows,
        "people": launch.n_people,
        "events": launch.n_events,
        "share": launch.n_events / launch.n_rows if launch.n_rows else None,
        "sites": [
            s.model_dump() | {"share": s.events / s.n if s.n else None} for s in launch.sites
        ],
        "dropped": [{"name": n, "reason": r} for n, r in launch.dropped_features.items()],
        "outcome": launch.outcome,
        "citation": launch.citation,
    }
