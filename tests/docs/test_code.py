"""Python and files that pages show do what the page says they do."""

import numpy as np
import pandas as pd
import pytest

from signature.command import FINE, main
from tests.made.pages import DOCS, PAGES, blocks, files_in

TRIED = {"laboratory_files.md": 1, "method.md": 1, "serving.md": 1}
"""Blocks of Python that are run here, or beside the tests of serving."""

CYTOKINES = """\
SampleID,Analyte,Conc (pg/mL),Plate
a,IL-6,2.5,1
a,sCD25,400,1
b,IL-6,OOR <,1
b,sCD25,900,1
c,IL-6,3.1,2
c,sCD25,n.d.,2
"""
LIMITS = "Analyte,LLOQ,Plate\nIL-6,0.4,1\nIL-6,0.6,2\nsCD25,60,1\nsCD25,80,2\n"
CLINICAL = """\
sample_id,patient,Hospital,Age,Sex,CRP_mgdL,Response
a,p1,X,30,F,0.1,responder
b,p2,Y,40,M,0.3,non-responder
c,p3,X,50,F,0.2,responder
"""


def test_every_block_of_python_is_tried():
    found = {page.name: len(blocks(page, "python")) for page in PAGES}
    assert {n: k for n, k in found.items() if k and n != "extending.md"} == TRIED


@pytest.fixture
def laboratory(tmp_path):
    """The files that the dictionary of docs/laboratory_files.md describes, and itself."""
    folder = tmp_path / "my_study"
    folder.mkdir()
    (dictionary,) = blocks(DOCS / "laboratory_files.md", "toml")
    for name, content in (
        ("my_study.toml", dictionary),
        ("cytokines.csv", CYTOKINES),
        ("limits.csv", LIMITS),
        ("clinical.csv", CLINICAL),
    ):
        (folder / name).write_text(content, encoding="utf-8")
    return folder


def test_the_data_set_of_a_dictionary_is_whole(laboratory, monkeypatch):
    monkeypatch.setenv("SIGNATURE_DATA", str(laboratory.parent))
    said = {}
    exec(files_in(DOCS / "laboratory_files.md")["signature/datasets/my_study.py"], said)
    cohort = said["load"]()
    assert set(cohort.X) >= {"age", "female", "CRP", "IL6", "IL2RA"}
    X = cohort.X.set_index(cohort.subject)
    assert X.loc["p2", "IL6__below"] == 0.4
    assert X.loc["p3", "IL2RA__below"] == 80
    assert X.loc["p1", "female"] == 1
    assert list(cohort.records["Response"]) == ["responder", "non-responder", "responder"]


def test_its_check_finds_no_error(laboratory, capsys):
    assert main(["check", str(laboratory / "my_study.toml")]) == FINE
    assert "Cytokines before treatment in depression" in capsys.readouterr().out


def test_the_selector_selects_what_matters():
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.normal(size=(120, 4)), columns=["IL6", "TNF", "CRP", "age"])
    y = (X["IL6"] + 0.3 * rng.normal(size=120) > 0).astype(int)
    (block,) = blocks(DOCS / "method.md", "python")
    said = {"X": X, "y": y, "people": np.arange(120), "hospital": np.arange(120) % 2}
    exec(block, said)
    assert said["found"].selected_ == ["IL6"]
    assert said["found"].markers_ == ["IL6", "TNF", "CRP"]
