"""Ctrl-C ends a run in one line that says how to go on, and leaves no process behind."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pipelines.cli import INTERRUPTED
from tests.made.checkout import EXPERIMENTS, REPO

LINE = "stopped; what is finished is kept, and the same command goes on from there\n"


@pytest.mark.parametrize(("launcher", "jobs"), [("processes", 1), ("processes", 2), ("dask", 2)])
def test_one_line_and_nobody_left(tmp_path, launcher, jobs):
    if launcher == "dask":
        pytest.importorskip("distributed")
    command = [sys.executable, "-m", "pipelines.train", str(EXPERIMENTS / "opt_preterm_birth.toml")]
    command += ["--results", str(tmp_path), "--jobs", str(jobs), "--no-track"]
    command += ["--launcher", launcher]
    with subprocess.Popen(
        command,
        cwd=REPO,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        # a shell makes what it starts in the background deaf to Ctrl-C
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    ) as run:
        assert run.stdout is not None
        for line in run.stdout:
            if line.startswith("On ") or " fits: " in line or "finished already" in line:
                break
        time.sleep(1.5)
        os.killpg(run.pid, signal.SIGINT)
        _, said = run.communicate(timeout=60)
    assert (run.returncode, said) == (INTERRUPTED, LINE)
    # what tidies up after the others ends last
    until = time.monotonic() + 10
    while _members_of(run.pid) and time.monotonic() < until:
        time.sleep(0.1)
    assert not _members_of(run.pid)


def _members_of(session: int) -> list[int]:
    """Processes of a session that still run."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = entry.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if fields[0] != "Z" and int(fields[3]) == session:
            found.append(int(entry.parent.name))
    return found
