"""The README is short, and says how to begin."""

from pipelines.question.experiment import load_experiment
from tests.made.checkout import REPO
from tests.made.pages import README, files_in, rows, sections, text_of

TEXT = text_of(README)


def test_it_is_short():
    assert len(TEXT.splitlines()) <= 200


def test_the_picture_and_the_targets_exist():
    assert (REPO / "docs" / "report.png").is_file()
    makefile = (REPO / "Makefile").read_text(encoding="utf-8")
    for target in ("demo", "test", "train"):
        assert f"make {target}" in TEXT
        assert f"\n{target}:" in makefile


def test_its_example_is_an_experiment(tmp_path):
    (block,) = files_in(README).values()
    file = tmp_path / "my_question.toml"
    file.write_text(block, encoding="utf-8")
    assert load_experiment(file).validation.site == "hospital"


def test_what_can_be_added_is_what_extending_explains():
    here = {row[0] for row in rows(sections(README)["Adding things: one file each"])}
    there = list(rows(sections(REPO / "docs" / "extending.md")["Adding things"]))
    assert here == {row[0].partition("]")[0].strip("[") for row in there}
