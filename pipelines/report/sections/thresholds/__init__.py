"""What deciding by thresholds, or leaving the unclear open, leads to on held-out people."""

from __future__ import annotations

from dataclasses import dataclass

from pipelines.fit.results_folder import Results
from pipelines.words.blocks import BlockWords, words_of
from signature.records.claim import Rung
from signature.records.decision import FinalThreshold, SetsRecord, ThresholdRecord
from signature.records.results import Block, Evaluation

TITLE = "Deciding, and leaving open"
ORDER = 64


@dataclass(frozen=True, kw_only=True)
class BlockDecisions(BlockWords):
    """Thresholds and conformal sets of one block.

    Parameters
    ----------
    thresholds : tuple of ThresholdRecord
    sets : SetsRecord, optional
        None where there are none.
    promised : float, optional
        Share of people whose set is to hold their outcome, in each class.
    rate : float
        Share of rows with the event.
    """

    thresholds: tuple[ThresholdRecord, ...]
    sets: SetsRecord | None
    promised: float | None
    rate: float


@dataclass(frozen=True)
class Decisions:
    """What deciding by the procedure leads to.

    Parameters
    ----------
    blocks : tuple of BlockDecisions
        The headline first.
    reference : str
        Label of what the procedure is compared with.
    rung : str
        Of the claim.
    exported : tuple of FinalThreshold
        Thresholds of the registered model.
    declared : bool
        Whether the experiment says from which probability one would act.
    """

    blocks: tuple[BlockDecisions, ...]
    reference: str
    rung: Rung
    exported: tuple[FinalThreshold, ...]
    declared: bool


def summarize(results: Results) -> Decisions | None:
    """Collect thresholds and conformal sets of every block; None where there are none."""
    evaluation = results.evaluation
    blocks = [block for block in results.blocks if block.thresholds or block.sets]
    if not blocks:
        return None
    return Decisions(
        blocks=tuple(_decisions(block, evaluation) for block in blocks),
        reference=results.candidate_labels().get(evaluation.reference, "reference"),
        rung=evaluation.claim.rung,
        exported=tuple(evaluation.final_thresholds),
        declared=results.experiment.decision.act_from is not None,
    )


def _decisions(block: Block, evaluation: Evaluation) -> BlockDecisions:
    return BlockDecisions(
        **vars(words_of(block, evaluation)),
        thresholds=tuple(block.thresholds),
        sets=block.sets,
        promised=None if block.sets is None else 1 - block.sets.error_rate,
        rate=block.n_events / block.n_rows,
    )
