"""What a results folder says when something is missing, damaged or of another version."""

import json

import pandas as pd
import pytest

from pipelines.fit.results_folder import Results
from signature.exceptions import ResultsError
from tests.made.results_factory import make_results

TRAIN = "python -m pipelines.train experiments/opt_demo.toml"
READ = {
    "launch.json": lambda r: r.launch,
    "evaluation.json": lambda r: r.evaluation,
    "sentinels.json": lambda r: r.sentinels,
    "predictions.parquet": lambda r: r.predictions,
    "contributions.parquet": lambda r: r.contributions,
}


@pytest.fixture
def folder(tmp_path):
    return make_results(tmp_path / "opt_demo")


def test_reads_everything_and_each_file_once(folder):
    results = Results(folder)
    assert results.experiment.name == results.evaluation.experiment == "opt_demo"
    assert results.predictions is results.predictions
    assert results.launch is results.launch


@pytest.mark.parametrize("name", READ)
def test_missing_file_names_the_command(folder, name):
    (folder / name).unlink()
    with pytest.raises(ResultsError, match="is missing") as caught:
        READ[name](Results(folder))
    assert TRAIN in str(caught.value)


@pytest.mark.parametrize("name", READ)
def test_damaged_file_names_the_command(folder, name):
    (folder / name).write_text("{not a file")
    with pytest.raises(ResultsError, match="make it again with") as caught:
        READ[name](Results(folder))
    assert TRAIN in str(caught.value)


@pytest.mark.parametrize("name", ["launch.json", "evaluation.json"])
def test_other_version_is_refused(folder, name):
    path = folder / name
    path.write_text(json.dumps(json.loads(path.read_text()) | {"version": 1}))
    with pytest.raises(ResultsError, match=r"has version 1, this software reads version [23]"):
        READ[name](Results(folder))


def test_wrong_field_is_named_without_its_value(folder):
    path = folder / "launch.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"n_rows": "secret"}))
    with pytest.raises(ResultsError, match="n_rows") as caught:
        _ = Results(folder).launch
    assert "secret" not in str(caught.value)


def test_files_of_two_experiments_are_not_mixed(folder):
    path = folder / "evaluation.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"experiment": "other"}))
    with pytest.raises(ResultsError, match=r"'opt_demo'.*'other'"):
        _ = Results(folder).evaluation


def test_tables_without_a_column_are_refused(folder):
    for name in ("predictions.parquet", "contributions.parquet"):
        path = folder / name
        pd.read_parquet(path).drop(columns="row").to_parquet(path)
        with pytest.raises(ResultsError, match="'row'"):
            READ[name](Results(folder))


def test_a_block_without_predictions_is_an_error(folder):
    with pytest.raises(ResultsError, match="no external predictions"):
        Results(folder).procedure_predictions("external")
