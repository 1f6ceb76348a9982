"""Every candidate on held-out people, by every metric."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from markupsafe import Markup

from pipelines.fit.results_folder import Results
from pipelines.words.blocks import BlockWords, words_of
from pipelines.words.metrics import METRICS, Metric
from signature.records.estimates import (
    BestInHindsight,
    Estimate,
    FoldMeans,
    HeldOutTest,
    Weighted,
)
from signature.records.results import Block, CandidateResult

TITLE = "Performance"
ORDER = 40

HELD = (89, 97)
"""Of 100 simulated studies, in how many 95 % intervals of cross-validation held the truth, over all
designs: AUROC and its difference (``experiments/benchmarks/interval_coverage.json``)."""

_PARTS = {
    "headline": "the procedure",
    "reference": "the reference",
    "contender": "contender",
    "reference candidate": "reference candidate",
    "baseline": "baseline",
}


@dataclass(frozen=True)
class CandidateLine:
    """One candidate of a block.

    Parameters
    ----------
    name, label : str
    part : str
        What it is there for, in words.
    is_headline : bool
        Whether it is the procedure.
    metrics : mapping of str to Estimate
        Every one of `pipelines.words.metrics.METRICS`.
    """

    name: str
    label: str
    part: str
    is_headline: bool
    metrics: Mapping[str, Estimate]


@dataclass(frozen=True, kw_only=True)
class BlockPerformance(BlockWords):
    """The candidates of one block.

    Parameters
    ----------
    scheme : str
    rows, people, events : int
        That were held out.
    share : float, optional
        Of events among these rows; None without a row.
    candidates : tuple of CandidateLine
        The procedure first.
    test, fold_means, best, weighted : optional
        As of `signature.records.results.Block`.
    best_label : str
        Of the best contender in hindsight; empty without one.
    """

    scheme: str
    rows: int
    people: int
    events: int
    share: float | None
    candidates: tuple[CandidateLine, ...]
    test: HeldOutTest | None
    fold_means: FoldMeans | None
    best: BestInHindsight | None
    best_label: str
    weighted: Weighted | None


@dataclass(frozen=True)
class Performance:
    """All candidates, block by block.

    Parameters
    ----------
    blocks : tuple of BlockPerformance
        The headline first.
    metrics : mapping of str to Metric
        In the order of the columns.
    bootstraps : int
        Samples that intervals are from.
    held : tuple of int, optional
        `HELD`, where folds were held out.
    """

    blocks: tuple[BlockPerformance, ...]
    metrics: Mapping[str, Metric]
    bootstraps: int
    held: tuple[int, int] | None


def summarize(results: Results) -> Performance:
    """Collect candidates by block, the headline block first, and the procedure on top."""
    return Performance(
        blocks=tuple(_performance(block, results) for block in results.blocks),
        metrics=METRICS,
        bootstraps=results.evaluation.bootstraps,
        held=None if all(block.test for block in results.blocks) else HELD,
    )


def _performance(block: Block, results: Results) -> BlockPerformance:
    order = list(_PARTS)
    candidates = sorted(block.candidates, key=lambda c: order.index(c.part))
    labels = results.candidate_labels()
    return BlockPerformance(
        **vars(words_of(block, results.evaluation)),
        scheme=block.scheme,
        rows=block.n_rows,
        people=block.n_people,
        events=block.n_events,
        share=block.n_events / block.n_rows if block.n_rows else None,
        candidates=tuple(_line(candidate) for candidate in candidates),
        test=block.test,
        fold_means=block.fold_means,
        best=block.best,
        best_label="" if block.best is None else labels[block.best.best],
        weighted=block.weighted,
    )


def _line(candidate: CandidateResult) -> CandidateLine:
    undefined = Estimate(value=None)
    return CandidateLine(
        name=candidate.name,
        label=candidate.label,
        part=_PARTS[candidate.part],
        is_headline=candidate.part == "headline",
        metrics={m: candidate.metrics.get(m, undefined) for m in METRICS},
    )


def draw(summary: Performance) -> dict[str, Markup]:
    """Draw the AUROC of every candidate with its interval."""
    return {block.name: _aurocs(block) for block in summary.blocks}


def _aurocs(block: BlockPerformance) -> Markup:
    from pipelines.report.plots import forest_figure

    return forest_figure(
        [c.label for c in block.candidates],
        [c.metrics["auroc"] for c in block.candidates],
        reference=0.5,
        highlight=[c.is_headline for c in block.candidates],
        length=32,
        height=0.8 + 0.3 * len(block.candidates),
        along="AUROC on held-out people, 95 % interval (dashed: coin toss)",
        key=f"performance-{block.name}",
        title=f"AUROC by candidate, {block.title}",
        description="One line per candidate: a point for the AUROC on held-out people, "
        "a bar for its 95 % interval. The procedure is on top, in the second colour.",
    )
