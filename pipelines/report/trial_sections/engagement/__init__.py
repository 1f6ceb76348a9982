"""Whether treatment moved the panel by the early visit: target engagement."""

from __future__ import annotations

from typing import Any

from pipelines.report.trial_results import TrialResults
from pipelines.report.trial_words import label
from signature.effect.visits.engagement import ArmChange, MarkerEngagement

TITLE = "Did treatment move the panel?"
ORDER = 80

MOST_DRAWN = 15


def summarize(results: TrialResults) -> dict[str, Any] | None:
    """Collect the change of each marker by arm; None where there is no early visit."""
    record = results.record
    found, early = record.engagement, record.experiment["early"]
    if found is None or early is None:
        return None
    rows: list[dict[str, Any]] = [
        {
            "label": label(row.marker, record),
            "control": _change(row.control),
            "treated": _change(row.treated),
            "difference": {"value": row.difference, "low": row.low, "high": row.high},
            "p": row.p,
            "p_family": row.p_family,
            **_standardised(row),
        }
        for row in found.rows
    ]
    rows.sort(key=lambda row: -abs(row["value"]))
    return {
        "visit": early["label"],
        "change": "log2 of the ratio to baseline"
        if early["scale"] == "log2 ratio"
        else "visit less baseline",
        "control": found.control,
        "treated": found.treated,
        "rows": rows,
        "drawn": rows[:MOST_DRAWN],
        "moved": sum(row["p_family"] <= 0.05 for row in rows),
        "left_out": [
            {"label": label(name, record), "why": why} for name, why in found.left_out.items()
        ],
        "how": found.how,
    }


def _change(arm: ArmChange) -> dict[str, Any]:
    return {"people": arm.people, "value": arm.mean, "low": arm.low, "high": arm.high}


def _standardised(row: MarkerEngagement) -> dict[str, float | None]:
    """Return the difference in standard deviations of the change in the control arm."""
    if row.difference == 0:
        return {"value": 0.0, "low": None, "high": None}
    scale = row.standardised / row.difference
    return {"value": row.standardised, "low": row.low * scale, "high": row.high * scale}


def draw(summary: dict[str, Any]) -> dict[str, Any]:
    """Draw the standardised difference of changes by marker."""
    from pipelines.report.plots import forest_figure

    drawn = summary["drawn"]
    if not drawn:
        return {}
    svg = forest_figure(
        [row["label"] for row in drawn],
        drawn,
        highlight=[row["p_family"] <= 0.05 for row in drawn],
        along="Difference of changes, SD of the change in the control arm, 95 % interval",
        key="engagement-markers",
        title="How differently markers moved in the two arms",
        description="One line per marker, the largest difference on top: change under "
        "treatment less change under control, in standard deviations of the latter, with its "
        "95 % interval. The second colour marks those whose corrected p is at most 0.05.",
    )
    return {"markers": svg}
