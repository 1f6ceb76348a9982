"""A whole run on real data: same bits serially, in parallel, and after a kill."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipelines.explain.__main__ import explain
from pipelines.fit.fitting import tasks
from pipelines.fit.store import FoldStore, fingerprint
from pipelines.question.assembly import assemble
from pipelines.question.experiment import Candidates, load_experiment
from pipelines.train.__main__ import train
from pipelines.train.launch import run_experiment
from signature.datasets import opt
from signature.exceptions import ResultsError
from signature.learn.contributions import BASE
from signature.records.results import PROCEDURE, REFERENCE, Evaluation, Launch, check_predictions
from signature.serve.persistence import load_model
from tests.made.checkout import EXPERIMENTS, REPO
from tests.made.pages import DOCS, quoted, rows, sections
from tests.made.report_page import keep_sections

pytest_plugins = ["tests.made.commands"]

SMALL = """
title = "Small run for the tests"
question = "Does the serum panel add to clinical features?"
caution = "A small run for the tests, not for anything else."
seed = 7
[data]
dataset = "opt"
outcome = "periodontal_nonresponse"
where = { arm = ["treatment"] }
[features]
baseline = ["demographics", "periodontal status"]
panel = ["acute phase", "cytokine", "antibody"]
[validation]
folds = 2
repeats = 2
inner_folds = 3
bootstraps = 200
[tuning]
trials = 3
[claim]
design = "prospective"

