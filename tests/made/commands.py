"""A command called as a shell would, without the process: that costs seconds of imports."""

import sys
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from pipelines import cli


@pytest.fixture
def called(monkeypatch, capsys) -> Callable[..., SimpleNamespace]:
    """Return a function that calls a command's function with the words of a command line.

    It returns what `subprocess.run` would: ``returncode``, ``stdout`` and ``stderr``.
    """

    def call(function: Callable[..., None], *words: Any) -> SimpleNamespace:
        monkeypatch.setattr(sys, "argv", [function.__name__, *map(str, words)])
        with pytest.raises(SystemExit) as left:
            cli.main(function)
        out, err = capsys.readouterr()
        return SimpleNamespace(returncode=left.value.code or 0, stdout=out, stderr=err)

    return call
