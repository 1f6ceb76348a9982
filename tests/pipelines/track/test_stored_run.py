"""A run that MLflow keeps is evaluated again: its evaluation is put back, all else stays."""

import io
import json
import shutil
from pathlib import Path

import pandas as pd
import pytest

from pipelines.evaluate.__main__ import evaluate
from pipelines.track import tracking
from pipelines.track.person_tables import KEY_FILE
from pipelines.track.run_summary import THRESHOLD_TAG, threshold_tag
from pipelines.track.stored_run import is_run_id, rewritten_run
from signature.exceptions import ResultsError, TrackingError
from signature.records.inner_table import check_inner
from signature.records.results import Evaluation, check_predictions
from tests.made.held_out_factory import evaluated_folder

pytest_plugins = ["tests.made.serving_fixtures"]


@pytest.fixture(scope="module")
def made_up(tmp_path_factory):
    return evaluated_folder(tmp_path_factory.mktemp("results") / "made_up")


@pytest.fixture
def logged(store, made_up, tmp_path):
    """Returns the id of a launch whose results folder was changed before it was logged."""

    def log(change=lambda folder: None):
        folder = tmp_path / "made_up"
        shutil.copytree(made_up, folder)
        change(folder)
        with tracking.launch("made_up", "Made up") as tracked:
            tracked.log_results(folder)
        return tracked.run_id

    return log


def _artifacts(store, run_id):
    folder = Path(store.mlflow.artifacts.download_artifacts(run_id=run_id))
    return {
        str(file.relative_to(folder)): file.read_bytes()
        for file in folder.rglob("*")
        if file.is_file()
    }


def _evaluation(folder):
    return Evaluation.model_validate_json((folder / "evaluation.json").read_bytes())


def _values(evaluation):
    """Every estimate of every candidate; intervals are of draws, which other numbers change."""
    return {
        (block.name, candidate.name, metric): estimate.value
        for block in evaluation.blocks
        for candidate in block.candidates
        for metric, estimate in candidate.metrics.items()
    }


def _as_an_older_one(folder):
    """The same evaluation as if an older rule had given a lower claim and other numbers."""
    file = folder / "evaluation.json"
    old = json.loads(file.read_text())
    (procedure,) = (c for c in old["blocks"][-1]["candidates"] if c["name"] == "procedure")
    procedure["metrics"]["auroc"]["value"] = 0.51
    old["verdict"]["auroc"]["value"] = 0.51
    old["claim"]["rung"] = "none"
    old["final_thresholds"][0]["rule"] = "a rule that there was once"
    Evaluation.model_validate(old).write(file)


def test_the_evaluation_is_put_back_and_all_other_files_stay(store, logged, made_up, capfd):
    run_id = logged(_as_an_older_one)
    before = _artifacts(store, run_id)
    evaluate(run_id)
    after = _artifacts(store, run_id)
    assert set(after) == set(before)
    assert [name for name in before if before[name] != after[name]] == ["evaluation.json"]
    # the files are the launch's but for the numbers of rows, which decide about draws alone
    written = Evaluation.model_validate_json(after["evaluation.json"])
    assert _values(written) == pytest.approx(_values(_evaluation(made_up)))
    told = capfd.readouterr()
    assert "Traceback" not in told.err
    lines = [line for line in told.out.splitlines() if line]
    assert [line.split(":")[0] for line in lines] == [
        f"run {run_id}, evaluation.json",
        "Internally validated",
        "report.html and the other artifacts of the run",
    ]


def test_what_the_store_shows_of_the_evaluation_follows(store, logged):
    run_id = logged(_as_an_older_one)
    assert store.client.get_run(run_id).data.tags["claim"] == "none"
    evaluate(run_id)
    run = store.client.get_run(run_id)
    found = Evaluation.model_validate_json(_artifacts(store, run_id)["evaluation.json"])
    assert run.data.tags["claim"] == "internally validated"
    assert run.data.metrics["auroc"] == found.verdict.auroc.value > 0.8
    exported = {k for k in run.data.tags if k.startswith(THRESHOLD_TAG)}
    assert len(exported) == 3
    assert exported == {threshold_tag(t.rule) for t in found.final_thresholds}
    assert run.info.status == "FINISHED"
    (child,) = store.client.search_runs(
        [run.info.experiment_id],
        f"tags.mlflow.parentRunId = '{run_id}' and params.candidate = 'procedure'",
    )
    assert child.data.metrics["auroc"] == run.data.metrics["auroc"]


def test_a_results_folder_and_its_run_give_the_same(store, logged, made_up, tmp_path):
    run_id = logged()
    folder = tmp_path / "again"
    shutil.copytree(made_up, folder)
    evaluate(str(folder))
    evaluate(run_id)
    found = Evaluation.model_validate_json(_artifacts(store, run_id)["evaluation.json"])
    written = _evaluation(folder)
    assert _values(found) == pytest.approx(_values(written))
    assert (found.claim.rung, found.verdict.adds) == (written.claim.rung, written.verdict.adds)
    assert found.final_thresholds == written.final_thresholds


def test_a_run_that_there_is_not_is_named_and_where_to_look(store):
    with pytest.raises(TrackingError, match=r"no run 0{32} in .*MLFLOW_TRACKING_URI"):
        evaluate("0" * 32)


def test_a_candidates_run_tells_its_launch(store, logged):
    run_id = logged()
    run = store.client.get_run(run_id)
    child = store.client.search_runs(
        [run.info.experiment_id], f"tags.mlflow.parentRunId = '{run_id}'"
    )[0]
    with pytest.raises(TrackingError, match=f"evaluate its launch, which is run {run_id}"):
        evaluate(child.info.run_id)


