"""Where a command's calls go: the options that say so, and what they mean."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Literal

import typer

from pipelines.fit.cluster import on_cluster
from signature.exceptions import LauncherError

MOST_JOBS = 1024
"""Processes that may be asked for."""

Jobs = Annotated[int, typer.Option(min=0, max=MOST_JOBS, help="Processes; 0 means one per core.")]
Launcher = Annotated[
    Literal["processes", "dask"],
    typer.Option(help="Whose workers fit: processes of this machine, or of Dask."),
]
Scheduler = Annotated[
    str,
    typer.Option(help="Of Dask: an address, or slurm; a cluster of this machine if left out."),
]


@contextmanager
def launched(launcher: Literal["processes", "dask"], scheduler: str, jobs: int) -> Iterator[int]:
    """Send calls where the options of a command say, and yield how many processes are asked for.

    Raises
    ------
    LauncherError
        When a scheduler is named that nobody will ask, or as of `pipelines.fit.cluster.on_cluster`.
    """
    workers = jobs or os.cpu_count() or 1
    if launcher == "dask":
        with on_cluster(scheduler, workers):
            yield workers
        return
    if scheduler:
        raise LauncherError("--scheduler is of Dask; say --launcher dask, too")
    yield workers
