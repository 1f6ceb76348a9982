"""Say first what a launch will do, and how long it may take, once that is known."""

from __future__ import annotations

from pipelines.fit.fitting import Task
from pipelines.fit.store import FoldStore
from pipelines.question.study import AssembledStudy
from pipelines.question.summaries import out_of_range


def announce(study: AssembledStudy, todo: list[Task], store: FoldStore) -> None:
    """Print the question, the rows and the folds."""
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


def say_how_long(seconds: float, jobs: int, what: str = "the fits") -> None:
    """Print how long so much work may take on so many processes.

    Parameters
    ----------
    seconds : float
        Of one process.
    jobs : int
    what : str
        Is said to take so long.
    """
    wall = seconds / jobs
    if wall < 90:
        about = "less than ten seconds" if wall < 10 else f"about {round(wall, -1):.0f} seconds"
    else:
        about = f"about {max(wall / 60, 2):.0f} minutes"
    on = f"{jobs} process{'es' if jobs > 1 else ''}"
    print(f"On {on} {what} may take {about}.", flush=True)
