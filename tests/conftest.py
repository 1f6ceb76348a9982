"""Fixtures that several files share."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings

from signature import discovery
from signature.exceptions import DataFolderNotSetError
from signature.study.cohort import Cohort, CohortWithOutcome
from tests.made.checkout import REPO

# a busy machine is no defect of the code under test
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")


# some are plugins of test files: collected for doctests, they would be imported before they are any
collect_ignore_glob = ["made/*.py"]


def _root() -> Path:
    return Path(os.environ.get("SIGNATURE_DATA") or REPO.parent / "shared" / "data")


@pytest.fixture(scope="session")
def data_root() -> Path:
    """The folder of the data sets that may not be shipped; skips where there is none."""
    if not _root().is_dir():
        pytest.skip("no data folder: set SIGNATURE_DATA to test against real data")
    return _root()


class Cohorts:
    """Loads each data set once per session."""

    def __init__(self) -> None:
        self._loaded: dict[str, Cohort] = {}

    def __call__(self, name: str) -> Cohort:
        if name not in self._loaded:
            with pytest.MonkeyPatch.context() as patch:
                patch.setenv("SIGNATURE_DATA", str(_root()))
                module = discovery.load("signature.datasets", name, ["CITATION", "load"])
                try:
                    self._loaded[name] = module.load()
                except DataFolderNotSetError as error:
                    pytest.skip(f"no local data for {name!r}: {error}")
        return self._loaded[name]


@pytest.fixture(scope="session")
def cohort_of() -> Cohorts:
    """Return a function from a data set's name to its cohort; skips where the data are absent."""
    return Cohorts()


def _with_outcome(cohort: Cohort, name: str) -> CohortWithOutcome:
    outcome = discovery.load("signature.outcomes", name, ["OUTCOME", "derive"])
    left_out = outcome.ineligible(cohort.records) if hasattr(outcome, "ineligible") else None
    return cohort.with_outcome(name, outcome.derive(cohort.records), left_out)


@pytest.fixture(scope="session")
def with_outcome() -> Callable[[Cohort, str], CohortWithOutcome]:
    """Return a function that attaches an outcome by its name, as a run does."""
    return _with_outcome
