"""From finished folds to the one table that everything after reads."""

from __future__ import annotations

import numpy as np
import pandas as pd

from pipelines.fit.fitting import choose, final_key, tasks
from pipelines.fit.folds import Folds
from pipelines.fit.store import FittedFold, FoldStore
from pipelines.question.experiment import Candidates
from pipelines.question.folds import Fold, development_rows
from pipelines.question.study import AssembledStudy
from signature.records.inner_table import FINAL_BLOCK, INNER_COLUMNS, check_inner
from signature.records.results import PREDICTION_COLUMNS, PROCEDURE, REFERENCE, check_predictions


def competitions(candidates: Candidates) -> dict[str, tuple[str, ...]]:
    """Name the two competitions that the inner folds decide, and who takes part."""
    return {PROCEDURE: candidates.contenders, REFERENCE: candidates.references}


def predictions_table(study: AssembledStudy, store: Folds) -> pd.DataFrame:
    """Collect the held-out predictions of every candidate, of the procedure and of the reference.

    The procedure's prediction in a fold is that of the contender with the smallest loss on that
    fold's inner folds; the reference's likewise, among the models of the baseline features.

    Returns
    -------
    DataFrame
        As `signature.records.results.PREDICTION_COLUMNS` says.
    """
    parts = []
    for fold in study.folds:
        fitted = {name: store.load(name, fold.key) for name in study.candidates}
        parts += [_lines(study, fold, name, f, chosen="") for name, f in fitted.items()]
        for name, among in competitions(study.experiment.candidates).items():
            best = choose(fitted[candidate] for candidate in among)
            parts.append(_lines(study, fold, name, best, chosen=best.candidate))
    table = pd.concat(parts, ignore_index=True)
    return check_predictions(table[list(PREDICTION_COLUMNS)].astype(PREDICTION_COLUMNS))


def inner_table(study: AssembledStudy, store: FoldStore, predictions: pd.DataFrame) -> pd.DataFrame:
    """Collect what the inner folds said of training rows, for procedure and reference.

    Parameters
    ----------
    study : AssembledStudy
    store : FoldStore
    predictions : DataFrame
        From `predictions_table`.

    Returns
    -------
    DataFrame
        As `signature.records.inner_table.INNER_COLUMNS` says.
    """
    parts = []
    for fold in study.folds:
        for name, among in competitions(study.experiment.candidates).items():
            best = choose(store.load(candidate, fold.key) for candidate in among)
            parts.append(_inner_lines(study, fold, fold.block, name, best))
    key = final_key(study.folds)
    best = choose(store.load(name, key) for name in study.experiment.candidates.contenders)
    rows = development_rows(study.cohort, study.experiment.validation)
    everybody = Fold(FINAL_BLOCK, 0, 0, "", rows, np.arange(0))
    parts.append(_inner_lines(study, everybody, FINAL_BLOCK, PROCEDURE, best))
    table = pd.concat(parts, ignore_index=True)
    return check_inner(table[list(INNER_COLUMNS)].astype(INNER_COLUMNS), predictions)


def _inner_lines(
    study: AssembledStudy, fold: Fold, block: str, candidate: str, fitted: FittedFold
) -> pd.DataFrame:
    cohort = study.cohort
    at = fold.train
    return pd.DataFrame(
        {
            "block": block,
            "candidate": candidate,
            "repeat": fold.repeat,
            "fold": fold.fold,
            "row": at,
            "person": cohort.person.to_numpy()[at],
            "outcome": cohort.outcome.to_numpy()[at],
            "probability": fitted.inner,
        }
    )


def all_trials(study: AssembledStudy, store: FoldStore) -> pd.DataFrame:
    """Collect every parameter set that was tried, by candidate and fold."""
    parts = [
        store.trials(task.candidate, task.key).assign(candidate=task.candidate, key=task.key)
        for task in tasks(study)
    ]
    table = pd.concat(parts, ignore_index=True)
    where = table["key"].str.extract(r"-r(?P<repeat>\d+)-f(?P<fold>\d+)$")
    table["repeat"] = pd.to_numeric(where["repeat"])
    table["fold"] = pd.to_numeric(where["fold"])
    first = ["candidate", "key", "repeat", "fold", "trial", "state", "loss"]
    return table[[*first, *(c for c in table if c not in first)]]


def _lines(
    study: AssembledStudy, fold: Fold, candidate: str, fitted: FittedFold, *, chosen: str
) -> pd.DataFrame:
    cohort = study.cohort
    nowhere = np.full(len(cohort), "")
    site = nowhere if cohort.site is None else cohort.site.to_numpy()
    arm = nowhere if cohort.arm is None else cohort.arm.astype(str).to_numpy()
    plate = np.full(len(cohort), -1) if cohort.plate is None else pd.factorize(cohort.plate)[0]
    weight = np.ones(len(cohort)) if cohort.weight is None else cohort.weight.to_numpy()
    at = fold.held_out
    return pd.DataFrame(
        {
            "experiment": study.experiment.name,
            "block": fold.block,
            "candidate": candidate,
            "repeat": fold.repeat,
            "fold": fold.fold,
            "fold_label": fold.label,
            "row": at,
            "person": cohort.person.to_numpy()[at],
            "site": site[at],
            "arm": arm[at],
            "plate": plate[at],
            "weight": weight[at],
            "outcome": cohort.outcome.to_numpy()[at],
            "probability": fitted.probability,
            "chosen": chosen,
        }
    )
