"""What each candidate adds to the reference, on the same held-out rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipelines.fit.results_folder import Results
from pipelines.words.blocks import BlockWords, words_of
from pipelines.words.metrics import DIFFERENCES, METRICS, direction
from signature.records.estimates import Estimate
from signature.records.results import PROCEDURE, Block

if TYPE_CHECKING:
    from markupsafe import Markup

TITLE = "Added value over the reference"
ORDER = 50

DRAWN = ("auroc", "auprc", "brier", "log_loss")
"""Metrics whose difference has a better direction, and so can be drawn as one."""


@dataclass(frozen=True)
class MetricWords:
    """What a metric is called, and which sign of a difference is better."""

    name: str
    label: str
    better: str
    direction: str


@dataclass(frozen=True)
class Compared:
    """Differences between two candidates, by metric."""

    label: str
    """Of the candidate, or of what the procedure is compared with."""
    is_headline: bool
    """Whether the candidate is the procedure."""
    metrics: dict[str, Estimate]


@dataclass(frozen=True)
class BlockDifferences(BlockWords):
    """Differences in one block."""

    act_from: float | None
    """Probability at which the net benefit is taken."""
    differences: tuple[Compared, ...]
    """Every candidate against the reference, the procedure on top."""
    against_each: tuple[Compared, ...]
    """The procedure against every other model."""


@dataclass(frozen=True)
class AddedValue:
    """Differences to the reference in every block, and the metrics that they are given for."""

    reference: str
    blocks: tuple[BlockDifferences, ...]
    metrics: tuple[MetricWords, ...]
    declared: bool
    """Whether the experiment says from which probability one would act."""


def summarize(results: Results) -> AddedValue:
    """Collect the differences to the reference by block, the procedure on top."""
    reference, labels = results.evaluation.reference, results.candidate_labels()
    measured = {m for b in results.blocks for d in b.differences for m in d.metrics}
    return AddedValue(
        reference=labels.get(reference, reference),
        blocks=tuple(
            BlockDifferences(
                **vars(words_of(block, results.evaluation)),
                act_from=block.act_from,
                differences=_to_reference(block, reference, labels),
                against_each=_against_each(block, reference, labels),
            )
            for block in results.blocks
        ),
        metrics=tuple(
            MetricWords(name, words.label, words.better, direction(name))
            for name, words in DIFFERENCES.items()
            if name in measured
        ),
        declared=results.experiment.decision.act_from is not None,
    )


def _to_reference(block: Block, reference: str, labels: dict[str, str]) -> tuple[Compared, ...]:
    found = [d for d in block.differences if d.reference == reference]
    found.sort(key=lambda d: d.candidate != PROCEDURE)
    return tuple(
        Compared(
            label=labels.get(d.candidate, d.candidate),
            is_headline=d.candidate == PROCEDURE,
            metrics={m: d.metrics.get(m, Estimate(value=None)) for m in DIFFERENCES},
        )
        for d in found
    )


def _against_each(block: Block, reference: str, labels: dict[str, str]) -> tuple[Compared, ...]:
    return tuple(
        Compared(labels.get(d.reference, d.reference), is_headline=True, metrics=d.metrics)
        for d in block.differences
        if d.candidate == PROCEDURE and d.reference != reference
    )


def draw(summary: AddedValue) -> dict[str, Markup]:
    """Draw the differences, one panel per metric."""
    return {block.name: _draw_block(block) for block in summary.blocks}


def _draw_block(block: BlockDifferences) -> Markup:
    from pipelines.report.figures import canvas, to_svg
    from pipelines.report.plots import forest, shorten

    differences = block.differences
    height = 1.1 + 2 * (0.6 + 0.24 * len(differences))
    with canvas(height, 2, 2, sharey=True) as (figure, grid):
        for metric, axes in zip(DRAWN, grid.flat, strict=True):
            forest(
                axes,
                [shorten(d.label, 24) for d in differences],
                [d.metrics[metric] for d in differences],
                reference=0.0,
                highlight=[d.is_headline for d in differences],
            )
            better = "right" if METRICS[metric].better == "higher" else "left"
            axes.set_title(f"{METRICS[metric].label}: {better} is better")
            axes.locator_params(axis="x", nbins=4)
        figure.supxlabel("candidate minus reference, 95 % interval", fontsize=9)
        return to_svg(
            figure,
            key=f"added-{block.name}",
            title=f"Differences to the reference, {block.title}",
            description="Four panels: AUROC and AUPRC, where right of the dashed line is "
            "better than the reference, and Brier score and log-loss, where left is better.",
        )
