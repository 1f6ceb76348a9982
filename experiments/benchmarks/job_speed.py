"""How long the main job takes, beside an older checkout, in turn on the same machine.

``python -m experiments.benchmarks.job_speed --before ../older`` runs the same commands in both
checkouts and writes wall and CPU seconds to ``job_speed.json`` beside it. Every command starts in
an empty results folder, but for the one that finds its folds finished: what it takes is evaluation,
explanation and report. Nothing else should run on the machine.
"""

from __future__ import annotations

import json
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from pipelines import CHECKOUT

OUT = Path(__file__).with_suffix(".json")
OPT, SIMULATED, TRIAL = "opt_preterm_birth", "simulated_signature", "trial_simulated_il2"
JOBS = {
    "null check": ("null_check", OPT),
    "trial": ("train", TRIAL),
    "demo, a signature": ("train", SIMULATED),
    "demo, a trial": ("train", OPT),
    "evaluation, explanation, report": ("train", OPT),
}
"""By name: the command and the experiment, in this order; the last finds its folds finished."""


def timed(checkout: Path, job: str, results: Path, runs: int) -> dict[str, Any]:
    """Run one command of a checkout and time it with its processes."""
    step, name = JOBS[job]
    command = [sys.executable, "-m", f"pipelines.{step}", f"experiments/{name}.toml"]
    command += ["--results", str(results), "--jobs", "2"]
    command += ["--runs", str(runs)] if step == "null_check" else ["--no-track"]
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(
        command,
        cwd=checkout,
        env=os.environ | {"PYTHONPATH": str(checkout)},
        check=True,
        capture_output=True,
        text=True,
    )
    wall, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    return {"wall": round(wall, 1), "cpu": round(cpu, 1), "announced": announced(done.stdout)}


def announced(said: str) -> float | None:
    """Return how many seconds a command said beforehand that it may take."""
    found = re.search(r"may take about (\d+) (second|minute)", said)
    if found is None:
        return None
    return float(found[1]) * (60 if found[2] == "minute" else 1)


def main(
    before: Annotated[Path, typer.Option(help="Another checkout, of an older commit.")],
    runs: Annotated[int, typer.Option(help="Shuffled runs of the null check.")] = 10,
) -> None:
    """Time every job in both checkouts, one after the other."""
    checkouts = {"before": before.resolve(), "after": CHECKOUT}
    found: dict[str, Any] = {
        "commits": {k: _commit(c) for k, c in checkouts.items()},
        "cores": os.cpu_count(),
        "shuffled_runs": runs,
        "jobs": {},
    }
    with tempfile.TemporaryDirectory() as folder:
        for job in JOBS:
            found["jobs"][job] = {
                which: timed(checkout, job, Path(folder) / which, runs)
                for which, checkout in checkouts.items()
            }
            typer.echo(f"{job}: {found['jobs'][job]}")
    OUT.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


def _commit(checkout: Path) -> str:
    command = ["git", "-C", str(checkout), "rev-parse", "--short", "HEAD"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


if __name__ == "__main__":
    typer.run(main)
