"""Many independent calls: in this process, on several, or on a cluster's workers."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

from pipelines import GO_ON
from pipelines.fit.cluster import active
from pipelines.fit.ctrl_c import deaf_to_ctrl_c
from signature.exceptions import LauncherError

_Found = TypeVar("_Found")

Call = tuple[Callable[..., _Found], tuple[Any, ...]]
"""A function that can be pickled, and its arguments."""


def run_all(calls: Sequence[Call[_Found]], *, jobs: int, ordered: bool = False) -> Iterator[_Found]:
    """Make every call, and yield what it returns as soon as that is there.

    Parameters
    ----------
    calls : sequence of (function, arguments)
        Independent of each other.
    jobs : int
        Number of processes; 1 is this one. Inside `pipelines.fit.cluster.on_cluster` calls go to
        its workers instead.
    ordered : bool
        Whether results come in the order of the calls.

    Raises
    ------
    LauncherError
        When the system ended a process, or a cluster is lost.
    """
    cluster = active()
    if cluster is not None:
        yield from cluster.run(calls, ordered=ordered)
        return
    if jobs == 1 or len(calls) < 2:
        for function, arguments in calls:
            yield function(*arguments)
        return
    from joblib import Parallel, delayed
    from joblib.externals.loky.process_executor import TerminatedWorkerError

    how = "generator" if ordered else "generator_unordered"
    with deaf_to_ctrl_c():
        found = Parallel(n_jobs=jobs, return_as=how)(delayed(f)(*a) for f, a in calls)
    try:
        yield from found
    except TerminatedWorkerError:
        raise LauncherError(
            f"the system ended one of {jobs} processes, often for want of memory; {GO_ON}, with "
            "fewer --jobs if memory is short"
        ) from None
    except (KeyboardInterrupt, GeneratorExit):
        # nobody waits for the others any more
        stop_workers()
        raise


def stop_workers() -> None:
    """End the processes that `run_all` started, whatever they are at."""
    if "joblib.externals.loky" in sys.modules:
        from joblib.externals.loky import reusable_executor

        executor = reusable_executor._executor
        if executor is not None:
            executor.shutdown(wait=True, kill_workers=True)
