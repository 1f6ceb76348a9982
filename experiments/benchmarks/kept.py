"""Where a benchmark keeps what is finished, and of which code it is."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from textwrap import dedent
from types import ModuleType
from typing import Any

from pipelines.fit.digest import code_digest, without_words


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
