"""What was not measured, and whether that depends on where or on whom."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from signature.check.detection import uneven
from signature.check.report import Finding, Severity, Table, by_column, largest_first, percent
from signature.check.view import FEWEST, View, shown

HALF = 0.5
"""Share of missing values above which a column is named."""


def findings(view: View) -> Iterator[Finding]:
    """Look at missing values as a whole, by site and plate, and by outcome."""
    gone = {name: _missing(view, name) for name in view.cohort.schema.features}
    mostly = {n: float(round(m.mean(), 3)) for n, m in gone.items() if HALF < m.mean() < 1}
    if mostly:
        yield by_column(
            "mostly_missing",
            "Missing in more than half of the rows",
            mostly,
            "Find out why before anything is filled in; leave out what nobody measured.",
            severity=Severity.NOTE,
        )
    told: set[str] = set()
    for word, by in view.groups().items():
        for finding in _by_group(view, gone, word, by):
            yield finding
            if view.nested:  # what differs between sites differs between their plates
                told |= set(finding.columns)
        gone = {name: missing for name, missing in gone.items() if name not in told}
    if view.outcome is not None:
        gone = {name: _missing(view, name) for name in view.cohort.schema.features}
        by = view.outcome.astype("object").where(view.outcome.notna())
        found = _uneven(view, gone, by)
        if found:
            yield by_column(
                "missing_by_outcome",
                "Missing more often for one outcome than for the other",
                found,
                "Ask whether these were measured because of what happened; then whether a value is "
                "missing gives the outcome away.",
                written=lambda gap: f"by {percent(gap)}",
            )


def _missing(view: View, name: str) -> np.ndarray:
    return np.isnan(view.values(name)) & ~view.below(name)


def _uneven(view: View, gone: dict[str, np.ndarray], by: pd.Series) -> dict[str, float]:
    """Return the gap of each column whose share of missing values differs between groups."""
    use = view.one_each
    gaps = {n: uneven(m[use], by.to_numpy()[use], tests=len(gone)) for n, m in gone.items()}
    return largest_first({n: g for n, g in gaps.items() if g})


def _by_group(
    view: View, gone: dict[str, np.ndarray], word: str, by: pd.Series
) -> Iterator[Finding]:
    """Tell columns that some groups never measured from those they measured less often."""
    sizes = by.value_counts()
    groups = sizes.index[sizes >= FEWEST]
    never: dict[str, int] = {}
    for name, missing in gone.items():
        shares = pd.Series(missing).groupby(by.to_numpy()).mean()[groups]
        absent = int((shares == 1).sum())
        if 0 < absent < len(groups):
            never[name] = absent
    if never:
        yield by_column(
            f"absent_by_{word}",
            f"Never measured on some {word}s",
            never,
            f"A model must not learn the {word} from a column that only some {word}s have: "
            f"leave it out, or analyse these {word}s apart.",
            written=lambda count: f"on {count:g} of {len(groups)}",
        )
    rest = {n: m for n, m in gone.items() if n not in never}
    found = _uneven(view, rest, by)
    if found:
        yield by_column(
            f"missing_by_{word}",
            f"Missing values differ between {word}s more than chance allows",
            found,
            f"Ask what was done differently; report missing values by {word}.",
            written=lambda gap: f"by up to {percent(gap)}",
        )


def table(view: View) -> Table | None:
    """Share missing of every column that has gaps, by site, or by plate where there is no site."""
    groups = view.groups()
    word, by = next(iter(groups.items()), ("", None))
    names = shown(by)
    rows: list[tuple[str | float | None, ...]] = []
    for name in view.cohort.schema.features:
        gone = _missing(view, name)
        if not gone.any():
            continue
        cells = [gone[(by == g).to_numpy()].mean() for g in names] if by is not None else []
        rows.append((name, *(round(float(c), 4) for c in (gone.mean(), *cells))))
    if not rows:
        return None
    return Table(
        name="missing",
        title="Share missing" + (f", by {word}" if names else ""),
        columns=("column", "all", *names),
        rows=tuple(rows),
    )
