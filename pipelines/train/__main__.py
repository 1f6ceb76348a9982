"""The main job: ``python -m pipelines.train experiments/<name>.toml``.

Loads the data, fits every candidate on every outer fold, evaluates, explains, refits, saves,
reports, and tracks all of it in MLflow. An experiment with a ``[trial]`` table asks for whom
treatment does better; it is run by the same command and has a report of its own.
"""

from pathlib import Path
from typing import Annotated

import typer

from pipelines import cli
from pipelines.fit.launcher import Jobs, Launcher, Scheduler, launched


def train(
    experiment: Annotated[Path, typer.Argument(help="Experiment file, experiments/<name>.toml.")],
    results: Annotated[Path, typer.Option(help="Where the folder <name>/ of results goes.")] = Path(
        "results"
    ),
    jobs: Jobs = 0,
    launcher: Launcher = "processes",
    scheduler: Scheduler = "",
    track: Annotated[bool, typer.Option(help="Track in MLflow and register the model.")] = True,
) -> None:
    """Run an experiment: fit, validate, explain, report, track and register."""
    from pipelines.train.launch import run_experiment
    from pipelines.trials.experiment import is_trial
    from pipelines.trials.launch import run_trial

    run = run_trial if is_trial(experiment) else run_experiment
    with launched(launcher, scheduler, jobs) as workers:
        run(experiment, results, jobs=workers, track=track)


if __name__ == "__main__":
    cli.main(train)
