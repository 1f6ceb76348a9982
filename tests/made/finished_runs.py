"""Fixtures: runs that several tests read, made once for all workers; nobody writes into them.

A test file asks for them with ``pytest_plugins = ["tests.made.finished_runs"]``.
"""

from contextlib import redirect_stdout

import pytest

from pipelines.trials.launch import run_trial
from tests.made.once import made_once
from tests.made.trial_files import SMALL, TRIAL, write_trial


def _run(text):
    def make(folder):
        with (folder / "said.txt").open("w", encoding="utf-8") as said, redirect_stdout(said):
            run_trial(write_trial(folder, text), folder / "results", jobs=1, track=False)

    return make


@pytest.fixture(scope="session")
def found_trial(tmp_path_factory):
    """Results folder of a trial in which there is something to find."""
    return made_once(tmp_path_factory, "found_trial", _run(TRIAL)) / "results" / "trial"


@pytest.fixture(scope="session")
def small_trial(tmp_path_factory):
    """Results folder of a trial of 36 people; two folders up is what the launch said."""
    return made_once(tmp_path_factory, "small_trial", _run(SMALL)) / "results" / "trial"
