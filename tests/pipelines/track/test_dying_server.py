"""A tracking server that is not there, dies or hangs costs a line; nothing is lost or doubled."""

import shutil
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import pytest
from requests import Session

from pipelines.track.__main__ import track
from pipelines.track.run_summary import MARK, WHOLE
from pipelines.track.sending import send, send_or_say
from pipelines.train.launch import run_experiment
from tests.made.checkout import REPO
from tests.made.quick_run import bits, write_quickest

pytest_plugins = ["tests.made.commands", "tests.made.finished_runs", "tests.made.serving_fixtures"]

OF_A_WHOLE_RUN = 90
"""Requests that it takes at least to send the quickest run."""

LONGEST = 10
"""Seconds until a dead store is said."""


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@pytest.fixture
def server(store, tmp_path):
    """Returns a function that serves a store of this test, for so many requests."""
    port, mlflow = _free_port(), store.mlflow
    before = mlflow.get_tracking_uri()
    mlflow.set_tracking_uri(f"http://127.0.0.1:{port}")

    @contextmanager
    def served(requests=-1, way="die"):
        command = [sys.executable, "-m", "tests.made.mlflow_server", str(tmp_path / "store")]
        with (tmp_path / "server.log").open("a") as log:
            running = subprocess.Popen(
                [*command, str(port), str(requests), way], cwd=REPO, stdout=log, stderr=log
            )
        try:
            patience = time.monotonic() + 60
            while not _answers(port) and time.monotonic() < patience:
                time.sleep(0.05)
            yield mlflow.MlflowClient()
        finally:
            running.kill()
            running.wait()

    yield served
    mlflow.set_tracking_uri(before)


def _answers(port):
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


@pytest.fixture
def copied(quickest, tmp_path):
    shutil.copytree(quickest, tmp_path / "results" / "quickest")
    return tmp_path / "results" / "quickest"


def _is_whole_and_there_once(client, folder):
    experiment = client.get_experiment_by_name("quickest")
    runs = client.search_runs([experiment.experiment_id])
    (launch,) = (r for r in runs if r.data.tags["kind"] == "launch")
    candidates = [r for r in runs if r.data.tags["kind"] == "candidate"]
    assert {r.info.status for r in runs} == {"FINISHED"}
    assert launch.data.tags[WHOLE] == "yes"
    assert sorted(r.info.run_name for r in candidates) == [
        *("best_single_marker", "clinical_only", "procedure", "reference")
    ]
    for run in candidates:
        history = client.get_metric_history(run.info.run_id, "fold_auroc")
        assert [point.step for point in history] == [0, 1]
    sent = {a.path for a in client.list_artifacts(launch.info.run_id)}
    assert {"launch.json", "evaluation.json", "report.html", "tables"} <= sent
    assert not {"predictions.parquet", "inner.parquet", "contributions.parquet"} & sent
    (version,) = client.search_model_versions("name = 'quickest'")
    assert version.run_id == launch.info.run_id
    named = client.get_model_version_by_alias("quickest", "challenger")
    assert named.version == version.version
    assert launch.data.tags["results_folder"] == str(folder)


@pytest.fixture
def answered(monkeypatch):
    """Moments at which the server answered."""
    moments, send = [], Session.send

    def sent(self, *args, **kwargs):
        answer = send(self, *args, **kwargs)
        moments.append(time.monotonic())
        return answer

    monkeypatch.setattr(Session, "send", sent)
    return moments


def _dies_and_is_sent_later(server, copied, called, capsys, answered, requests, way):
    with server(requests, way):
        answered.append(time.monotonic())
        send_or_say(copied)
        took = time.monotonic() - (max(answered) if way == "hang" else min(answered))
    said = capsys.readouterr().err
    # MLflow itself may have said that it registered a model
    assert [line for line in said.splitlines() if "nothing is lost" in line] == said.splitlines()[
        -1:
    ]
    assert "Traceback" not in said
    assert f"send them later with: python -m pipelines.track {copied}\n" in said
    assert took < (LONGEST + 1 if way == "hang" else 60)
    with server() as client:
        done = called(track, copied)
        assert done.returncode == 0
        assert done.stdout.startswith("sent as run ")
        assert called(track, copied).stdout.endswith("nothing was sent\n")
        _is_whole_and_there_once(client, copied)


@pytest.mark.parametrize(("requests", "way"), [(30, "die"), (OF_A_WHOLE_RUN - 5, "hang")])
def test_a_server_that_dies_half_way(server, copied, called, capsys, answered, requests, way):
    _dies_and_is_sent_later(server, copied, called, capsys, answered, requests, way)


@pytest.mark.slow
@pytest.mark.parametrize("requests", range(0, OF_A_WHOLE_RUN, 5))
@pytest.mark.parametrize("way", ["die", "hang", "refuse"])
def test_a_server_that_dies_at_any_moment(server, copied, called, capsys, answered, requests, way):
    _dies_and_is_sent_later(server, copied, called, capsys, answered, requests, way)


def test_a_launch_without_a_server_finishes_and_says_so_at_once(
    store, quickest, tmp_path, one_section, capfd
):
    mlflow = store.mlflow
    before = mlflow.get_tracking_uri()
    with socket.socket() as deaf:  # takes connections, and answers nothing
        deaf.bind(("127.0.0.1", 0))
        deaf.listen()
        mlflow.set_tracking_uri(f"http://name:secret@127.0.0.1:{deaf.getsockname()[1]}")
        started = time.monotonic()
        try:
            folder = run_experiment(write_quickest(tmp_path), tmp_path, jobs=1, track=True)
        finally:
            mlflow.set_tracking_uri(before)
    assert time.monotonic() - started < 2 * LONGEST + 30
    assert bits(folder) == bits(quickest)
    at_start, at_end = capfd.readouterr().err.splitlines()
    assert "the launch goes on" in at_start
    assert f"python -m pipelines.track {folder}" in at_end
    assert "secret" not in at_start + at_end
    # the store of the session takes it later
    sent = send(folder)
    assert not sent.before
    assert send(folder).before
    run = store.client.get_run(sent.run_id)
    assert run.data.tags[MARK]
    assert run.info.status == "FINISHED"


def test_a_launch_shows_as_running_and_is_one_run(store, tmp_path, one_section):
    text = Path(write_quickest(tmp_path)).read_text()
    file = tmp_path / "quickest_tracked.toml"
    file.write_text(text)
    folder = run_experiment(file, tmp_path, jobs=1, track=True)
    experiment = store.client.get_experiment_by_name("quickest_tracked")
    runs = store.client.search_runs([experiment.experiment_id], "tags.kind = 'launch'")
    assert [r.info.status for r in runs] == ["FINISHED"]
    assert send(folder).run_id == runs[0].info.run_id