def test_a_launch_that_left_no_results_says_how_to_get_some(store):
    with pytest.raises(ValueError, match="died"), tracking.launch("made_up", "t") as tracked:
        raise ValueError("died")
    with pytest.raises(TrackingError, match=r"lacks launch.json.*python -m pipelines.train"):
        evaluate(tracked.run_id)


def test_a_run_of_before_the_inner_predictions_says_what_it_lacks(store, logged):
    run_id = logged(lambda folder: (folder / "inner.parquet").unlink())
    with pytest.raises(TrackingError, match=r"it lacks inner.parquet;"):
        evaluate(run_id)


def _person_level_stays(folder):
    file = folder / "launch.json"
    told = json.loads(file.read_text())
    del told["experiment"]["tracking"]
    file.write_text(json.dumps(told))


def test_a_run_whose_tables_stayed_says_where_they_are(store, logged, tmp_path):
    run_id = logged(_person_level_stays)
    assert not {"predictions.parquet", "inner.parquet"} & set(_artifacts(store, run_id))
    with pytest.raises(TrackingError) as caught:
        evaluate(run_id)
    said = str(caught.value)
    assert f"stayed in {tmp_path / 'made_up'} on " in said
    assert f"python -m pipelines.evaluate {tmp_path / 'made_up'}" in said
    assert "person_level = true" in said


def test_what_travels_has_other_numbers_and_another_order(store, logged, made_up, tmp_path):
    run_id = logged()
    key = (tmp_path / "made_up" / KEY_FILE).read_text()
    assert len(key) == 64
    assert (tmp_path / "made_up" / KEY_FILE).stat().st_mode & 0o077 == 0
    sent = _artifacts(store, run_id)
    assert KEY_FILE not in sent
    assert not any(key.encode() in content for content in sent.values())
    own = pd.read_parquet(made_up / "predictions.parquet")
    other = pd.read_parquet(io.BytesIO(sent["predictions.parquet"]))
    values = [c for c in own if c not in ("row", "person", "plate")]
    assert list(other) == list(own)
    by = ["block", "candidate", "repeat", "fold", "probability", "outcome"]
    pd.testing.assert_frame_equal(
        own[values].sort_values(by, ignore_index=True),
        other[values].sort_values(by, ignore_index=True),
    )
    assert set(other["row"]) == set(own["row"]) == set(range(400))
    one, two = (
        t[
            (t["candidate"] == "procedure") & (t["repeat"] == 0) & (t["block"] == "internal")
        ].set_index("probability")["row"]
        for t in (own, other)
    )
    moved = pd.concat([one, two], axis=1, keys=["own", "other"])
    assert abs(moved.corr(method="spearman").iloc[0, 1]) < 0.3
    assert (moved["own"] != moved["other"]).mean() > 0.9
    # within a fold rows are sorted by their new numbers, which say nothing
    for _, fold in other.groupby(["block", "candidate", "repeat", "fold"]):
        assert fold["row"].is_monotonic_increasing


def test_both_tables_travel_under_the_same_numbers(store, logged):
    sent = _artifacts(store, logged())
    predictions, inner = (
        pd.read_parquet(io.BytesIO(sent[name])) for name in ("predictions.parquet", "inner.parquet")
    )
    check_inner(inner, check_predictions(predictions))


def test_a_deleted_run_is_not_written_into(store, logged):
    run_id = logged()
    store.client.delete_run(run_id)
    with pytest.raises(TrackingError, match=f"mlflow runs restore --run-id {run_id}"):
        evaluate(run_id)


def test_a_damaged_file_is_named_by_its_run_and_nothing_is_put_back(store, logged, tmp_path):
    run_id = logged()
    (tmp_path / "inner.parquet").write_bytes(b"broken")
    store.client.log_artifact(run_id, str(tmp_path / "inner.parquet"))
    before = _artifacts(store, run_id)
    with pytest.raises(ResultsError) as caught:
        evaluate(run_id)
    assert str(caught.value) == (
        f"run {run_id}: inner.parquet is not a Parquet file; make it again with: "
        "python -m pipelines.train experiments/made_up.toml"
    )
    assert _artifacts(store, run_id) == before


def test_what_was_fetched_is_gone_afterwards(store, logged):
    run_id = logged()
    before = _artifacts(store, run_id)
    folders = []

    def stopped_half_way():
        with rewritten_run(run_id) as folder:
            folders.append(folder)
            assert sorted(file.name for file in folder.iterdir()) == [
                *("evaluation.json", "inner.parquet", "launch.json"),
                *("predictions.parquet", "sentinels.json"),
            ]
            (folder / "evaluation.json").write_text("half of it")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stopped_half_way()
    assert not folders[0].exists()
    assert _artifacts(store, run_id) == before


def test_a_store_that_takes_nothing_is_a_named_error(store, logged, monkeypatch):
    run_id = logged()

    def refuse(*_):
        raise store.mlflow.MlflowException("read only")

    monkeypatch.setattr(store.mlflow.MlflowClient, "log_artifact", refuse)
    with pytest.raises(TrackingError, match=f"did not take the evaluation of run {run_id}"):
        evaluate(run_id)


@pytest.mark.parametrize("text", ["nowhere", "0" * 31, "0" * 33, "G" * 32])
def test_what_is_neither_folder_nor_run_is_told_so(text):
    assert not is_run_id(text)
    with pytest.raises(ResultsError, match="neither a results folder nor the id of an MLflow run"):
        evaluate(text)
