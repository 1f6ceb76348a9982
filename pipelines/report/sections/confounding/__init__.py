"""Whether held-out predictions say more of the outcome than the named confounders do."""

from __future__ import annotations

from typing import Any

from pipelines.fit.results_folder import Results
from pipelines.words.blocks import TITLES

TITLE = "Beyond the confounders"
ORDER = 53

ALPHA = 0.05


def summarize(results: Results) -> dict[str, Any] | None:
    """Collect the test, or why there is none; None in folders of an older run."""
    if results.for_whom is None:
        return None
    told = results.for_whom.confounding
    found = told.found
    return {
        "where": TITLES[results.evaluation.headline.name],
        "confounders": list(told.confounders),
        "within_site": told.within_site,
        "reason": told.reason,
        "found": None if found is None else found.model_dump(),
        "shown": found is not None and found.p_value < ALPHA,
        # as many permutations again could have said otherwise
        "close": found is not None and found.p_low < ALPHA <= found.p_high,
        "foretold": None if found is None or found.explained is None else max(0, found.explained),
        "lines": []
        if found is None or found.given.value is None
        else [
            {"label": "Alone", "estimate": found.alone.model_dump()},
            {"label": "Given the confounders", "estimate": found.given.model_dump()},
        ],
    }


def draw(summary: dict[str, Any]) -> dict[str, Any]:
    """Draw the prediction's coefficient without and with the confounders."""
    from pipelines.report.plots import forest_figure

    lines = summary["lines"]
    if not lines:
        return {}
    svg = forest_figure(
        [line["label"] for line in lines],
        [line["estimate"] for line in lines],
        highlight=[False, True],
        height=1.35,
        along="log-odds of the event per SD of the prediction, 95 % interval",
        key="confounding-given",
        title="What the prediction says, alone and given the confounders",
        description="Two points with bars for their 95 % intervals: by how much the event’s "
        "log-odds rise per standard deviation of the prediction, alone and with the "
        "confounders held fixed. At the dashed line, 0, it says nothing.",
    )
    return {"given": svg}
