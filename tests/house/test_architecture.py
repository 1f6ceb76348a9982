"""The rules of the house, run as tests: import directions, and one file per extension."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from pipelines.question.study import CANDIDATE_EXPORTS
from signature.discovery import load_all
from tests.made.checkout import REPO


def test_imports_point_down():
    command = [Path(sys.executable).parent / "lint-imports", "--no-cache"]
    done = subprocess.run(command, cwd=REPO, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_every_candidate_exports_what_it_must():
    assert len(load_all("models", CANDIDATE_EXPORTS)) >= 5


def test_only_the_library_goes_into_the_wheel():
    from setuptools import find_packages

    packages = find_packages(str(REPO), include=["signature", "signature.*"])
    assert "signature.datasets" in packages
    assert all(name.split(".")[0] == "signature" for name in packages)


@pytest.mark.parametrize("name", ["mlflow", "shap"])
def test_a_library_with_a_home_is_imported_nowhere_else(name):
    """What import-linter cannot see: imports inside functions."""
    homes = {"mlflow": {"tracking.py", "served_model.py"}, "shap": {"shapley.py"}}[name]
    importing = set()
    for file in [*REPO.glob("signature/**/*.py"), *REPO.glob("models/*.py")]:
        if name in _imports(file):
            importing.add(file.name)
    for file in REPO.glob("pipelines/**/*.py"):
        if name in _imports(file):
            importing.add(file.name)
    assert importing <= homes


def _imports(file: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {a.name.split(".")[0] for a in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.split(".")[0])
    return found
