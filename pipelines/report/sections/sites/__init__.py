"""How the candidates did in every held-out fold or site, and which contender was chosen there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from markupsafe import Markup

from pipelines.fit.results_folder import Results
from pipelines.words.blocks import BlockWords, words_of
from signature.records.estimates import Estimate, PooledSites
from signature.records.results import PROCEDURE, Block, CandidateResult

TITLE = "Folds and sites"
ORDER = 70

FEW_EVENTS = 10
"""Below this an AUROC of one fold says next to nothing, and its line is marked."""


@dataclass(frozen=True)
class FoldLine:
    """One held-out fold of one repeat.

    Parameters
    ----------
    repeat : int
        From 1.
    label : str
        The held-out site, or the fold's number.
    n, events : int
        Rows.
    few : bool
        Whether rows with the event, or those without it, are fewer than `FEW_EVENTS`.
    chosen : str
        Label of the contender that the inner folds chose.
    auroc : mapping of str to float
        By candidate; None where it is undefined.
    """

    repeat: int
    label: str
    n: int
    events: int
    few: bool
    chosen: str
    auroc: Mapping[str, float | None]


@dataclass(frozen=True)
class OverSites:
    """AUROC of the procedure over ``k`` sites, by random effects, and at a further one."""

    k: int
    left_out: Mapping[str, str]
    auroc: Estimate
    prediction: Estimate


@dataclass(frozen=True, kw_only=True)
class BlockFolds(BlockWords):
    """The folds of one block.

    Parameters
    ----------
    repeated : bool
        Whether folds were drawn more than once.
    folds : tuple of FoldLine
    n_folds : int
        Their number, over all repeats.
    candidates : tuple of CandidateResult
        The procedure first.
    without_auroc : int
        Folds in which all people had the same outcome.
    chosen : mapping of str to int
        Folds by the label of the chosen contender, the most frequent first.
    pooled : OverSites, optional
        Where whole sites are held out.
    """

    repeated: bool
    folds: tuple[FoldLine, ...]
    n_folds: int
    candidates: tuple[CandidateResult, ...]
    without_auroc: int
    chosen: Mapping[str, int]
    pooled: OverSites | None


@dataclass(frozen=True)
class FoldByFold:
    """All blocks, fold by fold.

    Parameters
    ----------
    blocks : tuple of BlockFolds
        The headline first.
    few_events : int
        `FEW_EVENTS`.
    compared : tuple of str
        Names of the procedure and of the reference.
    """

    blocks: tuple[BlockFolds, ...]
    few_events: int
    compared: tuple[str, str]


def summarize(results: Results) -> FoldByFold:
    """Line up the AUROC of all candidates fold by fold."""
    return FoldByFold(
        blocks=tuple(_folds(block, results) for block in results.blocks),
        few_events=FEW_EVENTS,
        compared=(PROCEDURE, results.evaluation.reference),
    )


def _folds(block: Block, results: Results) -> BlockFolds:
    candidates = sorted(block.candidates, key=lambda c: c.part != "headline")
    lines = _lines(block, candidates, results.candidate_labels())
    chosen = Counter(line.chosen for line in lines)
    return BlockFolds(
        **vars(words_of(block, results.evaluation)),
        repeated=block.n_repeats > 1,
        folds=lines,
        n_folds=len(lines),
        candidates=tuple(candidates),
        without_auroc=block.candidate(PROCEDURE).folds_without_auroc,
        chosen=dict(chosen.most_common()),
        pooled=None if block.sites is None else _over_sites(block.sites),
    )


def _lines(
    block: Block, candidates: list[CandidateResult], labels: dict[str, str]
) -> tuple[FoldLine, ...]:
    by_fold = {c.name: {(f.repeat, f.fold): f.auroc for f in c.folds} for c in candidates}
    return tuple(
        FoldLine(
            repeat=f.repeat + 1,
            label=f.label,
            n=f.n,
            events=f.events,
            few=min(f.events, f.n - f.events) < FEW_EVENTS,
            chosen=labels.get(f.chosen, f.chosen),
            auroc={name: aurocs.get((f.repeat, f.fold)) for name, aurocs in by_fold.items()},
        )
        for f in block.candidate(PROCEDURE).folds
    )


def _over_sites(sites: PooledSites) -> OverSites:
    return OverSites(
        k=len(sites.sites) - len(sites.left_out),
        left_out=sites.left_out,
        auroc=sites.auroc,
        prediction=sites.prediction,
    )


def draw(summary: FoldByFold) -> dict[str, Markup]:
    """Draw procedure and reference side by side in every fold."""
    from pipelines.report.sections.sites.drawing import by_fold

    return {block.name: by_fold(block, summary.compared) for block in summary.blocks}
