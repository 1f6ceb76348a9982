"""The fitted folds of a finished run, for steps that read them and refit none."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pipelines.fit.fitting import tasks
from pipelines.fit.results_folder import Results
from pipelines.fit.store import FoldStore, fingerprint
from pipelines.question.assembly import assemble
from pipelines.question.study import AssembledStudy
from signature.exceptions import ResultsError


@dataclass(frozen=True, eq=False)
class FinishedRun:
    """What a run left, the study it was of, and its fitted folds."""

    results: Results
    study: AssembledStudy
    store: FoldStore


def finished_run(folder: Path) -> FinishedRun:
    """Read a results folder whose data, code and folds are still there.

    Raises
    ------
    ResultsError
        When they are not, or a file is missing or damaged.
    """
    run = Results(folder)
    study = assemble(run.experiment)
    store = FoldStore(folder, fingerprint(run.experiment, study.cohort, study.references))
    mark = store.run_fingerprint(study.candidates)
    if mark != run.launch.fingerprint or not all(
        store.has(task.candidate, task.key) for task in tasks(study)
    ):
        raise ResultsError(
            f"data, code or fitted folds are no longer those of {folder}; run it again with: "
            f"python -m pipelines.train experiments/{run.experiment.name}.toml"
        )
    return FinishedRun(run, study, store)
