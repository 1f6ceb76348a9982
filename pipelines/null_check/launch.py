"""One null check, from the experiment's file to the report."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from pipelines.evaluate.again import evaluate_folder
from pipelines.fit.announcement import say_how_long
from pipelines.fit.fitting import FINAL, final_key, tasks
from pipelines.fit.progress import progress
from pipelines.fit.results_folder import make_folder
from pipelines.fit.store import FoldStore, fingerprint
from pipelines.null_check.exact_intervals import exact_share
from pipelines.null_check.runs import NullStore, null_fingerprint, run_missing, study_to_shuffle
from pipelines.null_check.shuffled import exchangeable, shuffled_study
from pipelines.null_check.summary import compare, reached, real_run, selection_checks, spread
from pipelines.question.assembly import assemble
from pipelines.question.experiment import load_experiment
from pipelines.question.study import AssembledStudy
from pipelines.report.render import write_report
from signature.exceptions import ExperimentError
from signature.records.null_check import NullCheck
from signature.validation.permutation_p import StoppingRule, permutation_p

FILE_NAME = "null_check.json"

FEWEST_RUNS = 20
"""However clear the p-value is: the runs also say how often selection finds what is not there."""


def check_null(
    file: Path,
    results: Path,
    *,
    runs: int,
    repeats: int = 1,
    trials: int | None = None,
    jobs: int = 1,
    until_clear: bool = False,
) -> Path:
    """Run an experiment on shuffled outcomes and return the file that says what was found.

    Parameters
    ----------
    file : Path
        The experiment's TOML file.
    results : Path
        Parent of the results folder.
    runs : int
        Number of shuffles, 1 or more.
    repeats : int
        Repeats of the outer folds in each run, at most the experiment's.
    trials : int, optional
        Parameter sets per candidate and fold, when not those of the experiment. The runs are then
        of another procedure, and the real run is not compared with them.
    jobs : int
        Number of processes.
    until_clear : bool
        Stop before when it is clear on which side of .05 the p-value of endless runs lies.

    Raises
    ------
    ExperimentError
        When the file is not an experiment, or has fewer repeats; with `until_clear`, when there is
        no real run to compare with.
    OutcomeError
        When no outcome can change places.
    ResultsError
        When the folder cannot be made, or a file in it is damaged.
    """
    experiment = load_experiment(file)
    if repeats > experiment.validation.repeats:
        raise ExperimentError(
            f"{file} repeats its outer folds {experiment.validation.repeats} times; --repeats "
            f"{repeats} is more"
        )
    study = assemble(experiment)
    shuffled = study_to_shuffle(study, repeats=repeats, trials=trials)
    shuffled_study(shuffled, 0)  # what cannot be shuffled is refused before anything is written
    folder = make_folder(results / experiment.name)
    # read first: a damaged file should not be found after hours
    real = real_run(study, folder, repeats)
    store = NullStore(folder, null_fingerprint(shuffled))
    announce(shuffled, runs, store)
    waiting = [run for run in range(runs) if not store.has(run)]
    rule, auroc = None, 0.0
    if until_clear:
        if isinstance(real, str) or trials not in (None, experiment.tuning.trials):
            why = real if isinstance(real, str) else "--trials makes it another procedure"
            raise ExperimentError(f"{file}: --until-clear has nothing to go by: {why}")
        rule, auroc = StoppingRule(most_runs=runs, fewest_runs=min(runs, FEWEST_RUNS)), real[0]
    with progress("shuffled runs", len(waiting)) as done:
        if len(waiting) > jobs:
            started = time.perf_counter()
            run_missing(shuffled, waiting[jobs - 1] + 1, store, jobs=jobs, done=done)
            left = (len(waiting) - jobs) * (time.perf_counter() - started)
            say_how_long(left, jobs, "all others" if until_clear else "the others")
        if rule is None:
            run_missing(shuffled, runs, store, jobs=jobs, done=done)
        else:
            runs = run_until_clear(shuffled, rule, store, auroc, jobs=jobs, done=done)
    found = certify(study, shuffled, runs, store, real, rule)
    path = folder / FILE_NAME
    found.write(path)
    _say(found)
    if (folder / "launch.json").is_file():
        if found.comparison is not None:
            evaluate_folder(folder)  # the claim counts the check
        print(f"Report      {write_report(folder, jobs=jobs)}")
    print(f"Null check  {path}")
    return path


def run_until_clear(
    study: AssembledStudy,
    rule: StoppingRule,
    store: NullStore,
    real: float,
    *,
    jobs: int,
    done: Callable[[], None],
) -> int:
    """Do runs in their order until the rule stops them, and return how many it has read.

    As many are started at a time as there are processes; those beyond the stop are kept and not
    read, so that the result does not depend on their number.

    Parameters
    ----------
    study : AssembledStudy
        From `study_to_shuffle`.
    rule : StoppingRule
    store : NullStore
    real : float
        AUROC of the real run, over as many repeats as a shuffled one.
    jobs : int
    done : callable
        Called once per finished run.
    """
    finished = 0
    while True:
        finished = min(rule.most_runs, finished + jobs)
        run_missing(study, finished, store, jobs=jobs, done=done)
        aurocs = [store.load(run).auroc.value for run in range(finished)]
        found = permutation_p(reached(aurocs, real), rule)
        if found is not None and found.finished:
            return found.runs


def announce(study: AssembledStudy, runs: int, store: NullStore) -> None:
    """Print what is shuffled and what is run.

    Parameters
    ----------
    study : AssembledStudy
        From `study_to_shuffle`.
    runs : int
    store : NullStore
    """
    experiment, groups = study.experiment, exchangeable(study.cohort)
    todo = tasks(study)
    finished = sum(store.has(run) for run in range(runs))
    print(f"{experiment.title}, with outcomes shuffled{_within_words(study)}.")
    print(
        f"{study.cohort.n_people} people in {len(groups.strata)} groups within which they change "
        f"places; the outcome of {groups.n_fixed} cannot change."
    )
    repeats = experiment.validation.repeats
    final = ", and the final fits" if final_key(study.folds) == FINAL else ""
    print(
        f"{runs} run{'s' if runs > 1 else ''} of the whole procedure, {finished} finished already. "
        "Each: "
        f"{len(study.folds)} outer folds ({repeats} repeat{'s' if repeats > 1 else ''}) × "
        f"{len(study.candidates)} candidates, up to {experiment.tuning.trials} parameter sets on "
        f"{experiment.validation.inner_folds} inner folds{final}: {len(todo)} fits."
    )


def certify(
    study: AssembledStudy,
    shuffled: AssembledStudy,
    runs: int,
    store: NullStore,
    real: tuple[float, float] | str,
    rule: StoppingRule | None = None,
) -> NullCheck:
    """Put the finished runs together.

    Parameters
    ----------
    study, shuffled : AssembledStudy
        As the experiment says, and from `study_to_shuffle`.
    runs : int
        How many, from the first.
    store : NullStore
    real : (float, float) or str
        From `real_run`.
    rule : StoppingRule, optional
        That stopped the runs.
    """
    found = [store.load(run) for run in range(runs)]
    real_folds = FoldStore(
        store.folder, fingerprint(study.experiment, study.cohort, study.references)
    )
    told, used = study.experiment, shuffled.experiment
    if used.tuning != told.tuning:
        real = (
            f"the shuffled runs tried {used.tuning.trials} parameter sets where the experiment "
            f"says {told.tuning.trials}"
        )
    aurocs = tuple(run.auroc.value for run in found)
    differences = tuple(run.difference.value for run in found)
    external = bool(told.validation.develop_on)
    return NullCheck(
        experiment=told.name,
        fingerprint=store.mark,
        run_fingerprint=real_folds.run_fingerprint(study.candidates),
        contenders=told.candidates.contenders,
        references=told.candidates.references,
        runs=runs,
        repeats=used.validation.repeats,
        trials=used.tuning.trials,
        own_trials=told.tuning.trials,
        within=_within(study),
        n_people=study.cohort.n_people,
        n_fixed=exchangeable(study.cohort).n_fixed,
        block="external" if external else "internal",
        aurocs=aurocs,
        differences=differences,
        auroc=spread(aurocs),
        difference=spread(differences),
        adds=exact_share(sum(run.adds == "yes" for run in found), runs),
        selections=selection_checks(found, {n: m.LABEL for n, m in study.candidates.items()}),
        comparison=None if isinstance(real, str) else compare(aurocs, *real, rule),
        not_compared=real if isinstance(real, str) else "",
    )


def _within(study: AssembledStudy) -> tuple[Literal["site", "arm"], ...]:
    cohort = study.cohort
    parts: list[Literal["site", "arm"]] = []
    if cohort.site is not None:
        parts.append("site")
    if cohort.arm is not None and cohort.arm.nunique(dropna=False) > 1:
        parts.append("arm")
    return tuple(parts)


def _within_words(study: AssembledStudy) -> str:
    parts = _within(study)
    return f" within {' and '.join(parts)}" if parts else " among all people"


def _say(found: NullCheck) -> None:
    """Print the findings, selection first."""
    print()
    for check in found.selections:
        print(
            f"{check.label}: the fit on all development rows selected something in "
            f"{check.any_selected.count} of {found.runs} runs, {check.markers.value:.2f} false "
            "markers on average"
            + (
                f" (declared: at most {check.declared_bound:.2f})."
                if check.declared_bound is not None
                else "."
            )
        )
    if found.auroc is not None:
        print(
            f"AUROC {found.auroc.mean:.3f} on average, 95 % of runs between "
            f"{found.auroc.low:.3f} and {found.auroc.high:.3f}."
        )
    print(f"The verdict was that the panel adds in {found.adds.count} of {found.runs} runs.")
    if found.comparison is None:
        print(f"The real run is not compared: {found.not_compared}.")
    else:
        real = found.comparison
        print(
            f"The real run's AUROC over as many repeats is {real.auroc:.3f}; {real.at_least} of "
            f"{found.runs} shuffled runs reached it (full-pipeline permutation p-value "
            f"{real.p_value:.3g}, Monte Carlo interval {real.p_low:.3g} to {real.p_high:.3g})."
        )
