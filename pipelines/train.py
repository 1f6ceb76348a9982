"""The main job: ``python -m pipelines.train experiments/<name>.toml``.

Loads the data, fits every candidate on every outer fold, evaluates, explains, refits, saves,
reports, and tracks all of it in MLflow.
"""

import os
from pathlib import Path
from typing import Annotated

import typer

from pipelines import cli


def train(
    experiment: Annotated[Path, typer.Argument(help="Experiment file, experiments/<name>.toml.")],
    results: Annotated[Path, typer.Option(help="Where the folder <name>/ of results goes.")] = Path(
        "results"
    ),
    jobs: Annotated[int, typer.Option(help="Processes; 0 means one per core.")] = 0,
    track: Annotated[bool, typer.Option(help="Track in MLflow and register the model.")] = True,
) -> None:
    """Run an experiment: fit, validate, explain, report, track and register."""
    from pipelines.launch import run_experiment

    run_experiment(experiment, results, jobs=jobs or os.cpu_count() or 1, track=track)


if __name__ == "__main__":
    cli.main(train)
