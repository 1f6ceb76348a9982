"""The features: what was measured, in which unit, how much of it is missing or below the limit."""

from __future__ import annotations

from dataclasses import dataclass

from pipelines.fit.results_folder import Results
from signature.records.results import ColumnSummary

TITLE = "Features"
ORDER = 20

CENSORED_MUCH = 0.6
"""Above this share below the limit a marker says little more than detected or not."""


@dataclass(frozen=True)
class Group:
    """Features of one family, on one side of the question."""

    in_panel: bool
    group: str
    columns: tuple[ColumnSummary, ...]


@dataclass(frozen=True)
class Features:
    """All features by group, and those that a reader should doubt."""

    n_panel: int
    n_baseline: int
    groups: tuple[Group, ...]
    censored_much: tuple[str, ...]
    """Labels of those below the limit in more than ``censored_limit`` of rows."""
    censored_limit: float
    implausible: tuple[ColumnSummary, ...]
    """Those with a value outside the plausible range."""


def summarize(results: Results) -> Features:
    """Group the features, those known anyway first and the panel under question after them."""
    columns = sorted(results.launch.columns, key=lambda c: c.in_panel)
    groups: dict[tuple[bool, str], list[ColumnSummary]] = {}
    for column in columns:
        groups.setdefault((column.in_panel, column.group), []).append(column)
    return Features(
        n_panel=sum(c.in_panel for c in columns),
        n_baseline=sum(not c.in_panel for c in columns),
        groups=tuple(
            Group(in_panel, group, tuple(members)) for (in_panel, group), members in groups.items()
        ),
        censored_much=tuple(c.label for c in columns if c.below_limit > CENSORED_MUCH),
        censored_limit=CENSORED_MUCH,
        implausible=tuple(c for c in columns if c.out_of_range),
    )
