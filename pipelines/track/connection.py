"""Reach the tracking store: quiet, without telemetry, and never waiting for long.

A store that does not answer is known within ten seconds; MLflow's own defaults try for minutes. Who
sets MLflow's variables knows better, and is obeyed.
"""

from __future__ import annotations

import logging
import os
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from tempfile import gettempdir
from typing import IO, Any, TypeVar
from urllib.parse import urlsplit

from pipelines import CHECKOUT
from signature.exceptions import TrackingError

Answer = TypeVar("Answer")

DEFAULTS = {
    # local files are there at once
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    # a command says itself where a run is
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    # MLflow would try eight times for two minutes; it asks once more by itself to mark a model as
    # failed, and what could not be sent is sent later
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "4",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0",
    # a server may ask for an hour
    "MLFLOW_HTTP_RESPECT_RETRY_AFTER_HEADER": "false",
}
"""Of MLflow's variables, unless they are set."""

ARTIFACTS = "SIGNATURE_ARTIFACTS"
"""Variable that names the place of artifacts, where the store is a database and holds none."""

_CHATTY = (
    "alembic",
    "mlflow.pyfunc",
    "mlflow.store.db.utils",
    "mlflow.store.model_registry.abstract_store",
    "urllib3.connectionpool",
)


def before_import() -> None:
    """Set what MLflow reads when it is imported: no telemetry, and short waits."""
    # it does not understand DO_NOT_TRACK=1
    os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
    os.environ["DO_NOT_TRACK"] = "true"
    for name, value in DEFAULTS.items():
        os.environ.setdefault(name, value)


def after_import(mlflow: Any) -> None:
    """Quieten MLflow, and point it at its store.

    Raises
    ------
    TrackingError
        When the store is a PostgreSQL database and no driver of one is installed.
    """
    # migrations of a fresh store, and attempts at a dead one: a command says itself what is wrong
    for name in _CHATTY:
        logging.getLogger(name).setLevel(logging.ERROR)
    if not mlflow.is_tracking_uri_set():
        mlflow.set_tracking_uri(f"sqlite:///{CHECKOUT / 'mlflow.db'}")
    elif (told := mlflow.get_tracking_uri()) != (usable := usable_uri(told)):
        mlflow.set_tracking_uri(usable)


def usable_uri(uri: str) -> str:
    """Return the address of a store as SQLAlchemy and the installed drivers understand it.

    ``postgres://`` and ``postgresql://`` mean the same, and name no driver; psycopg 3 is taken if
    it is installed, else psycopg 2. Other addresses stay.

    Raises
    ------
    TrackingError
        When it is PostgreSQL's and the driver is missing.
    """
    scheme, mark, rest = uri.partition("://")
    kind, _, driver = scheme.partition("+")
    if not mark or kind not in ("postgres", "postgresql"):
        return uri
    modules = {"psycopg": "psycopg", "psycopg2": "psycopg2", "": ""}
    if driver not in modules:
        return uri
    there = [name for name in ("psycopg", "psycopg2") if find_spec(name) is not None]
    if not there or (driver and driver not in there):
        raise TrackingError(
            f"a tracking store in PostgreSQL needs the driver {driver or 'psycopg'}: "
            "pip install 'immune-signature[postgres]'"
        )
    if "connect_timeout" not in rest:
        rest += ("&" if "?" in rest else "?") + "connect_timeout=4"
    return f"postgresql+{driver or there[0]}://{rest}"


def is_database(uri: str) -> bool:
    """Whether a store is a database that this process opens itself; it then holds no artifacts."""
    return uri.partition("://")[0].partition("+")[0] in ("sqlite", "postgresql", "mysql", "mssql")


def artifact_place(uri: str) -> str | None:
    """Return where artifacts of a new experiment go, None where the store decides that.

    Beside an SQLite file; for another database ``mlartifacts/`` in the checkout, which
    ``SIGNATURE_ARTIFACTS`` moves, as a folder or as an address that MLflow understands. MLflow's
    own choice is the folder that one happens to be in.
    """
    if not is_database(uri):
        return None
    told = os.environ.get(ARTIFACTS)
    if told:
        return told if "://" in told else Path(told).resolve().as_uri()
    file = sqlite_file(uri)
    return ((file.parent if file else CHECKOUT) / "mlartifacts").as_uri()


def sqlite_file(uri: str) -> Path | None:
    """Return the file of an SQLite store, None for another store or one in memory."""
    name = uri.removeprefix("sqlite:///").partition("?")[0]
    if not uri.startswith("sqlite:///") or name in ("", ":memory:"):
        return None
    return Path(name).resolve()


def lock_place(uri: str) -> Path | None:
    """Return what processes on this machine take turns at; None where the store sees to that.

    The tables of a fresh database are made by whoever comes first.
    """
    if not is_database(uri):
        return None
    return sqlite_file(uri) or Path(gettempdir()) / f"signature-{sha256(uri.encode()).hexdigest()}"


@contextmanager
def one_at_a_time(place: Path) -> Iterator[None]:
    """Let other processes on this machine wait until the body is done.

    Two that make the tables of a fresh SQLite file at once would both fail. A process that dies
    gives its lock back.

    Parameters
    ----------
    place : Path
        The file or folder that is worked on; the lock lies beside it, or, where nothing may be
        written there, among temporary files.
    """
    with _opened_lock(place) as lock:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(lock.fileno(), msvcrt.LK_LOCK, 1)
        else:
            import fcntl

            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def twice(ask: Callable[[], Answer]) -> Answer:
    """Ask, and if that fails ask again: a connection that idled through the fits may be gone."""
    try:
        return ask()
    except Exception:
        return ask()


@contextmanager
def quickly() -> Iterator[None]:
    """Ask once, and wait for a second: what may fail while something else has failed already."""
    names = ("MLFLOW_HTTP_REQUEST_TIMEOUT", "MLFLOW_HTTP_REQUEST_MAX_RETRIES")
    before = {name: os.environ.get(name) for name in names}
    os.environ.update(zip(names, ("1", "0"), strict=True))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def shown(uri: str) -> str:
    """Return an address without user, password and options, for messages."""
    parts = urlsplit(uri)
    if not parts.hostname:
        return uri.partition("?")[0]
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.scheme}://{parts.hostname}{port}{parts.path}"


def why(error: BaseException) -> str:
    """Say in a few words what a store answered, without the passwords that addresses hold."""
    text = re.sub(r"//[^/@\s]*@", "//", " ".join(str(error).split()))
    return f"{type(error).__name__}: {text[:200]}" if text else type(error).__name__


def _opened_lock(place: Path) -> IO[str]:
    beside = place.with_name(f".{place.name}.lock")
    try:
        beside.parent.mkdir(parents=True, exist_ok=True)
        return beside.open("a")
    except OSError:
        name = re.sub(r"\W", "_", str(place.resolve()))[-200:]
        return (Path(gettempdir()) / f"signature{name}.lock").open("a")
