"""The README's tables are what the command writes, and its commands are there."""

from pathlib import Path

import pytest

from pipelines import readme
from pipelines.experiment import load_experiment

REPO = Path(__file__).parents[1]
TEXT = (REPO / "README.md").read_text(encoding="utf-8")


def test_the_tables_are_those_that_the_command_writes():
    assert readme.fill(TEXT, readme.tables(REPO)) == TEXT, "run: python -m pipelines.readme"


def test_every_experiment_is_in_the_table():
    made = readme.tables(REPO)["results"]
    for file in (REPO / "experiments").glob("*.toml"):
        assert f"`{file.stem}`" in made


def test_a_table_without_marks_is_an_error():
    with pytest.raises(ValueError, match="no marks for the table 'results'"):
        readme.fill("# nothing here", {"results": "|a|"})


def test_the_example_experiment_is_one(tmp_path):
    block = TEXT.split("```toml\n")[1].split("```")[0]
    file = tmp_path / "my_question.toml"
    file.write_text(block, encoding="utf-8")
    assert load_experiment(file).validation.site == "hospital"


def test_the_picture_and_the_targets_exist():
    assert (REPO / "docs" / "report.png").is_file()
    makefile = (REPO / "Makefile").read_text(encoding="utf-8")
    for target in ("demo", "test", "train"):
        assert f"make {target}" in TEXT
        assert f"\n{target}:" in makefile
