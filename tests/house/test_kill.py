"""A training that is killed at any moment goes on to the same bytes, and leaves nothing behind."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipelines.fit.results_folder import Results
from pipelines.fit.sealed import SEAL
from pipelines.train.launch import run_experiment
from signature.exceptions import ResultsError
from tests.made.checkout import REPO
from tests.made.quick_run import BITS, bits, write_quickest

pytest_plugins = ["tests.made.finished_runs"]


def _killed(file: Path, results: Path, after: float) -> bool:
    """Train in a process of its own, and kill it so many seconds after its first fold began."""
    command = [sys.executable, "-m", "pipelines.train", str(file), "--no-track", "--jobs", "1"]
    running = subprocess.Popen(
        [*command, "--results", str(results)], cwd=REPO, stdout=subprocess.DEVNULL
    )
    hangs = time.monotonic() + 300
    while not (results / "quickest").exists() and running.poll() is None:
        assert time.monotonic() < hangs
        time.sleep(0.005)
    time.sleep(after)
    killed = running.poll() is None
    os.kill(running.pid, signal.SIGKILL)
    running.wait()
    return killed


def _nothing_is_half_written(folder: Path) -> None:
    """Whatever has its name is whole, whenever the process was killed."""
    for file in folder.rglob("*"):
        if any(part.startswith(".") for part in file.relative_to(folder).parts):
            continue  # aside, and not read by anybody
        if file.suffix == ".json":
            json.loads(file.read_bytes())
        elif file.suffix == ".parquet":
            pd.read_parquet(file)
        elif file.suffix == ".npy":
            np.load(file)
        elif file.suffix in (".html", ".svg"):
            assert file.read_text(encoding="utf-8").rstrip().endswith(("</html>", "</svg>"))
    assert all((fold / SEAL).is_file() for fold in folder.glob("folds/*/*/[!.]*"))
    if (folder / "launch.json").exists():
        assert all((folder / name).is_file() for name in BITS)
    else:
        with pytest.raises(ResultsError, match=r"\.json is missing"):
            _ = Results(folder).evaluation


def _kill_and_resume(quickest, tmp_path, after):
    file = write_quickest(tmp_path)
    for _ in range(2):  # a resumed run may be killed, too
        _killed(file, tmp_path, after)
        if (tmp_path / "quickest").exists():
            _nothing_is_half_written(tmp_path / "quickest")
    folder = run_experiment(file, tmp_path, jobs=1, track=False)
    assert bits(folder) == bits(quickest)
    left = {p.name for p in folder.rglob("*") if p.is_file()}
    assert left == {p.name for p in quickest.rglob("*") if p.is_file()}


@pytest.mark.parametrize("after", [0.3, 1.0])
def test_a_killed_training_goes_on_to_the_same_bytes(quickest, tmp_path, one_section, after):
    _kill_and_resume(quickest, tmp_path, after)


@pytest.mark.slow
@pytest.mark.parametrize("moment", range(50))
def test_a_training_that_is_killed_at_any_of_many_moments(quickest, tmp_path, one_section, moment):
    _kill_and_resume(quickest, tmp_path, 0.08 * moment)
