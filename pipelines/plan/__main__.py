"""How many people an experiment needs, and what more of them would buy.

``python -m pipelines.plan experiments/<name>.toml``
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines import cli

if TYPE_CHECKING:
    from pipelines.question.study import AssembledStudy
    from signature.records.plan import Curve

FILE_NAME = "plan.json"


def plan(
    experiment: Annotated[Path, typer.Argument(help="The experiment, a TOML file.")],
    results: Annotated[Path, typer.Option(help="Parent of the results folder.")] = Path("results"),
    auroc: Annotated[
        float | None,
        typer.Option(
            min=0.51, max=0.99, help="AUROC anticipated in new people; else what the gate demands."
        ),
    ] = None,
    threshold: Annotated[
        float | None,
        typer.Option(min=0.01, max=0.99, help="Risk from which on one would treat."),
    ] = None,
    curve: Annotated[
        bool | None,
        typer.Option(
            help="Draw a learning curve, even without a finished run; the rule is to draw one "
            "where there is a run."
        ),
    ] = None,
) -> None:
    """Compute sample sizes, draw a learning curve where there is a run, and write plan.json.

    Of a trial: power and sizes by its [plan], and neither data nor the options but --results.
    """
    from pipelines.fit.results_folder import make_folder
    from pipelines.trials.experiment import is_trial

    if is_trial(experiment):
        _plan_trial(experiment, results)
        return
    from pipelines.plan.sizes import development_plan, validation_plan
    from pipelines.plan.words import plan_lines
    from pipelines.question.assembly import assemble
    from pipelines.question.experiment import load_experiment
    from pipelines.report.render import write_report
    from signature.records.plan import PlanRecord

    study = assemble(load_experiment(experiment))
    folder = make_folder(results / study.experiment.name)
    development = development_plan(study, auroc)
    validation = validation_plan(study, auroc, threshold)
    drawn, why_not = _curve(study, folder, curve)
    found = PlanRecord(
        experiment=study.experiment.name,
        development=development,
        validation=validation,
        curve=drawn,
        no_curve=why_not,
    )
    file = folder / FILE_NAME
    found.write(file)
    print("\n".join(plan_lines(found)))
    print(file)
    if (folder / "launch.json").is_file():
        print(f"Report      {write_report(folder)}")


def _plan_trial(experiment: Path, results: Path) -> None:
    from pipelines.fit.results_folder import make_folder
    from pipelines.plan.trials import trial_plan, trial_plan_lines
    from pipelines.trials.experiment import load_trial

    found = trial_plan(load_trial(experiment))
    file = make_folder(results / found.experiment) / FILE_NAME
    found.write(file)
    print("\n".join(trial_plan_lines(found)))
    print(file)


def _curve(study: AssembledStudy, folder: Path, wanted: bool | None) -> tuple[Curve | None, str]:
    """Draw the learning curve, or say why there is none."""
    from pipelines.fit.progress import progress
    from pipelines.fit.store import FoldStore, fingerprint
    from pipelines.plan.curve_points import (
        REPETITIONS,
        SHARES,
        chosen_settings,
        curve_points,
        untuned_settings,
    )
    from pipelines.plan.sizes import curve_record
    from signature.exceptions import LearningCurveError

    told = study.experiment
    run = f"python -m pipelines.train experiments/{told.name}.toml"
    if wanted is False:
        return None, "it was not asked for"
    if wanted is None and not (folder / "predictions.parquet").is_file():
        return None, f"there is no run yet; make one with: {run}"
    store = FoldStore(folder, fingerprint(told, study.cohort, study.references))
    settings = chosen_settings(study, store)
    tuned = settings is not None
    if settings is None:
        if wanted is None:
            return None, f"fitted folds are not those of this data and code; make them with: {run}"
        settings = untuned_settings(study)
    fits = REPETITIONS * len(settings) // told.validation.repeats * len(SHARES)
    print(f"Training on subsets of each fold's training people: {fits} fits.", flush=True)
    try:
        with progress("fits", fits) as done:
            points = curve_points(study, settings, repetitions=REPETITIONS, done=done)
        return curve_record(study, settings, points, tuned=tuned), ""
    except LearningCurveError as error:
        return None, str(error)


if __name__ == "__main__":
    cli.main(plan)
