"""How long an experiment takes when all its fits are finished: evaluation, explanation, report.

``python -m experiments.benchmarks.evaluation_speed results`` launches each shipped experiment that
has a results folder there again, in turn, and times the whole command, start-up included, as often
as asked; the quickest counts. A launch that has anything left to fit is left out. Seconds go to
``evaluation_speed.json`` beside it.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from pipelines.trials.experiment import is_trial
from signature.writing import write_whole

OUT = Path(__file__).with_suffix(".json")
EXPERIMENTS = Path("experiments")
ASKED = 30.0
"""Seconds of any shipped experiment."""

_FINISHED = "All fits are finished from an earlier run"


def seconds_of(experiment: Path, results: Path) -> float | None:
    """Time one launch; None where something had to be fitted."""
    command = [sys.executable, "-m", "pipelines.train", str(experiment), "--no-track"]
    started = time.perf_counter()
    told = subprocess.run(
        [*command, "--results", str(results)], check=True, capture_output=True, text=True
    )
    took = time.perf_counter() - started
    return took if _FINISHED in told.stdout + told.stderr else None


def main(
    results: Annotated[Path, typer.Argument(help="Parent of finished results folders")],
    rounds: Annotated[int, typer.Option(help="How often each is launched")] = 2,
) -> None:
    """Time every shipped experiment that has finished folds there."""
    found: dict[str, Any] = {"asked": ASKED, "rounds": rounds, "seconds": {}}
    for file in sorted(EXPERIMENTS.glob("*.toml")):
        if is_trial(file) or not (results / file.stem / "launch.json").is_file():
            continue
        # the first launch after other code fits what that code changed
        every = [seconds_of(file, results) for _ in range(rounds)]
        known = [s for s in every if s is not None]
        if known:
            found["seconds"][file.stem] = round(min(known), 1)
        typer.echo(f"{file.stem}: {every}")
    write_whole(OUT, json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    typer.run(main)
