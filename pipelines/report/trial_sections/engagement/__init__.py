"""Whether treatment moved the panel by the early visit: target engagement."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from pipelines.report.trial_results import TrialResults
from pipelines.report.trial_words import LeftOut, as_estimate, label, left_out
from signature.effect.visits.engagement import MarkerEngagement
from signature.records.estimates import EffectEstimate

TITLE = "Did treatment move the panel?"
ORDER = 80

MOST_DRAWN = 15


@dataclass(frozen=True)
class Row:
    """How much one marker changed under control and under treatment."""

    label: str
    found: MarkerEngagement
    control: EffectEstimate
    treated: EffectEstimate
    difference: EffectEstimate
    """Change under treatment less change under control."""
    standardised: EffectEstimate
    """The difference in standard deviations of the change in the control arm."""
    moved: bool
    """Whether the p-value corrected for the number of markers is at most 0.05."""


@dataclass(frozen=True)
class Moved:
    """The change of each marker by arm, the largest difference first."""

    visit: str
    change: str
    """What a change is, in words."""
    control: str
    treated: str
    rows: tuple[Row, ...]
    drawn: tuple[Row, ...]
    moved: int
    left_out: tuple[LeftOut, ...]
    how: str
    """What p-values are over."""


def summarize(results: TrialResults) -> Moved | None:
    """Collect the change of each marker by arm; None where there is no early visit."""
    record = results.record
    found, early = record.engagement, record.experiment["early"]
    if found is None or early is None:
        return None
    rows = [_row(one, label(one.marker, record)) for one in found.rows]
    rows.sort(key=lambda row: -abs(row.found.standardised))
    return Moved(
        visit=early["label"],
        change="log2 of the ratio to baseline"
        if early["scale"] == "log2 ratio"
        else "visit less baseline",
        control=found.control,
        treated=found.treated,
        rows=tuple(rows),
        drawn=tuple(rows[:MOST_DRAWN]),
        moved=sum(row.moved for row in rows),
        left_out=left_out(found.left_out, record),
        how=found.how,
    )


def _row(found: MarkerEngagement, label: str) -> Row:
    return Row(
        label=label,
        found=found,
        control=as_estimate(found.control),
        treated=as_estimate(found.treated),
        difference=EffectEstimate(value=found.difference, low=found.low, high=found.high),
        standardised=_standardised(found),
        moved=found.p_family <= 0.05,
    )


def _standardised(found: MarkerEngagement) -> EffectEstimate:
    if found.difference == 0:
        return EffectEstimate(value=0.0)
    scale = found.standardised / found.difference
    return EffectEstimate(value=found.standardised, low=found.low * scale, high=found.high * scale)


def draw(summary: Moved) -> dict[str, Markup]:
    """Draw the standardised difference of changes by marker."""
    from pipelines.report.plots import forest_figure

    drawn = summary.drawn
    if not drawn:
        return {}
    svg = forest_figure(
        [row.label for row in drawn],
        [row.standardised for row in drawn],
        highlight=[row.moved for row in drawn],
        along="Difference of changes, SD of the change in the control arm, 95 % interval",
        key="engagement-markers",
        title="How differently markers moved in the two arms",
        description="One line per marker, the largest difference on top: change under "
        "treatment less change under control, in standard deviations of the latter, with its "
        "95 % interval. The second colour marks those whose corrected p is at most 0.05.",
    )
    return {"markers": svg}
