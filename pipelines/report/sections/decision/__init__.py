"""Net benefit of deciding by the model, over all thresholds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipelines.fit.results_folder import Results
from pipelines.words.blocks import BlockWords, words_of
from signature.records.estimates import DecisionCurve, Estimate

if TYPE_CHECKING:
    from markupsafe import Markup

TITLE = "Decision curve"
ORDER = 62

EVERY = 5
"""Thresholds apart that the table shows."""


@dataclass(frozen=True)
class Line:
    """Net benefit at one threshold."""

    threshold: float
    procedure: Estimate
    reference: Estimate
    everybody: Estimate
    over_defaults: Estimate
    over_reference: Estimate


@dataclass(frozen=True)
class BlockCurves(BlockWords):
    """The curves of one block: the lines that are drawn, and those of the table."""

    lines: tuple[Line, ...]
    table: tuple[Line, ...]


@dataclass(frozen=True)
class Curves:
    """Net benefit by threshold in every block that has it."""

    blocks: tuple[BlockCurves, ...]
    reference: str


def summarize(results: Results) -> Curves | None:
    """Collect the curves of every block; None where none was computed."""
    blocks = []
    for block in results.blocks:
        if block.decision is not None:
            lines = _lines(block.decision, block.n_events / block.n_rows)
            words = words_of(block, results.evaluation)
            table = lines[EVERY // 2 :: EVERY]
            blocks.append(BlockCurves(**vars(words), lines=lines, table=table))
    if not blocks:
        return None
    reference = results.candidate_labels().get(results.evaluation.reference, "reference")
    return Curves(tuple(blocks), reference)


def _lines(curve: DecisionCurve, rate: float) -> tuple[Line, ...]:
    """Put the curve by threshold, up to three times the event rate."""
    highest = max(0.3, min(0.9, 3 * rate))
    return tuple(
        Line(
            threshold=threshold,
            procedure=curve.procedure[i],
            reference=curve.reference[i],
            everybody=curve.everybody[i],
            over_defaults=curve.over_defaults[i],
            over_reference=curve.over_reference[i],
        )
        for i, threshold in enumerate(curve.thresholds)
        if threshold <= highest
    )


def draw(summary: Curves) -> dict[str, Markup]:
    """Draw net benefit against the threshold."""
    return {block.name: _draw_block(block, summary.reference) for block in summary.blocks}


def _draw_block(block: BlockCurves, reference: str) -> Markup:
    from pipelines.report.figures import GRID, MAIN, MUTED, PALE, SECOND, canvas, to_svg

    lines = block.lines
    at, procedure = [line.threshold for line in lines], [line.procedure for line in lines]
    with canvas(3.2) as (figure, axes):
        axes.axhline(0, color=MUTED, linewidth=1, linestyle=(0, (3, 2)))
        low, high = [e.low or e.value for e in procedure], [e.high or e.value for e in procedure]
        axes.fill_between(at, low, high, color=PALE, linewidth=0)
        for estimates, colour, label in (
            ([line.everybody for line in lines], MUTED, "act on everybody"),
            ([line.reference for line in lines], MAIN, reference),
            (procedure, SECOND, "with the panel"),
        ):
            axes.plot(at, [e.value for e in estimates], color=colour, label=label)
        top = max(e.high or 0.0 for e in procedure)
        axes.set_ylim(-0.25 * top - 0.005, 1.1 * top + 0.005)
        axes.set_xlim(at[0], at[-1])
        axes.grid(color=GRID)
        axes.set_ylabel("net benefit")
        figure.supxlabel("threshold: probability from which one would act", fontsize=9)
        figure.legend(loc="outside upper left", ncols=3)
        return to_svg(
            figure,
            key=f"decision-{block.name}",
            title=f"Decision curve, {block.title}",
            description="Net benefit against the threshold probability: with the panel, with "
            "its pointwise 95 % band, by the reference, and when acting on everybody; acting "
            "on nobody is the dashed line at 0.",
        )
