"""The whole procedure on shuffled outcomes, many times, each run kept when it is finished."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd
from pydantic import ValidationError

from pipelines.evaluate.evaluation import headline_verdict
from pipelines.fit.digest import code_digest
from pipelines.fit.fitting import choose, final_key, fit_all, tasks
from pipelines.fit.folds import Folds, FoldsInMemory
from pipelines.fit.predictions import predictions_table
from pipelines.fit.processes import run_all
from pipelines.fit.sealed import DamagedError, discard_damaged, is_whole, read_sealed, write_sealed
from pipelines.fit.store import fingerprint
from pipelines.null_check.shuffled import shuffled_study
from pipelines.question.study import AssembledStudy, lay_out
from signature.exceptions import ResultsError
from signature.records.null_check import NullRun, Selected
from signature.records.results import REFERENCE


def study_to_shuffle(
    study: AssembledStudy, *, repeats: int = 1, trials: int | None = None
) -> AssembledStudy:
    """Return the study as each shuffled run sees it, before the shuffle.

    Contenders and references compete as in a real run. Baselines are left out, since nothing that
    a check reports depends on them, and so are the recorded columns and the subjects' identifiers.

    Parameters
    ----------
    study : AssembledStudy
    repeats : int
        Of the outer folds.
    trials : int, optional
        Parameter sets per candidate and fold, when not those of the experiment.
    """
    told, cohort = study.experiment, study.cohort
    parts = told.candidates.model_copy(update={"baselines": ()})
    experiment = told.model_copy(
        update={
            "candidates": parts,
            "validation": told.validation.model_copy(update={"repeats": repeats}),
            "tuning": told.tuning.model_copy(update={"trials": trials or told.tuning.trials}),
        }
    )
    return replace(
        study,
        experiment=experiment,
        candidates={name: study.candidates[name] for name in parts.all},
        folds=lay_out(experiment, cohort, study.references),
        cohort=replace(
            cohort,
            subject=cohort.person.astype(str),
            records=pd.DataFrame(index=cohort.X.index),
        ),
    )


def null_fingerprint(study: AssembledStudy) -> str:
    """SHA-256 over all that decides a shuffled run, but for its number.

    Parameters
    ----------
    study : AssembledStudy
        From `study_to_shuffle`.
    """
    h = hashlib.sha256(fingerprint(study.experiment, study.cohort, study.references).encode())
    h.update(repr((study.experiment.candidates, study.experiment.validation)).encode())
    h.update(code_digest(__name__, *(f"models.{name}" for name in study.candidates)).encode())
    return h.hexdigest()


@dataclass(frozen=True)
class NullStore:
    """The finished runs of one check.

    Parameters
    ----------
    folder : Path
        ``results/<experiment>``.
    mark : str
        The check's `null_fingerprint`; runs of another are never read.
    """

    folder: Path
    mark: str

    @property
    def root(self) -> Path:
        """Where the runs are."""
        return self.folder / "null_check" / self.mark[:16]

    def path(self, run: int) -> Path:
        """File of one finished run."""
        return self.root / f"run-{run:04d}.json"

    def has(self, run: int) -> bool:
        """Whether the run is finished, and still what was written."""
        return is_whole(self.path(run), self._what(run))

    def load(self, run: int) -> NullRun:
        """Read a finished run.

        Raises
        ------
        ResultsError
            When the file is missing or damaged, or is of another check or run.
        """
        try:
            content = read_sealed(self.path(run), self._what(run))
            return NullRun.model_validate_json(content)
        except (ValidationError, DamagedError):
            raise ResultsError(
                f"{self.path(run)} is damaged, or of a check of other data, settings or code; "
                "delete it, and the run is done again"
            ) from None

    def save(self, found: NullRun) -> None:
        """Write a finished run, whole or not at all.

        Raises
        ------
        OutputError
            When it cannot be written.
        """
        content = found.model_dump_json(indent=1) + "\n"
        write_sealed(self.path(found.run), content.encode(), self._what(found.run))

    def _what(self, run: int) -> str:
        return f"shuffled run {self.mark} {run}"


def null_run(study: AssembledStudy, run: int, store: NullStore) -> NullRun:
    """Run the whole procedure on one shuffle, keep what it found, and return that.

    Numerical libraries are held to one thread, so that the bits do not depend on the machine's
    number of cores. The fitted folds are in memory alone: a killed check loses the runs that it
    was at.

    Parameters
    ----------
    study : AssembledStudy
        From `study_to_shuffle`.
    run : int
        Number of the shuffle, from 0.
    store : NullStore
    """
    from threadpoolctl import threadpool_limits

    _same_code(study, store.mark)
    shuffled = shuffled_study(study, run)
    folds = FoldsInMemory()
    with threadpool_limits(1):
        fit_all(tasks(shuffled), shuffled, folds, jobs=1, done=lambda: None)
        predictions = predictions_table(shuffled, folds)
        verdict = headline_verdict(predictions, shuffled.experiment, REFERENCE)
    contenders, key = shuffled.experiment.candidates.contenders, final_key(shuffled.folds)
    found = {name: selected_by(name, shuffled, folds) for name in contenders}
    result = NullRun(
        fingerprint=store.mark,
        run=run,
        auroc=verdict.auroc,
        difference=verdict.difference,
        adds=verdict.adds,
        final_model=choose(folds.load(name, key) for name in contenders).candidate,
        selected={name: s for name, s in found.items() if s is not None},
    )
    _same_code(study, store.mark)
    store.save(result)
    return result


def selected_by(candidate: str, study: AssembledStudy, store: Folds) -> Selected | None:
    """Count what a candidate selected in the final fit and in every outer fold.

    A candidate selects when the last step of its fitted pipeline has ``selected_``, the names of
    the markers it kept; ``declared_bound_`` says how many false ones are expected at most.

    Returns
    -------
    Selected or None
        None for a candidate that does not select.
    """
    last = store.procedure(candidate, final_key(study.folds)).estimator_[-1]
    if not hasattr(last, "selected_"):
        return None
    folds = [store.procedure(candidate, f.key).estimator_[-1] for f in study.folds]
    bound = float(getattr(last, "declared_bound_", math.inf))
    return Selected(
        final=len(last.selected_),
        folds=tuple(len(step.selected_) for step in folds),
        declared_bound=bound if math.isfinite(bound) else None,
    )


def run_missing(
    study: AssembledStudy, runs: int, store: NullStore, *, jobs: int, done: Callable[[], None]
) -> None:
    """Do the runs that are not finished yet, on `jobs` processes, and call `done` after each.

    Parameters
    ----------
    study : AssembledStudy
        From `study_to_shuffle`.
    runs : int
    store : NullStore
    jobs : int
        1 runs in this process.
    done : callable
        Called once per finished run.
    """
    missing = [run for run in range(runs) if not store.has(run)]
    discard_damaged(store.path(run) for run in missing)
    for _ in run_all([(null_run, (study, run, store)) for run in missing], jobs=jobs):
        done()


def _same_code(study: AssembledStudy, mark: str) -> None:
    """Refuse to file a run under code that it was not made with."""
    if null_fingerprint(study) != mark:
        raise ResultsError(
            "the code was changed while the check was going on; start it again, finished runs of "
            "unchanged code are kept"
        )
