"""Nothing that is sent has a row per person, unless the experiment lets it."""

import io
import json
from pathlib import Path

import pandas as pd
import pytest

from pipelines.track.sending import send
from pipelines.train.launch import run_experiment
from tests.made.quick_run import QUICKEST, write_quickest

pytest_plugins = ["tests.made.finished_runs", "tests.made.serving_fixtures"]

PEOPLE = 320


def _longest(value):
    """Length of the longest list or table of keys in a JSON file."""
    if isinstance(value, dict):
        return max([len(value), *map(_longest, value.values())])
    return max([len(value), *map(_longest, value)], default=0) if isinstance(value, list) else 0


def _sent(store, run_id):
    folder = Path(store.mlflow.artifacts.download_artifacts(run_id=run_id))
    return {str(f.relative_to(folder)): f.read_bytes() for f in folder.rglob("*") if f.is_file()}


def test_what_is_sent_has_no_row_per_person(store, quickest):
    assert json.loads((quickest / "launch.json").read_text())["n_rows"] == PEOPLE
    sent = _sent(store, send(quickest).run_id)
    assert len(sent) > 10
    for name, content in sent.items():
        if name.endswith(".json"):
            assert _longest(json.loads(content)) < PEOPLE / 2, name
        elif name.endswith(".parquet"):
            assert len(pd.read_parquet(io.BytesIO(content))) < PEOPLE / 2, name
        elif name.endswith(".csv"):
            assert len(pd.read_csv(io.BytesIO(content))) < PEOPLE / 2, name
        else:
            assert name.endswith((".html", ".svg")), name
    for kept in ("predictions.parquet", "inner.parquet", "contributions.parquet", "folds"):
        assert not [name for name in sent if kept in name]


def test_an_experiment_may_let_them_travel(store, tmp_path, one_section):
    text = QUICKEST + "[tracking]\nperson_level = true\n"
    file = write_quickest(tmp_path, text).rename(tmp_path / "quickest_open.toml")
    folder = run_experiment(file, tmp_path, jobs=1, track=True)
    run_id = send(folder).run_id
    sent = _sent(store, run_id)
    table = pd.read_parquet(io.BytesIO(sent["predictions.parquet"]))
    own = pd.read_parquet(folder / "predictions.parquet")
    assert len(table) == len(own)
    assert not (table["row"].to_numpy() == own["row"].to_numpy()).all()
    assert store.client.get_run(run_id).data.tags["person_level"] == "sent"
    assert "contributions.parquet" not in sent


@pytest.mark.parametrize("told", ["1", '"yes"', "{}"])
def test_the_key_is_yes_or_no(told, tmp_path):
    from pipelines.question.experiment import load_experiment
    from signature.exceptions import ExperimentError

    file = write_quickest(tmp_path, f"{QUICKEST}[tracking]\nperson_level = {told}\n")
    with pytest.raises(ExperimentError, match=r"tracking.person_level"):
        load_experiment(file)
