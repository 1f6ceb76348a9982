"""A run on a Dask cluster: the same bytes, whatever becomes of its workers."""

import operator
import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from pipelines.fit.cluster import active, on_cluster
from pipelines.fit.launcher import launched
from pipelines.fit.processes import run_all
from pipelines.train.launch import run_experiment
from signature.exceptions import LauncherError
from tests.house.test_run import _bits, _write_experiment
from tests.made.checkout import REPO

distributed = pytest.importorskip("distributed")


def _slow_square(number, folder):
    """Square a number, and say which process is at it."""
    (folder / f"{number}.{os.getpid()}").touch()
    time.sleep(0.3)
    return number * number


def _length(numbers, at):
    """Take what all calls share."""
    time.sleep(0.02)
    return len(numbers) + at


@pytest.fixture
def scheduler(tmp_path):
    """A scheduler of its own process with one worker, as a computing centre has it."""
    environment = os.environ | {"PYTHONPATH": str(REPO), "OMP_NUM_THREADS": "1"}
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "env": environment}
    file = tmp_path / "scheduler.json"
    python = [sys.executable, "-m"]
    options = ["--scheduler-file", str(file), "--no-dashboard"]
    main = subprocess.Popen(
        [*python, "distributed.cli.dask_scheduler", *options, "--port", "0"], cwd=REPO, **quiet
    )
    worker = subprocess.Popen(
        [*python, "distributed.cli.dask_worker", *options, "--nthreads", "1", "--no-nanny"],
        cwd=REPO,
        **quiet,
    )
    until = time.monotonic() + 30
    while not file.is_file() and time.monotonic() < until:
        time.sleep(0.1)
    import json

    yield json.loads(file.read_text(encoding="utf-8"))["address"], main
    for process in (worker, main):
        process.kill()
        process.wait()


def test_the_same_bytes_as_one_process_though_a_worker_is_killed(tmp_path):
    here, there = tmp_path / "here", tmp_path / "there"
    file = _write_experiment(tmp_path)
    serial = run_experiment(file, here, jobs=1, track=False)
    with on_cluster("", 2):
        first = os.getpid()
        calls = [(_slow_square, (n, tmp_path)) for n in range(10)]
        squares = run_all(calls, jobs=2)
        found = [next(squares)]
        at_work = {int(f.suffix[1:]) for f in tmp_path.glob("[0-9].*")} - {first}
        os.kill(at_work.pop(), signal.SIGKILL)
        assert sorted([*found, *squares]) == [n * n for n in range(10)]
        cluster = run_experiment(file, there, jobs=2, track=False)
    assert _bits(cluster) == _bits(serial)


def test_results_come_in_the_order_that_is_asked_for():
    shared = list(range(1000))
    with on_cluster("", 2):
        calls = [(operator.getitem, (shared, n)) for n in range(20)]
        assert list(run_all(calls, jobs=2, ordered=True)) == list(range(20))
        with pytest.raises(IndexError):
            list(run_all([(operator.getitem, (shared, 1000))], jobs=2))


def test_a_lost_scheduler_is_said_in_one_line(scheduler, tmp_path):
    address, process = scheduler
    with pytest.raises(LauncherError, match="scheduler or its last worker was lost; what is"):
        _lose(address, process, tmp_path)


def _lose(address, process, folder):
    with on_cluster(address, 1):
        squares = run_all([(_slow_square, (n, folder)) for n in range(20)], jobs=1)
        assert next(squares) >= 0
        process.kill()
        list(squares)


def test_nobody_answers(monkeypatch):
    monkeypatch.setattr("pipelines.fit.cluster._WAIT", 2)
    monkeypatch.setattr("pipelines.fit.cluster._ANSWER", 2)
    with (
        pytest.raises(LauncherError, match=r"no Dask worker of tcp://127\.0\.0\.1:9 answers"),
        on_cluster("tcp://127.0.0.1:9", 1),
    ):
        pass


@pytest.mark.parametrize("address", ["foo", "tcp://", "http://x", "tls://127.0.0.1:9", "ucx://x:1"])
def test_an_address_of_any_kind_is_one_line(address):
    with pytest.raises(LauncherError, match="no Dask worker of"), on_cluster(address, 1):
        pass


@pytest.mark.slow
@pytest.mark.parametrize("seconds", [0.0, 0.1, 0.2, 0.4])
def test_a_worker_may_be_lost_while_data_travel_to_it(seconds):
    numbers = list(range(500_000))
    with on_cluster("", 2):
        # the one of two that is killed is started again
        worker = next(iter(active()._client.run(os.getpid).values()))
        threading.Timer(seconds, os.kill, (worker, signal.SIGKILL)).start()
        found = sorted(run_all([(_length, (numbers, at)) for at in range(40)], jobs=2))
    assert found == [len(numbers) + at for at in range(40)]


def test_a_scheduler_without_dask_is_a_mistake():
    with (
        pytest.raises(LauncherError, match="say --launcher dask, too"),
        launched("processes", "tcp://127.0.0.1:8786", 2),
    ):
        pass


def test_workers_are_jobs_of_slurm(tmp_path, monkeypatch):
    dask = pytest.importorskip("dask")
    for name, line in (
        # as Slurm does, it copies the script, which is gone when the command is
        ("sbatch", 'cp "$1" "$0.sh"; nohup sh "$0.sh" > /dev/null 2>&1 & echo $!'),
        ("scancel", "kill $1"),
    ):
        (tmp_path / name).write_text(f"#!/bin/sh\n{line}\n", encoding="utf-8")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    monkeypatch.setenv("PYTHONPATH", str(REPO), prepend=os.pathsep)
    with (
        dask.config.set({"jobqueue.slurm.cores": 1, "jobqueue.slurm.memory": "1GB"}),
        launched("dask", "slurm", 1) as workers,
    ):
        calls = [(os.getpid, ())] * 3
        pids = set(run_all(calls, jobs=workers))
    assert pids
    assert os.getpid() not in pids


def test_jobs_of_slurm_must_be_described():
    with (
        pytest.raises(LauncherError, match="put cores and memory, at least, under jobqueue: slurm"),
        launched("dask", "slurm", 1),
    ):
        pass
