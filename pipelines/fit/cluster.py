"""Calls on the workers of a Dask cluster: of this machine, of a running scheduler, or of Slurm.

Workers share the results folder with the machine that launches, by their file system: what is
finished is kept there, so that a lost worker costs the call it was at, and a lost scheduler the
same command again.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

from pipelines import GO_ON
from pipelines.fit.ctrl_c import deaf_to_ctrl_c
from pipelines.fit.digest import code_digest
from signature.exceptions import LauncherError, MissingExtraError, SignatureError

SLURM = "slurm"
"""In place of a scheduler's address: workers are jobs of Slurm."""

ENTRY_POINTS = ("pipelines.fit.fitting", "pipelines.null_check.runs", "pipelines.trials.rearranged")
"""What workers are asked to run: their code must be that of the machine that launches."""

_ATTEMPTS = 5
"""How often calls are handed out again after the workers that held their data were lost."""

_ANSWER = 30
"""Seconds in which a scheduler must answer."""

_WAIT = 120
"""Seconds in which a first worker must be there."""


class Cluster:
    """A cluster that is connected, and what is called on it.

    Parameters
    ----------
    client : distributed.Client
    """

    def __init__(self, client: Any) -> None:
        self._client = client

    def run(self, calls: Sequence[tuple[Any, tuple[Any, ...]]], *, ordered: bool) -> Iterator[Any]:
        """Make every call on some worker and yield what it returns.

        An argument that several calls share travels once to each worker.

        Raises
        ------
        LauncherError
            When the scheduler is lost, or workers are lost again and again.
        """
        waiting, found, next_one = dict(enumerate(calls)), {}, 0
        for _ in range(_ATTEMPTS):
            for at, result in self._some(waiting):
                del waiting[at]
                if not ordered:
                    yield result
                    continue
                found[at] = result
                while next_one in found:
                    yield found.pop(next_one)
                    next_one += 1
            if not waiting:
                return
        raise LauncherError(
            f"workers were lost {_ATTEMPTS} times over; {GO_ON} when there are others"
        )

    def _some(self, waiting: dict[int, tuple[Any, tuple[Any, ...]]]) -> Iterator[tuple[int, Any]]:
        """Yield results until all are there, or data or workers are lost."""
        from distributed import CancelledError, KilledWorker, as_completed
        from distributed.comm.core import CommClosedError

        shared = self._shared(waiting.values())
        futures = {
            self._client.submit(
                function, *(shared.get(id(a), a) for a in arguments), pure=False
            ): at
            for at, (function, arguments) in waiting.items()
        }
        for future in as_completed(list(futures)):
            at = futures.pop(future)
            try:
                result = future.result()
            except (CancelledError, KilledWorker, CommClosedError):
                continue
            yield at, result
        self._wait_for_others()

    def _wait_for_others(self) -> None:
        """Wait until lost workers were started again, where somebody does that."""
        with suppress(TimeoutError, OSError, ValueError):
            if self._client.status == "running":
                self._client.wait_for_workers(1, timeout=_ANSWER)
        if self._client.status != "running" or not self._workers():
            raise LauncherError(f"the scheduler or its last worker was lost; {GO_ON}")

    def _shared(self, calls: Any) -> dict[int, Any]:
        """Hand out the arguments that several calls share, by their id.

        They are tasks themselves, which the scheduler gives to another worker when theirs is lost;
        data that were scattered would be lost with it, or waited for without end.
        """
        import dask

        times = Counter(id(a) for _, arguments in calls for a in arguments)
        once = {id(a): a for _, arguments in calls for a in arguments if times[id(a)] > 1}
        with dask.config.set({"distributed.admin.large-graph-warning-threshold": "10 GB"}):
            return {
                k: self._client.submit(_itself, a, pure=False)
                for k, a in once.items()
                if not isinstance(a, int | float | str | bool)
            }

    def _workers(self) -> int:
        try:
            return len(self._client.scheduler_info()["workers"])
        except (KeyError, OSError):
            return 0


def _itself(argument: Any) -> Any:
    return argument


_active: Cluster | None = None


def active() -> Cluster | None:
    """Return the cluster that calls go to now, None for this machine's processes."""
    return _active


@contextmanager
def on_cluster(scheduler: str, jobs: int) -> Iterator[None]:
    """Send what `pipelines.fit.processes.run_all` is given to a cluster.

    Parameters
    ----------
    scheduler : str
        Address of a running scheduler, ``slurm``, or nothing for a cluster of this machine.
    jobs : int
        Workers to start, each of one thread; a running scheduler has its own.

    Raises
    ------
    LauncherError
        When nobody answers, or workers have other code.
    MissingExtraError
        Where Dask is not installed.
    """
    global _active
    try:
        import distributed
    except ModuleNotFoundError:
        raise MissingExtraError(
            "the Dask launcher needs distributed, which is not installed; install "
            "immune-signature[distributed]"
        ) from None
    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    with _started(distributed, scheduler, jobs) as client:
        _check_code(client)
        _active = Cluster(client)
        try:
            yield
        finally:
            _active = None


@contextmanager
def _started(distributed: Any, scheduler: str, jobs: int) -> Iterator[Any]:
    with ExitStack() as opened:
        try:
            cluster = _own_cluster(distributed, scheduler, jobs)
            if cluster is not None:
                opened.callback(cluster.close, timeout=5)
            client = distributed.Client(cluster or scheduler, timeout=_ANSWER)
            opened.callback(client.close, timeout=5)
            client.wait_for_workers(1, timeout=_WAIT)
        except SignatureError:
            raise
        except Exception as error:
            # each protocol of an address has its own kind of error
            where = scheduler or "this machine"
            raise LauncherError(
                f"no Dask worker of {where} answers ({type(error).__name__}); see whether the "
                "scheduler runs and has workers"
            ) from None
        yield client


def _own_cluster(distributed: Any, scheduler: str, jobs: int) -> Any:
    """Start a cluster, unless a scheduler's address is given."""
    if scheduler == SLURM:
        return _slurm(jobs)
    if scheduler:
        return None
    with deaf_to_ctrl_c():
        return distributed.LocalCluster(
            n_workers=jobs,
            threads_per_worker=1,
            dashboard_address=":0",
            silence_logs=logging.CRITICAL,
        )


def _slurm(jobs: int) -> Any:
    try:
        from dask_jobqueue import SLURMCluster
    except ModuleNotFoundError:
        raise MissingExtraError(
            "workers of Slurm need dask-jobqueue, which is not installed; install "
            "immune-signature[distributed]"
        ) from None
    import dask

    told = dask.config.get("jobqueue.slurm", {})
    if not (told.get("cores") and told.get("memory")):
        raise LauncherError(
            "a job of Slurm is described in Dask's configuration; put cores and memory, at least, "
            "under jobqueue: slurm: there"
        )
    cluster = SLURMCluster()
    cluster.scale(jobs=jobs)
    return cluster


def _check_code(client: Any) -> None:
    own = code_digest(*ENTRY_POINTS)
    try:
        others = client.run(code_digest, *ENTRY_POINTS)
    except ModuleNotFoundError:
        others = {"": ""}
    wrong = sum(digest != own for digest in others.values())
    if wrong:
        raise LauncherError(
            f"{wrong} of {len(others)} Dask workers have other code than this checkout, or none; "
            "start them in the same checkout"
        )
