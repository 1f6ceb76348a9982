"""Commands and the files that they write are documented, all of them and no others."""

import re
from importlib import import_module

import pytest
import typer

from pipelines.track.tracking import ARTIFACTS
from pipelines.track.trial_summary import FILES
from signature.command import main
from signature.records.results import PREDICTION_COLUMNS
from tests.made.checkout import REPO
from tests.made.pages import DOCS, quoted, rows, sections, text_of

COMMANDS = sections(DOCS / "commands.md")
RESULTS = sections(DOCS / "results.md")
STEPS = sorted(file.parent.name for file in REPO.glob("pipelines/*/__main__.py"))
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]*")


def options_of(step: str) -> set[str]:
    """The options of a command, as its own help names them."""
    module = import_module(f"pipelines.{step}.__main__")
    (function,) = (
        f
        for name, f in vars(module).items()
        if callable(f) and name[0] != "_" and getattr(f, "__module__", "") == module.__name__
    )
    app = typer.Typer(add_completion=False)
    app.command()(function)
    found = set()
    for parameter in typer.main.get_command(app).params:
        found |= {o for o in (*parameter.opts, *parameter.secondary_opts) if o.startswith("--")}
    return found - {"--help"}


@pytest.mark.parametrize("step", STEPS)
def test_the_options_of_every_step_are_documented(step):
    listed = {option for row in rows(COMMANDS[step]) for option in quoted(row[0])}
    assert listed == options_of(step)
    assert set(OPTION.findall(COMMANDS[step])) <= listed


def test_every_step_is_in_the_table_and_in_the_project_file():
    assert sorted(quoted(row[0])[0] for row in rows(COMMANDS["Commands"])) == STEPS
    entries = re.findall(r"^  (\w+):$", text_of(REPO / "MLproject"), re.MULTILINE)
    assert sorted(set(entries) - {"main"}) == STEPS


def test_the_examples_of_steps_use_options_that_are_there():
    for step, rest in re.findall(r"python -m pipelines\.(\w+)(.*)", text_of(DOCS / "commands.md")):
        assert set(OPTION.findall(rest)) <= options_of(step)


def test_the_options_of_the_check_are_documented(capsys):
    with pytest.raises(SystemExit):
        main(["check", "--help"])
    said = set(OPTION.findall(capsys.readouterr().out)) - {"--help"}
    under = sections(DOCS / "laboratory_files.md")["The check"]
    assert {quoted(row[0])[0] for row in rows(under)} == said


def test_every_file_that_is_tracked_is_documented():
    ours = {quoted(row[0])[0].rstrip("/") for row in rows(RESULTS["Of a question"])}
    trials = {quoted(row[0])[0].rstrip("/") for row in rows(RESULTS["Of a trial"])}
    assert set(ARTIFACTS) <= ours
    assert set(FILES) <= trials
    code = "".join(text_of(f) for f in REPO.glob("pipelines/**/*.py"))
    assert sorted(name for name in ours | trials if f'"{name}"' not in code) == []


def test_files_are_written_by_steps():
    for row in [*rows(RESULTS["Of a question"]), *rows(RESULTS["Of a trial"])]:
        assert set(quoted(row[2])) <= set(STEPS)


def test_every_column_of_the_predictions_is_documented():
    listed = [name for row in rows(RESULTS["The predictions"]) for name in quoted(row[0])]
    assert sorted(listed) == sorted(PREDICTION_COLUMNS)
