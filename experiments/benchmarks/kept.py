"""Where a benchmark keeps what is finished, and of which code it is."""

from __future__ import annotations

import ast
import inspect
import json
from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from textwrap import dedent
from types import ModuleType
from typing import Any

from pipelines.fit.digest import code_digest, without_words
from pipelines.fit.processes import Call, run_all
from pipelines.fit.progress import progress
from pipelines.fit.sealed import (
    DamagedError,
    append_sealed,
    read_sealed,
    read_sealed_lines,
    say_damaged,
    write_sealed,
)


def selection_code() -> str:
    """Digest of the code that selects: numbers of another digest are of other code."""
    return code_digest("signature.select.stable_signature")[:12]


def code_of(*parts: ModuleType | Callable[..., Any]) -> str:
    """Digest of what modules and functions do: neither docstrings nor comments change it.

    For files that hold more than what is measured.
    """
    digests = [sha256(_bare(inspect.getsource(part)).encode()).digest() for part in parts]
    return sha256(b"".join(digests)).hexdigest()[:12]


def _bare(source: str) -> str:
    return ast.dump(without_words(dedent(source)))


def kept(benchmark: str, code: str | None = None) -> Path:
    """Return the folder of finished parts, made where it is not there; other code has another.

    Parameters
    ----------
    benchmark : str
    code : str, optional
        Digest; that of the code that selects when left out.
    """
    folder = Path("results") / benchmark / (code or selection_code())
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def counted(
    benchmark: str,
    one: Callable[[str, int], Mapping[str, float]],
    names: Sequence[str],
    studies: int,
    *,
    jobs: int,
    at_once: int,
    code: str | None = None,
) -> dict[str, dict[str, float]]:
    """Add up what was counted in the studies of each design, and count in those not looked at yet.

    Parameters
    ----------
    benchmark : str
    one : callable
        A function of a module, from a design's name and a study's number to its counts.
    names : sequence of str
    studies : int
        Of each design.
    jobs : int
    at_once : int
        Studies that are kept together.
    code : str, optional
        As of `kept`.
    """
    calls: list[Call[tuple[str, dict[str, float]]]] = [
        # all designs in turn, so that a run that is cut short has some of each
        (_counted_part, (kept(benchmark, code), one, name, first, min(first + at_once, studies)))
        for first in range(0, studies, at_once)
        for name in names
    ]
    sums: dict[str, dict[str, float]] = {name: {} for name in names}
    with progress("parts", len(calls)) as done:
        for name, counts in run_all(calls, jobs=jobs):
            _add(sums[name], counts)
            done()
    return sums


def _counted_part(
    folder: Path, one: Callable[[str, int], Mapping[str, float]], name: str, first: int, after: int
) -> tuple[str, dict[str, float]]:
    from threadpoolctl import threadpool_limits

    file = folder / f"{name}-{first}-{after}.sealed"
    counts: dict[str, float] = part_of(file) or {}
    if not counts:
        with threadpool_limits(1):
            for number in range(first, after):
                _add(counts, one(name, number))
        keep_part(file, counts)
    return name, counts


def _add(sums: dict[str, float], counts: Mapping[str, float]) -> None:
    for key, count in counts.items():
        sums[key] = sums.get(key, 0) + count


def lines_of(file: Path) -> list[dict[str, Any]]:
    """Read the finished simulations of a file, up to the first that is damaged."""
    return [json.loads(line) for line in read_sealed_lines(file, _what(file))]


def add_line(file: Path, found: Mapping[str, Any], number: int) -> None:
    """Keep one simulation; `number` come before it."""
    append_sealed(file, json.dumps(found), _what(file), number)


def part_of(file: Path) -> dict[str, Any] | None:
    """Read a finished part, None where there is none; of a damaged one, that is said."""
    try:
        content: dict[str, Any] = json.loads(read_sealed(file, _what(file)))
    except DamagedError:
        say_damaged([file] if file.exists() else [])
        return None
    return content


def keep_part(file: Path, found: Mapping[str, Any]) -> None:
    """Keep a finished part."""
    write_sealed(file, json.dumps(found).encode(), _what(file))


def _what(file: Path) -> str:
    return f"{file.parent.name} {file.name}"
