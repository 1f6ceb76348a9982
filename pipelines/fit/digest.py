"""What software a result depends on: the files that its entry points import, and libraries.

No list of files is kept by hand. Imports are read as they are written, wherever in a file
they stand. Not followed is what nothing runs, an import under ``TYPE_CHECKING``; and what is loaded
by name, a candidate, which is an entry point of its own. Packages on the way to a module count with
it, as they are run before it.

A file counts by its syntax tree without docstrings: comments and layout change nothing. It counts
under its module's name, so that code which moves is other code: a fitted procedure is kept with the
names of the modules that its steps live in, and cannot be read where they are gone.

Data files do not count. What they say reaches a fit as columns, values and handling of a cohort,
and these have a digest of their own; modules that read data files (``signature.study.markers``,
``signature.panels``, data sets) are in no closure.
"""

from __future__ import annotations

import ast
import hashlib
import platform
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from importlib.util import resolve_name
from pathlib import Path

from pipelines import CHECKOUT
from signature.exceptions import ResultsError

_LIBRARIES = ("numpy", "pandas", "scipy", "scikit-learn", "optuna", "numba")
"""Whose versions may move a fitted number, beside xgboost's."""


def code_digest(*entries: str) -> str:
    """SHA-256 over the code of modules and of all that they import in the checkout.

    A file that was not written to since it was last read is not read again: the first digest takes
    a fraction of a second, the next ones milliseconds.

    Parameters
    ----------
    *entries : str
        Names of modules.

    Raises
    ------
    ResultsError
        When there is no such module.
    """
    found = closure(*entries)
    h = hashlib.sha256()
    for name in sorted(found):
        h.update(f"{name} {found[name]}\n".encode())
    return h.hexdigest()


def library_digest() -> str:
    """SHA-256 over the versions of Python and libraries by which fitted numbers may differ."""
    versions = [f"{name} {version(name)}" for name in _LIBRARIES]
    versions += [f"xgboost {xgboost_version()}", sys.version, platform.machine()]
    return hashlib.sha256("\n".join(versions).encode()).hexdigest()


def xgboost_version() -> str:
    """Version of whichever distribution provides ``import xgboost``."""
    return version("xgboost" if sys.platform == "darwin" else "xgboost-cpu")


def closure(*entries: str) -> dict[str, str]:
    """Return the digest of each module that is run when others are, by its name.

    Parameters and errors are those of `code_digest`.
    """
    found: dict[str, str] = {}
    listed = cache(_names_in)
    todo, seen = {part for name in entries for part in _with_packages(name)}, set[str]()
    while todo:
        name = todo.pop()
        seen.add(name)
        file = _file_of(name, listed)
        if file is not None:
            written = file.stat()
            code = _read(file, name, written.st_mtime_ns, written.st_size)
            found[name] = code.digest
            todo |= code.imports - seen
    lost = sorted(set(entries) - set(found))
    if lost:
        raise ResultsError(
            f"no module {', '.join(lost)} in {CHECKOUT}, whose code a result is kept under; "
            "put the file back, or start again"
        )
    return found


def without_words(source: str | bytes) -> ast.Module:
    """Syntax tree of what a file does: no docstrings, nothing under ``TYPE_CHECKING``."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            node.body = list(_done(node.body))
    return tree


def _done(body: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    for statement in body:
        match statement:
            case ast.Expr(ast.Constant()):
                pass
            case ast.If(ast.Name("TYPE_CHECKING") | ast.Attribute(attr="TYPE_CHECKING")):
                yield from _done(statement.orelse)
            case _:
                yield statement


@dataclass(frozen=True)
class _Code:
    """A file's digest, and the names, of modules or of what is in them, that it imports."""

    digest: str
    imports: frozenset[str]


@cache
def _read(file: Path, name: str, _mtime_ns: int, _size: int) -> _Code:
    source = file.read_bytes()
    try:
        tree = without_words(source)
    except SyntaxError:
        # somebody is at it; what matters is that it is not what was run
        return _Code(hashlib.sha256(source).hexdigest(), frozenset())
    package = name if file.name == "__init__.py" else name.rpartition(".")[0]
    return _Code(
        hashlib.sha256(ast.dump(tree).encode()).hexdigest(),
        frozenset(part for found in _imported(tree, package) for part in _with_packages(found)),
    )


def _imported(tree: ast.AST, package: str) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            source = resolve_name("." * node.level + (node.module or ""), package)
            # each may be a module or something in one
            yield from (f"{source}.{alias.name}" for alias in node.names)


def _with_packages(name: str) -> Iterator[str]:
    """Yield ``a``, ``a.b`` and ``a.b.c`` of ``a.b.c``."""
    parts = name.split(".")
    yield from (".".join(parts[: n + 1]) for n in range(len(parts)))


def _file_of(name: str, listed: Callable[[str], frozenset[str]]) -> Path | None:
    """Where the checkout has the module; None for other libraries and for what is no module."""
    package, _, last = name.rpartition(".")
    if last in listed(package) and "__init__.py" in listed(name):
        return _place(name) / "__init__.py"
    return _place(package) / f"{last}.py" if f"{last}.py" in listed(package) else None


def _names_in(package: str) -> frozenset[str]:
    folder = _place(package)
    return frozenset(p.name for p in folder.iterdir()) if folder.is_dir() else frozenset()


def _place(package: str) -> Path:
    return CHECKOUT.joinpath(*package.split("."))
