"""What a run writes down once its folds are fitted: one function per file, on all processes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from pipelines.evaluate.evaluation import evaluate
from pipelines.evaluate.for_whom import for_whom
from pipelines.evaluate.measured import Measured, to_measure
from pipelines.explain.clusters import keep_clusters
from pipelines.explain.held_out_shap import explain
from pipelines.explain.signature import keep_signature
from pipelines.fit.predictions import all_trials, inner_table
from pipelines.fit.processes import Call, run_all
from pipelines.fit.progress import progress
from pipelines.fit.results_folder import Results, comparison, write_table
from pipelines.fit.store import FoldStore
from pipelines.question.study import AssembledStudy
from pipelines.sentinels.look import run_sentinels
from pipelines.train.assay_quality import assay_record
from signature.records.results import PROCEDURE, REFERENCE
from signature.records.sentinels import Sentinels

LABELS = {PROCEDURE: "With the panel", REFERENCE: "Clinical features alone"}
"""How a report prints the two competitions' winners."""


@dataclass(frozen=True, eq=False, repr=False)
class FittedRun:
    """A run whose folds are all finished.

    Parameters
    ----------
    study : AssembledStudy
    store : FoldStore
    predictions : DataFrame
        As `signature.records.results.PREDICTION_COLUMNS` says.
    parameters : int
        That there are to learn; see `pipelines.fit.candidate_parameters`.
    folder : Path
        ``results/<experiment>``.
    """

    study: AssembledStudy
    store: FoldStore
    predictions: pd.DataFrame
    parameters: int
    folder: Path


def keep_sentinels(run: FittedRun) -> Sentinels:
    """Look for leakage."""
    sentinels = run_sentinels(run.study, run.study.folds)
    sentinels.write(run.folder / "sentinels.json")
    return sentinels


def keep_evaluation(run: FittedRun, measured: list[Measured], sentinels: Sentinels) -> None:
    """Write down what was measured on held-out people."""
    study = run.study
    labels = {name: m.LABEL for name, m in study.candidates.items()} | LABELS
    inner = inner_table(study, run.store, run.predictions)
    write_table(inner, run.folder / "inner.parquet")
    mark = run.store.run_fingerprint(study.candidates)
    shuffled = comparison(Results(run.folder).null_check, mark)
    evaluate(
        run.predictions,
        study.experiment,
        labels,
        run.parameters,
        sentinels,
        inner,
        shuffled,
        measured,
    ).write(run.folder / "evaluation.json")


def keep_contributions(run: FittedRun) -> None:
    """Explain held-out predictions."""
    write_table(explain(run.study, run.store), run.folder / "contributions.parquet")


def keep_for_whom(run: FittedRun) -> None:
    """Look at confounders, subgroups and sites."""
    for_whom(run.study, run.predictions).write(run.folder / "for_whom.json")


def keep_panel_clusters(run: FittedRun) -> None:
    """Write down which clusters of markers go with the outcome."""
    keep_clusters(run.study, run.folder)


def keep_selection(run: FittedRun) -> None:
    """Write down the markers that passed selection."""
    keep_signature(run.study, run.store, run.folder)


def keep_trials(run: FittedRun) -> None:
    """Write down every parameter set that was tried."""
    write_table(all_trials(run.study, run.store), run.folder / "trials.parquet")


def keep_assay(run: FittedRun) -> None:
    """Write down what the assay did to the analysed rows."""
    assay_record(run.study).write(run.folder / "assay.json")


BESIDE: tuple[Callable[[FittedRun], None], ...] = (
    keep_contributions,
    keep_for_whom,
    keep_panel_clusters,
    keep_selection,
    keep_trials,
    keep_assay,
)
"""What is written down while `keep_evaluation` goes on."""


def keep_files(run: FittedRun, *, jobs: int) -> None:
    """Write every file, on so many processes, and say how far it is."""
    measures = to_measure(run.predictions, run.study.experiment)
    first: list[Call[Measured | Sentinels | None]] = [(keep_sentinels, (run,)), *measures]
    calls = [*first, *((keep, (run,)) for keep in BESIDE)]
    measured: list[Measured] = []
    sentinels: list[Sentinels] = []
    with progress("evaluations and explanations", len(calls)) as done:
        for found in run_all(calls, jobs=jobs):
            done()
            if isinstance(found, Sentinels):
                sentinels.append(found)
            elif isinstance(found, Measured):
                measured.append(found)
            if found is not None and len(measured) + len(sentinels) == len(first):
                keep_evaluation(run, measured, *sentinels)
