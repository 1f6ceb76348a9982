"""A dictionary names files of its own folder; others only where the user says so."""

import pytest

from signature.assay.study import read_study
from signature.command import FINE, UNREADABLE, main
from signature.exceptions import StudyError
from tests.signature.assay.test_study import CYTOKINES, DICTIONARY, PEOPLE


@pytest.fixture
def study(tmp_path):
    """A study in a folder, with a file beside the folder that is not the study's."""
    folder = tmp_path / "study"
    (folder / "a").mkdir(parents=True)
    (folder / "study.toml").write_text(DICTIONARY, encoding="utf-8")
    (folder / "cytokines.csv").write_text(CYTOKINES, encoding="utf-8")
    (folder / "people.csv").write_text(PEOPLE, encoding="utf-8")
    (tmp_path / "people.csv").write_text(PEOPLE, encoding="utf-8")
    (tmp_path / "cytokines.csv").write_text(CYTOKINES, encoding="utf-8")
    return folder


def _rename(study, old, new):
    file = study / "study.toml"
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")
    return file


def _linked(study, name):
    (study / name).unlink()
    (study / name).symlink_to(study.parent / name)
    return name


OUTSIDE = {
    "up": lambda study, name: f"../{name}",
    "down and up": lambda study, name: f"a/../../{name}",
    "absolute": lambda study, name: str(study.parent / name),
    "link": _linked,
    "linked folder": lambda study, name: (
        (study / "elsewhere").symlink_to(study.parent) or f"elsewhere/{name}"
    ),
}


@pytest.mark.parametrize("name", ["people.csv", "cytokines.csv"])
@pytest.mark.parametrize("way", OUTSIDE)
def test_a_file_outside_is_refused_and_may_be_allowed(study, way, name, capsys):
    file = _rename(study, f'"{name}"', f'"{OUTSIDE[way](study, name)}"')
    with pytest.raises(StudyError, match="leads out of the folder of the study"):
        read_study(file)
    assert main(["check", str(file)]) == UNREADABLE
    assert capsys.readouterr().err.count("\n") == 1
    assert main(["check", str(file), "--within", str(study.parent)]) == FINE


def test_a_table_of_limits_is_a_file_like_others(study):
    file = _rename(
        study,
        "[assays.layout]",
        '[assays.layout.limits]\nfile = "../limits.csv"\nmarker = "m"\nlimit = "l"\n'
        "[assays.layout]",
    )
    with pytest.raises(StudyError, match=r"assays.1.layout.limits.file = '../limits.csv' leads"):
        read_study(file)


def test_a_study_that_is_reached_by_a_link_is_itself(study, tmp_path):
    (tmp_path / "link").symlink_to(study)
    (study / "sub").mkdir()
    (study / "people.csv").rename(study / "sub" / "people.csv")
    _rename(study, '"people.csv"', '"sub/../sub/people.csv"')
    assert len(read_study(tmp_path / "link" / "study.toml").cohort) == 4


@pytest.mark.parametrize("name", ["a\\u0000b", "x" * 5000, "round"])
def test_what_is_no_name_of_a_file_is_told(study, name, capsys):
    (study / "round").symlink_to("round")
    file = _rename(study, '"people.csv"', f'"{name}"')
    assert main(["check", str(file)]) == UNREADABLE
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert "\0" not in err
    assert len(err) < 2100
