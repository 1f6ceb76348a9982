"""What is costly to make and only read is made once for all workers of a session."""

import fcntl
import os
from collections.abc import Callable
from pathlib import Path

import pytest


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object]) -> Path:
    """Return a folder that `make` filled, whichever worker came first; the others wait for it.

    Nobody may write into it: copy what a test changes.
    """
    session = factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        session = session.parent
    folder, done = session / "once" / name, session / "once" / f"{name}.done"
    folder.parent.mkdir(exist_ok=True)
    # the system takes a lock back from a worker that dies
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            folder.mkdir(exist_ok=True)
            make(folder)
            done.touch()
    return folder