[gate]
auroc_at_least = 0.9
"""


def _write_experiment(folder: Path, text: str = SMALL) -> Path:
    file = folder / "small.toml"
    file.write_text(text, encoding="utf-8")
    return file


def _bits(folder: Path) -> dict[str, bytes]:
    names = ("predictions.parquet", "contributions.parquet", "evaluation.json")
    return {name: (folder / name).read_bytes() for name in names}


@pytest.fixture(scope="module")
def serial(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("serial")
    return run_experiment(_write_experiment(folder), folder, jobs=1, track=False)


@pytest.mark.parametrize("what", ["file", "link", "dangling"])
def test_whatever_stands_in_the_place_of_the_model_is_replaced(serial, tmp_path, what):
    folder, elsewhere = tmp_path / serial.name, tmp_path / "elsewhere"
    shutil.copytree(serial, folder)
    (folder / "model").rename(elsewhere)
    if what == "file":
        (folder / "model").write_text("no folder", encoding="utf-8")
    else:
        (folder / "model").symlink_to(elsewhere if what == "link" else tmp_path / "nowhere")
    run_experiment(_write_experiment(tmp_path), tmp_path, jobs=1, track=False)
    assert load_model(folder / "model")[1] == load_model(elsewhere)[1]
    assert not (folder / "model").is_symlink()


def test_predictions_hold_every_row_once_per_repeat(serial):
    table = check_predictions(pd.read_parquet(serial / "predictions.parquet"))
    per_candidate = table.groupby(["candidate", "repeat"])["row"].nunique()
    assert (per_candidate == 320).all()
    assert set(table["candidate"]) == {
        PROCEDURE,
        REFERENCE,
        "intercept_only",
        "clinical_only",
        "clinical_xgboost",
        "best_single_marker",
        "elastic_net",
        "shallow_xgboost",
        "stable_signature",
    }


def test_the_procedure_is_the_contender_that_the_inner_folds_chose(serial):
    table = pd.read_parquet(serial / "predictions.parquet")
    headline = table[table["candidate"] == PROCEDURE]
    for (_, _), part in headline.groupby(["repeat", "fold"]):
        chosen = part["chosen"].unique()
        assert len(chosen) == 1
        own = table[(table["candidate"] == chosen[0]) & table["row"].isin(part["row"])]
        own = own[own["repeat"] == part["repeat"].iloc[0]].set_index("row")["probability"]
        np.testing.assert_array_equal(part["probability"], own.loc[part["row"]])


def test_contributions_add_up_to_the_held_out_log_odds(serial):
    table = pd.read_parquet(serial / "predictions.parquet")
    headline = table[table["candidate"] == PROCEDURE].set_index(["repeat", "row"])["probability"]
    parts = pd.read_parquet(serial / "contributions.parquet")
    total = parts.groupby(["repeat", "row"])["contribution"].sum()
    p = headline.loc[total.index]
    np.testing.assert_allclose(total, np.log(p / (1 - p)), atol=1e-5)
    assert BASE in set(parts["feature"])
    assert not any("__" in f for f in parts["feature"])


def test_results_files_follow_their_schemas(serial):
    evaluation = Evaluation.model_validate_json((serial / "evaluation.json").read_text())
    launch = Launch.model_validate_json((serial / "launch.json").read_text())
    assert not evaluation.gate_passed
    assert (launch.n_rows, launch.n_events) == (320, 221)
    assert launch.final_model.candidate in Candidates().contenders


def test_every_file_of_a_run_is_documented(serial):
    under = sections(DOCS / "results.md")["Of a question"]
    listed = {quoted(row[0])[0].rstrip("/") for row in rows(under)}
    assert {file.name for file in serial.iterdir()} - {"small.toml"} <= listed


def test_the_final_model_scores_raw_columns(serial):
    procedure, card = load_model(serial / "model")
    cohort = assemble(load_experiment(_write_experiment(serial))).cohort
    p = procedure.predict_proba(cohort.X)[:, 1]
    assert ((p > 0) & (p < 1)).all()
    assert set(card.schema_.names) <= set(cohort.schema.names)


def test_nothing_of_a_person_is_in_the_results(serial):
    """Subject identifiers of the trial are six-digit numbers, known to the data set alone."""
    cohort = assemble(load_experiment(_write_experiment(serial))).cohort
    identifiers = set(cohort.subject)
    assert all(len(s) == 6 and s.isdigit() for s in identifiers)
    for name in (
        *("launch.json", "evaluation.json", "for_whom.json", "assay.json"),
        *("report.html", "model/model.json"),
    ):
        text = (serial / name).read_text(encoding="utf-8")
        # whole numbers only: the decimals of a metric may hold any six digits
        assert not identifiers & set(re.findall(r"(?<![\w.])\d{6}(?![\w.])", text)), name
    for name in ("predictions.parquet", "contributions.parquet"):
        table = pd.read_parquet(serial / name)
        for column in table.select_dtypes(exclude="number"):
            assert not identifiers & set(table[column].astype(str))
        assert table["row"].max() < 320


def test_explaining_again_gives_the_same_and_refuses_other_data(serial, tmp_path, monkeypatch):
    folder = tmp_path / "small"
    shutil.copytree(serial, folder)
    before = (folder / "contributions.parquet").read_bytes()
    explain(folder)
    assert (folder / "contributions.parquet").read_bytes() == before
    load = opt.load
    monkeypatch.setattr(opt, "load", lambda: load().keep(np.arange(823) < 700, "fewer"))
    with pytest.raises(ResultsError, match="no longer those of"):
        explain(folder)


def test_parallel_gives_the_same_bits(serial, tmp_path):
    parallel = run_experiment(_write_experiment(tmp_path), tmp_path, jobs=2, track=False)
    assert _bits(parallel) == _bits(serial)


def test_a_killed_run_goes_on_in_two_processes_with_the_same_bits(serial, tmp_path, monkeypatch):
    file = _write_experiment(tmp_path)
    command = [sys.executable, "-m", "pipelines.train", str(file)]
    command += ["--results", str(tmp_path), "--jobs", "1", "--no-track"]
    running = subprocess.Popen(command, cwd=REPO, stdout=subprocess.DEVNULL)
    study = assemble(load_experiment(file))
    store = FoldStore(tmp_path / "small", fingerprint(study.experiment, study.cohort))
    hangs = time.monotonic() + 600
    while len(_finished(store)) < 4 and running.poll() is None and time.monotonic() < hangs:
        time.sleep(0.02)
    os.kill(running.pid, signal.SIGKILL)
    running.wait()
    before = _finished(store)
    assert 4 <= len(before) < len(tasks(study)) == 31
    # the report follows from files that are compared
    keep_sections(monkeypatch, "summary")
    resumed = run_experiment(file, tmp_path, jobs=2, track=False)
    after = _finished(store)
    assert len(after) == 31
    assert all(after[place] == when for place, when in before.items())
    assert _bits(resumed) == _bits(serial)


def _finished(store: FoldStore) -> dict[str, int]:
    places = store.root.glob("*/[!.]*/fold.json")
    return {str(p.relative_to(store.root)): p.stat().st_mtime_ns for p in places}


def test_a_changed_experiment_never_reuses_a_fold(tmp_path):
    marks = set()
    changes = {
        "seed = 7": "seed = 8",
        "trials = 3": "trials = 4",
        "inner_folds = 3": "inner_folds = 4",
        '"acute phase", ': "",
        '{ arm = ["treatment"] }': '{ arm = ["control"] }',
    }
    texts = [SMALL, *(SMALL.replace(old, new) for old, new in changes.items())]
    for text in texts:
        study = assemble(load_experiment(_write_experiment(tmp_path, text)))
        marks.add(fingerprint(study.experiment, study.cohort))
    assert len(marks) == len(texts)


def test_words_do_not_change_the_fingerprint(tmp_path):
    one, other = (
        assemble(load_experiment(_write_experiment(tmp_path, text)))
        for text in (SMALL, SMALL.replace("Small run", "Little run"))
    )
    assert fingerprint(one.experiment, one.cohort) == fingerprint(other.experiment, other.cohort)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('dataset = "opt"', 'dataset = "optt"', "signature/datasets has no 'optt'"),
        ('"acute phase", ', '"acute fase", ', "no group or column named 'acute fase'"),
        ('["treatment"]', '["placebo"]', "no row has arm = 'placebo'"),
        ("where = { arm", "where = { group", "no recorded column 'group'"),
        ("folds = 2\n", 'site = "hospital"\n', "no recorded column 'hospital'"),
        ("trials = 3", "trails = 3", "did you mean 'trials'"),
    ],
)
def test_a_mistake_ends_in_one_line(tmp_path, called, old, new, words):
    file = _write_experiment(tmp_path, SMALL.replace(old, new, 1))
    done = called(train, file, "--results", tmp_path)
    _check_one_line(done, words)


def _check_one_line(done, words):
    assert done.returncode == 2
    assert words in done.stderr
    assert done.stderr.startswith("error: ")
    assert done.stderr.count("\n") == 1
    assert "Traceback" not in done.stderr + done.stdout


def test_a_mistake_ends_in_one_line_and_no_stack_trace_in_a_process_too(tmp_path):
    file = _write_experiment(tmp_path, SMALL.replace("trials = 3", "trails = 3", 1))
    command = [sys.executable, "-m", "pipelines.train", str(file), "--results", str(tmp_path)]
    done = subprocess.run(command, cwd=REPO, capture_output=True, text=True, check=False)
    _check_one_line(done, "did you mean 'trials'")


NHANES = "nhanes_antidepressant/treated_subset.csv"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "no file 'treated_subset.csv'"),
        (b"", "treated_subset.csv is empty"),
        (b"participant_id;cycle;age_years\n1;2005-2006;40\n", "looks semicolon-separated"),
        ("participant_id,sex\n1,m\u00e4nnlich\n".encode("latin-1"), "is not UTF-8 text"),
        (b"participant_id,age\n424242,40\n", "lacks column"),
    ],
)
def test_a_broken_file_ends_in_one_line(tmp_path, called, monkeypatch, content, words):
    file = tmp_path / NHANES
    file.parent.mkdir()
    if content is not None:
        file.write_bytes(content)
    monkeypatch.setenv("SIGNATURE_DATA", str(tmp_path))
    experiment = EXPERIMENTS / "nhanes_inadequate_response.toml"
    done = called(train, experiment, "--results", tmp_path)
    _check_one_line(done, words)
    assert "424242" not in done.stderr


@pytest.mark.parametrize(
    "step", ["train", "evaluate", "explain", "report", "register", "equivalents", "null_check"]
)
def test_help_imports_nothing_heavy(step):
    heavy = ["pandas", "sklearn", "mlflow", "shap", "optuna", "xgboost", "matplotlib", "scipy"]
    code = (
        "import json, runpy, sys\n"
        f"sys.argv = ['{step}', '--help']\n"
        "try:\n"
        f"    runpy.run_module('pipelines.{step}', run_name='__main__')\n"
        "except SystemExit as end:\n"
        "    assert end.code == 0\n"
        f"print(json.dumps([m for m in {heavy} if m in sys.modules]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=REPO, capture_output=True, text=True, check=True
    )
    assert "Usage" in done.stdout
    assert json.loads(done.stdout.splitlines()[-1]) == []
