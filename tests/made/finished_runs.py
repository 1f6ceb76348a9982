"""Fixtures: runs that several tests read, made once for all workers; nobody writes into them.

A test file asks for them with ``pytest_plugins = ["tests.made.finished_runs"]``.
"""

from contextlib import redirect_stdout
from pathlib import Path

import pytest

from pipelines.train.launch import run_experiment
from pipelines.trials.launch import run_trial
from tests.made.once import made_once
from tests.made.quick_run import write_quickest
from tests.made.report_page import keep_sections
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


@pytest.fixture
def one_section(monkeypatch):
    """Keep reports to their summary, which is quick."""
    keep_sections(monkeypatch, "summary")


@pytest.fixture(scope="session")
def quickest(tmp_path_factory) -> Path:
    """Results folder of the finished run; nobody writes into it."""

    def make(folder):
        with pytest.MonkeyPatch.context() as patch:
            keep_sections(patch, "summary")
            run_experiment(write_quickest(folder), folder, jobs=1, track=False)

    return made_once(tmp_path_factory, "quickest", make) / "quickest"
