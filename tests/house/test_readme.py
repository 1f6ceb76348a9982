"""The README's tables are what the command writes, and its commands are there."""

from typing import Any

import pytest

from docs.measured import __main__ as readme
from pipelines.question.experiment import load_experiment
from pipelines.trials.experiment import load_trial
from signature import panels
from signature.assay.dictionary import load_dictionary
from signature.study.schema import Column, Role
from tests.made.checkout import REPO

TEXT = (REPO / "README.md").read_text(encoding="utf-8")


def test_the_tables_are_those_that_the_command_writes():
    assert readme.fill(TEXT, readme.tables(REPO)) == TEXT, "run: python -m docs.measured"


def test_every_line_of_the_table_is_an_experiment():
    made = readme.tables(REPO)["results"].splitlines()[2:]
    assert len(made) >= 5
    for line in made:
        assert (REPO / "experiments" / f"{line.split('`')[1]}.toml").is_file()


def test_every_line_of_the_trials_is_a_trial_experiment():
    lines = readme.tables(REPO)["trials"].splitlines()[2:]
    assert len(lines) >= 4
    for line in lines:
        assert load_trial(REPO / "experiments" / f"{line.split('`')[1]}.toml").trial.treated
        assert line.split("|")[-2].strip().startswith(("Predictive", "Prognostic", "Neither"))


def test_a_table_without_marks_is_an_error():
    with pytest.raises(ValueError, match="no marks for the table 'results'"):
        readme.fill("# nothing here", {"results": "|a|"})


def test_the_example_experiment_is_one(tmp_path):
    block = TEXT.split("```toml\n")[1].split("```")[0]
    file = tmp_path / "my_question.toml"
    file.write_text(block, encoding="utf-8")
    assert load_experiment(file).validation.site == "hospital"


def test_the_example_trial_is_one(tmp_path):
    (block,) = (
        b.split("```")[0]
        for b in TEXT.split("```toml\n")
        if b.startswith("# experiments/my_trial.toml")
    )
    file = tmp_path / "my_trial.toml"
    file.write_text(block, encoding="utf-8")
    assert load_trial(file).candidates.headline.startswith("effect_")


def test_the_example_dictionary_is_one(tmp_path):
    (block,) = (b.split("```")[0] for b in TEXT.split("```toml\n") if b.startswith("# study.toml"))
    file = tmp_path / "study.toml"
    file.write_text(block, encoding="utf-8")
    told = load_dictionary(file)
    assert told.people.site == "Hospital"
    assert (REPO / "signature" / "assay" / "readers" / f"{told.assays[0].format}.py").is_file()


def test_the_example_data_set_and_outcome_work(tmp_path, monkeypatch):
    dataset, outcome = (
        part.split("```")[0]
        for part in TEXT.split("```python\n")
        if part.startswith("# signature/")
    )
    folder = tmp_path / "my_study"
    folder.mkdir()
    lines = ["id,hospital,arm,hamd_week6,age,smoker,IL6", "a,X,drug,12,40,1,2.5", "b,Y,drug,,50,0,"]
    (folder / "data.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    monkeypatch.setenv("SIGNATURE_DATA", str(tmp_path))
    il6 = Column("IL6", Role.MARKER, "cytokine", low=0, high=100)
    monkeypatch.setattr(panels, "load", lambda name: (il6,))
    read: dict[str, Any] = {}
    exec(dataset, read)
    cohort = read["load"]()
    assert list(cohort.X) == ["age", "smoker", "IL6"]
    derive: dict[str, Any] = {}
    exec(outcome, derive)
    values = derive["derive"](cohort.records)
    assert values.iloc[0] == 1
    assert values.isna().iloc[1]


def test_the_picture_and_the_targets_exist():
    assert (REPO / "docs" / "report.png").is_file()
    makefile = (REPO / "Makefile").read_text(encoding="utf-8")
    for target in ("demo", "test", "train"):
        assert f"make {target}" in TEXT
        assert f"\n{target}:" in makefile
