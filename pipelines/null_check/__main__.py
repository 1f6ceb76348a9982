"""What is found where nothing is: ``python -m pipelines.null_check experiments/<name>.toml``.

Shuffles the outcome among people of the same site and arm, runs the whole procedure on it, and
does so many times.
"""

from pathlib import Path
from typing import Annotated

import typer

from pipelines import cli
from pipelines.fit.launcher import Jobs, Launcher, Scheduler, launched


def null_check(
    experiment: Annotated[Path, typer.Argument(help="Experiment file, experiments/<name>.toml.")],
    runs: Annotated[int, typer.Option(min=1, max=100_000, help="Number of shuffles.")] = 100,
    results: Annotated[Path, typer.Option(help="Where the folder <name>/ of results is.")] = Path(
        "results"
    ),
    jobs: Jobs = 0,
    launcher: Launcher = "processes",
    scheduler: Scheduler = "",
    repeats: Annotated[
        int,
        typer.Option(min=1, help="Repeats of the outer folds in each run; a real run has more."),
    ] = 1,
    trials: Annotated[
        int | None,
        typer.Option(min=1, help="Parameter sets per fit, when not those of the experiment."),
    ] = None,
    until_clear: Annotated[
        bool,
        typer.Option(help="Stop once the p-value is clearly on one side of .05; 20 runs or more."),
    ] = False,
) -> None:
    """Run an experiment on shuffled outcomes: nothing should be found. Killed, it goes on."""
    from pipelines.null_check.launch import check_null

    with launched(launcher, scheduler, jobs) as workers:
        check_null(
            experiment,
            results,
            runs=runs,
            repeats=repeats,
            trials=trials,
            jobs=workers,
            until_clear=until_clear,
        )


if __name__ == "__main__":
    cli.main(null_check)
