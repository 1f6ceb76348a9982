"""Which process a run is of, and runs whose process is gone."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any

HOST, PROCESS = "host", "process"
"""Tags of a run that is worked on."""


def own_tags() -> dict[str, str]:
    """Return what says that a run is of this process."""
    return {HOST: socket.gethostname(), PROCESS: _identity(os.getpid()) or str(os.getpid())}


def is_gone(tags: Mapping[str, str]) -> bool:
    """Whether a run was of a process of this machine that is there no longer.

    Of other machines, of other containers, and where the system does not tell, nothing is known.
    """
    told = tags.get(PROCESS, "").split()
    if tags.get(HOST) != socket.gethostname() or not told or not told[0].isdecimal():
        return False
    pid = int(told[0])
    now = _identity(pid)
    if len(told) == 1 or _identity(os.getpid()) is None:
        return not _runs(pid)
    # another boot or another namespace of processes: the first means gone, the second nothing
    boot, space = told[2], told[3]
    own = _identity(os.getpid())
    assert own is not None
    if boot != own.split()[2]:
        return True
    return space == own.split()[3] and now != tags[PROCESS]


def close_dead_runs(client: Any, experiments: list[str]) -> list[str]:
    """Close as KILLED the runs of launches whose process is gone, and return their ids.

    Parameters
    ----------
    client : MlflowClient
    experiments : list of str
        Ids of the experiments to look through.
    """
    closed, page = [], None
    asked = f"attributes.status = 'RUNNING' and tags.{HOST} = '{socket.gethostname()}'"
    while experiments:
        runs = client.search_runs(experiments, asked, max_results=200, page_token=page)
        for run in runs:
            if is_gone(run.data.tags):
                client.set_terminated(run.info.run_id, "KILLED")
                closed.append(run.info.run_id)
        page = runs.token
        if not page:
            break
    return closed


def _identity(pid: int) -> str | None:
    """Return what tells a process from a later one of the same number; None if it is not there.

    Four words: number, time of start, boot and namespace.
    """
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="utf-8").strip()
        space = Path("/proc/self/ns/pid").readlink().name.replace(":", "")
    except OSError:
        return None
    # the name of the program, in brackets, may hold blanks; a zombie runs no longer
    fields = stat.rpartition(")")[2].split()
    return None if fields[0] in "ZX" else f"{pid} {fields[19]} {boot} {space}"


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
