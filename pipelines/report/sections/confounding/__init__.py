"""Whether held-out predictions say more of the outcome than the named confounders do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipelines.fit.results_folder import Results
from pipelines.words.blocks import TITLES
from signature.records.estimates import Estimate
from signature.records.for_whom import BeyondConfounders

if TYPE_CHECKING:
    from markupsafe import Markup

TITLE = "Beyond the confounders"
ORDER = 53

ALPHA = 0.05


@dataclass(frozen=True)
class Line:
    """Log-odds of the event per standard deviation of the prediction."""

    label: str
    estimate: Estimate


@dataclass(frozen=True)
class Adjusted:
    """The test of the predictions against the confounders, or why there is none."""

    where: str
    confounders: tuple[str, ...]
    within_site: bool
    reason: str | None
    found: BeyondConfounders | None
    shown: bool
    """Whether the predictions were shown to say more than the confounders."""
    close: bool
    """Whether as many permutations again could have said otherwise."""
    foretold: float | None
    """Share of the prediction's variance; None where everybody got the same prediction."""
    lines: tuple[Line, ...]


def summarize(results: Results) -> Adjusted | None:
    """Collect the test, or why there is none; None in folders of an older run."""
    if results.for_whom is None:
        return None
    told = results.for_whom.confounding
    found = told.found
    return Adjusted(
        where=TITLES[results.evaluation.headline.name],
        confounders=told.confounders,
        within_site=told.within_site,
        reason=told.reason,
        found=found,
        shown=found is not None and found.p_value < ALPHA,
        close=found is not None and found.p_low < ALPHA <= found.p_high,
        foretold=None if found is None or found.explained is None else max(0, found.explained),
        lines=_lines(found),
    )


def _lines(found: BeyondConfounders | None) -> tuple[Line, ...]:
    if found is None or found.given.value is None:
        return ()
    return (Line("Alone", found.alone), Line("Given the confounders", found.given))


def draw(summary: Adjusted) -> dict[str, Markup]:
    """Draw the prediction's coefficient without and with the confounders."""
    from pipelines.report.plots import forest_figure

    if not summary.lines:
        return {}
    svg = forest_figure(
        [line.label for line in summary.lines],
        [line.estimate for line in summary.lines],
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
