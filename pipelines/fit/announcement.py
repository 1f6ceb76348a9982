"""Say first what a launch will do, and how long it may take."""

from __future__ import annotations

import time

from pipelines.fit.fitting import Task
from pipelines.fit.store import FoldStore
from pipelines.fit.tuning import Tuner
from pipelines.question.study import AssembledStudy
from pipelines.question.summaries import out_of_range
from signature.study.splits import person_folds


def announce(study: AssembledStudy, todo: list[Task], store: FoldStore, jobs: int) -> None:
    """Print the question, the rows, the folds and a rough time."""
    experiment, cohort = study.experiment, study.cohort
    waiting = [t for t in todo if not store.has(t.candidate, t.key)]
    outer = len(study.folds)
    print(f"{experiment.title}: {experiment.question}")
    print(
        f"{len(cohort)} rows of {cohort.n_people} people, {int(cohort.outcome.sum())} with "
        f"{study.outcome.label}; {len(cohort.schema.baseline)} baseline and "
        f"{len(cohort.schema.panel)} panel features."
    )
    for name in cohort.schema.features:
        odd = out_of_range(cohort.schema[name], cohort.X[name])
        if odd:
            print(f"Look at {name!r}: {odd} of {len(cohort)} rows lie outside its plausible range.")
    print(
        f"{outer} outer folds × {len(study.candidates)} candidates, up to "
        f"{experiment.tuning.trials} parameter sets on {experiment.validation.inner_folds} inner "
        f"folds each: {len(todo)} fits, {len(todo) - len(waiting)} of them finished already."
    )
    if waiting:
        say_how_long(rough_seconds(study, waiting), jobs)


def say_how_long(seconds: float, jobs: int) -> None:
    """Print how long so much work may take on so many processes."""
    wall = seconds / jobs
    if wall < 90:
        about = "less than ten seconds" if wall < 10 else f"about {round(wall, -1):.0f} seconds"
    else:
        about = f"about {max(wall / 60, 2):.0f} minutes"
    print(f"On {jobs} process{'es' if jobs > 1 else ''} this may take {about}.", flush=True)


def rough_seconds(study: AssembledStudy, waiting: list[Task]) -> float:
    """Time one inner fold of each candidate and multiply; pruning makes the truth shorter."""
    cohort, validation = study.cohort, study.experiment.validation
    y, person = cohort.outcome.to_numpy(), cohort.person.to_numpy()
    train, _ = person_folds(y, person, validation.inner_folds, 0)[0]
    total = 0.0
    for name, module in study.candidates.items():
        fits = [t for t in waiting if t.candidate == name]
        if not fits:
            continue
        started = time.perf_counter()
        tuner = Tuner(
            module, study.cohort.schema, cohort.X.iloc[train], y[train], person[train], 2, 1, 0, 0
        )
        tuner.run()
        trials = min(study.experiment.tuning.trials, tuner.sets)
        once = (time.perf_counter() - started) / 2
        share = sum(len(t.train) for t in fits) / len(fits) / len(train)
        total += once * share * len(fits) * validation.inner_folds * (0.5 * trials + 1)
    return total
