"""The one test that decides, and the tables that only describe: named markers and all markers."""

from __future__ import annotations

from typing import Any

from pipelines.report.trial_results import TrialResults
from pipelines.report.trial_words import benefit_of, decimals, label, unit_of_difference

TITLE = "Who gains more: the test"
ORDER = 30

MOST_DRAWN = 15


def summarize(results: TrialResults) -> dict[str, Any]:
    """Collect the headline test, its control, and the interactions of markers."""
    record = results.record
    some = record.headline or (record.named[0].test if record.named else None)
    scale = some.scale if some else "outcome"
    rows = []
    if record.markers is not None:
        rows = [
            {
                "label": label(row.marker, record),
                **benefit_of(row.test, record),
                "p_family": row.p_family,
                "size": abs(row.test.statistic),
            }
            for row in record.markers.rows
        ]
        rows.sort(key=lambda row: -float(row["size"]))
    return {
        "small": record.size.small,
        "treated": record.treated,
        "control": record.arms[0],
        "unit": unit_of_difference(record, scale),
        "digits": decimals(record, scale),
        "predictive": record.claim.predictive,
        "headline": None if record.headline is None else benefit_of(record.headline, record),
        "control_score": None
        if record.control_score is None
        # the prognosis is of the outcome: where lower is better, a high one is bad
        else benefit_of(record.control_score, record),
        "named": [
            {"label": label(one.marker, record), **benefit_of(one.test, record)}
            for one in record.named
        ],
        "rows": rows,
        "drawn": rows[:MOST_DRAWN],
        "family": len(rows),
        "found": sum(row["p_family"] <= 0.05 for row in rows),
        "left_out": []
        if record.markers is None
        else [
            {"label": label(name, record), "why": why}
            for name, why in record.markers.left_out.items()
        ],
    }


def draw(summary: dict[str, Any]) -> dict[str, Any]:
    """Draw additional benefit by marker, the clearest on top."""
    from pipelines.report.plots import forest_figure

    drawn = summary["drawn"]
    if not drawn:
        return {}
    svg = forest_figure(
        [row["label"] for row in drawn],
        drawn,
        highlight=[row["p_family"] <= 0.05 for row in drawn],
        along=f"Additional benefit per SD of the marker ({summary['unit']}), 95 % interval",
        key="interaction-markers",
        title="Additional benefit by marker",
        description="One line per marker, the largest statistic on top: a point for the "
        "additional benefit of treatment per standard deviation of the marker, a bar for its "
        "95 % interval, which is not corrected for the number of markers. The second colour "
        "marks those whose corrected p is at most 0.05; a dashed line stands at no difference.",
    )
    return {"markers": svg}
