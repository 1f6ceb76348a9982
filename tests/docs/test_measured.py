"""The measured tables are what the command writes from the stored numbers."""

import json
from pathlib import Path

import pytest

from docs.measured import __main__ as measured
from pipelines.report.sections.performance import HELD
from pipelines.trials.experiment import load_trial
from tests.made.checkout import REPO
from tests.made.pages import text_of

TABLES = measured.tables(REPO)
FIRST_WORDS = ("Predictive", "Prognostic", "Neither", "Not tested")
EXPERIMENTS, TRIALS = (TABLES[measured.PAGES / name] for name in ("experiments.md", "trials.md"))


@pytest.mark.parametrize("page", TABLES, ids=str)
def test_the_tables_are_those_that_the_command_writes(page):
    text = text_of(REPO / page)
    assert measured.fill(text, TABLES[page], page) == text, "run: python -m docs.measured"


@pytest.mark.parametrize("page", TABLES, ids=str)
def test_a_page_has_no_table_that_the_command_does_not_know(page):
    assert text_of(REPO / page).count("<!-- table: ") == len(TABLES[page])


def test_every_module_of_a_page_makes_one():
    modules = {f.stem for f in (REPO / measured.PAGES).glob("*.py")} - {"__main__"}
    pages = {f.stem for f in (REPO / measured.PAGES).glob("*.md")}
    assert modules == pages == {page.stem for page in TABLES} - {"README"}


@pytest.mark.parametrize("table", [EXPERIMENTS["results"], TABLES[Path("README.md")]["headline"]])
def test_every_line_of_the_table_is_an_experiment(table):
    made = table.splitlines()[2:]
    assert len(made) >= 5
    for line in made:
        assert (REPO / "experiments" / f"{line.split('`')[1]}.toml").is_file()


def test_every_line_of_the_trials_is_a_trial_experiment():
    lines = TRIALS["trials"].splitlines()[2:]
    assert len(lines) >= 4
    for line in lines:
        assert load_trial(REPO / "experiments" / f"{line.split('`')[1]}.toml").trial.treated
        assert line.split("|")[-2].strip().startswith(FIRST_WORDS)


def test_a_table_without_marks_is_an_error():
    with pytest.raises(ValueError, match=r"x\.md has no marks for the table 'results'"):
        measured.fill("# nothing here", {"results": "|a|"}, Path("x.md"))


def test_the_report_says_how_often_intervals_of_folds_held_the_truth():
    found = json.loads(text_of(REPO / measured.BENCHMARKS / "interval_coverage.json"))
    coverage = [
        100 * design["measures"][f"{measure}, bootstrap"]["own_truth"]["coverage"][0]
        for design in found["designs"]
        if design["part"] == "internal"
        for measure in ("auroc", "auroc difference")
    ]
    assert (round(min(coverage)), round(max(coverage))) == HELD
