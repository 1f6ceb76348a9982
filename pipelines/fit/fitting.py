"""Fit every candidate on every outer fold: in any order, on any number of processes, resumed."""

from __future__ import annotations

import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.special import expit

from pipelines.fit.folds import Folds
from pipelines.fit.processes import run_all
from pipelines.fit.store import FittedFold
from pipelines.fit.tuning import Tuner, fit_tuned
from pipelines.question.folds import Fold
from pipelines.question.study import CANDIDATE_EXPORTS, AssembledStudy
from signature.discovery import load
from signature.learn.adaptation import adapt_procedure, harmonises
from signature.learn.calibration import CalibratedProcedure
from signature.randomness import seed_for
from signature.study.cohort import CohortWithOutcome
from signature.study.schema import BATCH, FeatureSchema
from signature.study.whose import Whose

if TYPE_CHECKING:
    from pipelines.question.experiment import Experiment

FINAL = "final"
"""Key of the fit on all development rows."""


_SHORT = 60.0
"""Seconds of a fit below which its imports may be most of it."""


@dataclass(frozen=True, eq=False)
class Task:
    """One candidate on one training set."""

    candidate: str
    key: str
    train: np.ndarray
    held_out: np.ndarray


@dataclass(frozen=True, eq=False, repr=False)
class Rows:
    """What fitting sees of a cohort: no records, no identifiers; sites for a selection alone."""

    schema: FeatureSchema
    X: pd.DataFrame
    outcome: np.ndarray
    whose: Whose
    references: pd.DataFrame | None = None

    @classmethod
    def of(cls, cohort: CohortWithOutcome, references: pd.DataFrame | None = None) -> Rows:
        """Take them from a cohort."""
        X = cohort.X.reset_index(drop=True)
        site = None if cohort.site is None else cohort.site.to_numpy()
        whose = Whose(cohort.person.to_numpy(), site)
        return cls(cohort.schema, X, cohort.outcome.to_numpy(), whose, references)


def tasks(study: AssembledStudy) -> list[Task]:
    """List all fits of a run: outer folds, then the final model's contenders.

    With an external block there is no further final fit: the model that was tested outside is the
    one that is kept.
    """
    out = [
        Task(candidate, fold.key, fold.train, fold.held_out)
        for fold in study.folds
        for candidate in study.candidates
    ]
    if final_key(study.folds) == FINAL:
        everyone, nobody = np.arange(len(study.cohort)), np.arange(0)
        contenders = study.experiment.candidates.contenders
        out += [Task(candidate, FINAL, everyone, nobody) for candidate in contenders]
    return out


def final_key(folds: list[Fold]) -> str:
    """Key of the fit that becomes the registered model."""
    return next((f.key for f in folds if f.block == "external"), FINAL)


def fit_task(task: Task, rows: Rows, experiment: Experiment, store: Folds) -> str:
    """Tune, calibrate, fit and store one candidate on one training set; return its key.

    Numerical libraries are held to one thread, so that the bits do not depend on the machine's
    number of cores.
    """
    from threadpoolctl import threadpool_limits

    store.check_code(task.candidate)
    started = time.perf_counter()
    tuner = Tuner(
        candidate=load("models", task.candidate, CANDIDATE_EXPORTS),
        schema=rows.schema,
        X=rows.X.iloc[task.train],
        y=rows.outcome[task.train],
        whose=rows.whose.at(task.train),
        folds=experiment.validation.inner_folds,
        trials=experiment.tuning.trials,
        seed=seed_for(experiment.seed, "candidate", task.candidate, task.key),
        fold_seed=seed_for(experiment.seed, "inner", task.key),
    )
    with threadpool_limits(1), warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        tuned = tuner.run()
        procedure = fit_tuned(tuner, tuned)
        procedure = place_new_batches(procedure, rows, task)
        held_out = rows.X.iloc[task.held_out]
        p = procedure.predict_proba(held_out)[:, 1] if len(held_out) else np.empty(0)
    fitted = FittedFold(
        candidate=task.candidate,
        key=task.key,
        params=tuned.params,
        inner_loss=tuned.loss,
        probability=p,
        inner=expit(procedure.slope_ * tuned.out_of_fold + procedure.intercept_),
        warnings=dict(Counter(w.category.__name__ for w in caught)),
        seconds=time.perf_counter() - started,
    )
    store.save(fitted, procedure, tuned.trials)
    return task.key


def place_new_batches(
    procedure: CalibratedProcedure, rows: Rows, task: Task
) -> CalibratedProcedure:
    """Place the batches that only held-out rows have by their own reference samples.

    Nothing is fitted anew, and no held-out row is looked at.
    """
    if rows.schema.handling.unseen != "adapted" or not harmonises(procedure):
        return procedure
    assert rows.references is not None
    seen = set(rows.X[BATCH].iloc[task.train].dropna())
    for code in sorted(set(rows.X[BATCH].iloc[task.held_out].dropna()) - seen):
        own = rows.references[rows.references[BATCH] == code]
        procedure = adapt_procedure(procedure, own, batch_code=code)
    return procedure


def fit_all(
    todo: Iterable[Task],
    study: AssembledStudy,
    store: Folds,
    *,
    jobs: int,
    done: Callable[[], None],
    tell: Callable[[float], None] | None = None,
) -> None:
    """Fit what is not stored yet, on `jobs` processes, and call `done` after each.

    The first fit of each candidate, or two where they are short, comes first, and then the longest
    ones, so that no process waits for another at the end.

    Parameters
    ----------
    todo : iterable of Task
    study : AssembledStudy
    store : Folds
    jobs : int
        1 runs in this process.
    done : callable
        Called once per finished task.
    tell : callable, optional
        Given how many seconds the others will take on one process, as the first ones were.
    """
    missing = [t for t in todo if not store.has(t.candidate, t.key)]
    rows = Rows.of(study.cohort, study.references)

    def fit(some: Iterable[Task]) -> None:
        calls = [(fit_task, (task, rows, study.experiment, store)) for task in some]
        for _ in run_all(calls, jobs=jobs):
            done()

    seconds: dict[str, float] = {}
    waiting = list(missing)
    for again in (False, True):
        # what is imported and compiled once counts in a first fit, which short ones are not like
        next_ones = {
            t.candidate: t
            for t in reversed(waiting)
            if not again or seconds[t.candidate] * len(t.train) < _SHORT
        }
        fit(next_ones.values())
        for name, task in next_ones.items():
            found = store.load(name, task.key).seconds / len(task.train)
            seconds[name] = min(found, seconds.get(name, found))
        waiting = [t for t in waiting if t not in next_ones.values()]
    expected = {t: seconds[t.candidate] * len(t.train) for t in waiting}
    if tell is not None and expected:
        tell(sum(expected.values()))
    fit(sorted(expected, key=expected.__getitem__, reverse=True))


def choose(fitted: Iterable[FittedFold]) -> FittedFold:
    """Return the contender with the smallest loss on the inner folds; the first one on a tie."""
    return min(fitted, key=lambda f: f.inner_loss)
