"""The wheel that travels inside a registered model, so that nobody installs another's package."""

from __future__ import annotations

import logging
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from pipelines import CHECKOUT
from signature.serve.persistence import load_model, seal_model

EXTRA = "serve"
"""Of the package: what a machine needs besides that answers requests."""

_SOURCES = ("pyproject.toml", "README.md", "LICENSE", "signature")
_BUILD = """
import importlib, sys
module, _, inner = sys.argv[1].partition(":")
backend = importlib.import_module(module)
for name in filter(None, inner.split(".")):
    backend = getattr(backend, name)
backend.build_wheel(sys.argv[2])
"""
_EPOCH = "315532800"
"""1980, when zip files begin: the same checkout gives the same wheel."""

_log = logging.getLogger(__name__)


@contextmanager
def model_with_wheel(model_folder: Path) -> Iterator[tuple[Path, list[str]]]:
    """Copy a model folder, put the wheel of the checkout into it and seal it again.

    Parameters
    ----------
    model_folder : Path
        As `signature.serve.persistence.save_model` wrote it.

    Yields
    ------
    folder : Path
        Named ``model``, for as long as the context is open.
    requirements : list of str
        For MLflow, which installs them from within the folder of its model: the wheel's place
        there, and what the extra asks for. Where no wheel can be built, the package's own
        dependencies without the package, since another's may have its name.
    """
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "model"
        shutil.copytree(model_folder, folder)
        project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))
        asked = list(project["project"]["optional-dependencies"][EXTRA])
        try:
            name, content = _wheel(CHECKOUT, project["build-system"]["build-backend"])
        except (OSError, subprocess.SubprocessError) as error:
            _log.warning(
                "no wheel could be built of this checkout (%s): the model goes without it, and who "
                "serves it installs the wheel by hand",
                type(error).__name__,
            )
            yield folder, [*project["project"]["dependencies"], *asked]
            return
        _, card = load_model(folder)
        (folder / name).write_bytes(content)
        seal_model(card, folder)
        yield folder, [f"artifacts/model/{name}", *asked]


@cache
def _wheel(checkout: Path, backend: str) -> tuple[str, bytes]:
    """Build the wheel with the project's own backend as it is installed here: no network.

    Raises
    ------
    OSError, SubprocessError
        Where the backend is not installed, or refuses.
    """
    with tempfile.TemporaryDirectory() as place:
        # a backend writes beside its sources
        source, out = Path(place) / "source", Path(place) / "out"
        source.mkdir()
        out.mkdir()
        for name in _SOURCES:
            if (checkout / name).is_dir():
                ignore = shutil.ignore_patterns("__pycache__")
                shutil.copytree(checkout / name, source / name, ignore=ignore)
            else:
                shutil.copy(checkout / name, source / name)
        subprocess.run(
            [sys.executable, "-c", _BUILD, backend, str(out)],
            cwd=source,
            env={**os.environ, "SOURCE_DATE_EPOCH": _EPOCH, "PYTHONPATH": ""},
            check=True,
            capture_output=True,
            timeout=120,
        )
        (wheel,) = out.glob("*.whl")
        return wheel.name, wheel.read_bytes()
