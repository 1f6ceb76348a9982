"""The features: what was measured, in which unit, how much of it is missing or below the limit."""

from __future__ import annotations

from typing import Any

from pipelines.fit.results_folder import Results

TITLE = "Features"
ORDER = 20

CENSORED_MUCH = 0.6
"""Above this share below the limit a marker says little more than detected or not."""


def summarize(results: Results) -> dict[str, Any]:
    """Group the features, those known anyway first and the panel under question after them."""
    columns = sorted(results.launch.columns, key=lambda c: c.in_panel)
    groups: dict[tuple[bool, str], list[dict[str, Any]]] = {}
    for column in columns:
        record = column.model_dump()
        groups.setdefault((column.in_panel, column.group), []).append(record)
    return {
        "n_panel": sum(c.in_panel for c in columns),
        "n_baseline": sum(not c.in_panel for c in columns),
        "groups": [
            {"in_panel": in_panel, "group": group, "columns": members}
            for (in_panel, group), members in groups.items()
        ],
        "censored_much": [c.label for c in columns if c.below_limit > CENSORED_MUCH],
        "censored_limit": CENSORED_MUCH,
        "implausible": [
            {"label": c.label, "rows": c.out_of_range} for c in columns if c.out_of_range
        ],
    }
