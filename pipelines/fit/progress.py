"""Progress of a run: a bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

QUIET_SECONDS = 15
"""Fewest seconds between two plain lines."""


@contextmanager
def progress(what: str, total: int) -> Iterator[Callable[[], None]]:
    """Count to `total`; call what it yields after each step."""
    if total == 0:
        print(f"All {what} are finished from an earlier run.", flush=True)
        yield lambda: None
    elif sys.stdout.isatty():
        yield from _bar(what, total)
    else:
        yield from _lines(what, total)


def _bar(what: str, total: int) -> Iterator[Callable[[], None]]:
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    with Progress(*columns) as bar:
        task = bar.add_task(what, total=total)
        yield lambda: bar.advance(task)


def _lines(what: str, total: int) -> Iterator[Callable[[], None]]:
    begun = last = time.monotonic()
    count = 0

    def step() -> None:
        nonlocal count, last
        count += 1
        now = time.monotonic()
        if count == total or now - last >= QUIET_SECONDS:
            last = now
            print(f"{count} of {total} {what} after {now - begun:.0f} s", flush=True)

    yield step
