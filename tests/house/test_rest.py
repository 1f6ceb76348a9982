"""The registered model over real HTTP: ``mlflow models serve``."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pandas as pd
import pytest

from pipelines.track import tracking
from signature.serve.persistence import load_model, save_model
from signature.serve.serving import Scorer
from tests.made.checkout import REPO

pytest_plugins = ["tests.made.serving_fixtures"]

SECRET = 73.123456789
PATIENCE = 90
"""Seconds to wait for the server on a busy machine; it needs about ten."""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """A running scoring server and what it prints."""

    def __init__(self, uri, env, log):
        self.port, self.log = free_port(), log
        # the module, not the script beside the interpreter: the latter may not be on PATH
        command = [sys.executable, "-m", "mlflow", "models", "serve", "-m", uri, "-h", "127.0.0.1"]
        path = os.pathsep.join([str(Path(sys.executable).parent), env.get("PATH", "")])
        with log.open("w") as out:
            self.process = subprocess.Popen(
                [*command, "-p", str(self.port), "--env-manager", "local"],
                env={**env, "PYTHONPATH": str(REPO), "PATH": path},
                cwd=log.parent,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def wait(self):
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/ping", timeout=5):
                    return self
            except OSError:
                assert self.process.poll() is None, self.log.read_text()
                time.sleep(0.2)
        raise AssertionError(f"no answer in {PATIENCE} s: {self.log.read_text()}")

    def stop(self):
        # the command starts uvicorn as a child: the whole session must go
        os.killpg(self.process.pid, signal.SIGTERM)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(10)

    def post(self, content, kind="application/json"):
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/invocations", body, {"Content-Type": kind}
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()


@pytest.fixture(scope="module")
def folder(model_folders, tmp_path_factory):
    """The boosting model under a name of its own in the registry."""
    procedure, card = load_model(model_folders["shallow_xgboost"])
    renamed = card.model_copy(update={"experiment": "opt_rest"})
    return save_model(procedure, renamed, tmp_path_factory.mktemp("rest") / "model")


@pytest.fixture(scope="module")
def server(store, folder, evaluations, tmp_path_factory):
    with tracking.launch("opt_rest", "t") as tracked:
        assert tracked.register(folder, evaluations[True]).uri == "models:/opt_rest@champion"
    log = tmp_path_factory.mktemp("server") / "log.txt"
    running = Server("models:/opt_rest@champion", store.env, log)
    try:
        yield running.wait()
    finally:
        running.stop()


@pytest.fixture(scope="module")
def scorer(folder):
    return Scorer(folder)


def as_records(rows):
    return rows.astype(object).where(rows.notna(), None).to_dict(orient="records")


def refusal(server, content, kind="application/json"):
    status, body = server.post(content, kind)
    assert 400 <= status < 500
    assert "73.1" not in body
    return json.loads(body)["message"]


def row(**cells):
    return {"age": 25, "bmi": 22.5, "smoker": 0, "IL6": 9.0, "CRP": SECRET} | cells


@pytest.mark.parametrize("params", [{}, {"explain": True}, {"explain": True, "top_k": 2}])
@pytest.mark.parametrize("shape", ["dataframe_records", "dataframe_split"])
def test_the_same_answer_as_in_python(shape, params, server, scorer, rows, store):
    cells = as_records(rows)
    if shape == "dataframe_split":
        cells = {"columns": list(rows), "data": [list(r.values()) for r in cells]}
    status, body = server.post({shape: cells, "params": params})
    assert status == 200
    got = pd.DataFrame(json.loads(body)["predictions"])
    expected = scorer.score(rows, **params)
    pd.testing.assert_frame_equal(got, expected, check_exact=True, check_dtype=False)
    loaded = store.mlflow.pyfunc.load_model("models:/opt_rest@champion")
    assert loaded.predict(rows, params=params).equals(expected)


def test_whole_numbers_nulls_and_absent_markers_are_fine(server, scorer):
    sent = row(CRP=None)
    status, body = server.post({"dataframe_records": [sent]})
    assert status == 200
    (got,) = json.loads(body)["predictions"]
    expected = scorer.score(pd.DataFrame([sent]).astype("float64"))
    assert got == expected.to_dict(orient="records")[0]


def test_a_value_out_of_range_is_flagged(server):
    _, body = server.post({"dataframe_records": [row(bmi=99)]})
    assert json.loads(body)["predictions"][0]["out_of_range"] == "bmi"


def test_a_missing_required_column_is_named(server):
    without = {k: v for k, v in row().items() if k != "age"}
    assert refusal(server, {"dataframe_records": [without]}) == "missing required column 'age'"


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        ({"IL6": "<73.1"}, "text where a number is expected in 'IL6' (1 of 1 rows)"),
        ({"IL6": "73.1"}, "text where a number is expected in 'IL6' (1 of 1 rows)"),
        ({"IL6": True}, "true or false where a number is expected in 'IL6'"),
        ({"IL_6": 73.1}, "unknown column 'IL_6' (did you mean 'IL6'?)"),
        ({"age": 73.1}, "a number outside 14 to 50 years in 'age' (1 of 1 rows: row 1)"),
        ({"smoker": 73.1}, "a number other than 0 or 1 in 'smoker'"),
        ({"IL6__below": 73.1}, "both a value in 'IL6' and a limit in 'IL6__below'"),
    ],
)
def test_a_bad_row_is_refused_in_our_words(cells, message, server):
    assert refusal(server, {"dataframe_records": [row(**cells)]}).startswith(message)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b'{"dataframe_records": [{"IL6": Infinity, "CRP": 73.1}]}', "Infinity is not JSON"),
        (b'{"dataframe_records": [{"CRP": 73.1}', "not valid JSON"),
        (b'{"dataframe_records": []}', "no rows"),
        (b'{"instances": [{"CRP": 73.1}]}', "expected a JSON object"),
        (b'{"inputs": {"CRP": [73.1]}}', "expected a JSON object"),
    ],
)
def test_a_bad_request_is_refused_in_our_words(body, message, server):
    assert message in refusal(server, body)


@pytest.mark.parametrize(
    "params", [{"explian": True}, {"explain": "yes"}, {"explain": True, "top_k": -1}, {"top_k": 2}]
)
def test_bad_params_are_refused(params, server):
    assert "'" in refusal(server, {"dataframe_records": [row()], "params": params})


def test_only_json_is_taken(server):
    status, body = server.post(b"age,CRP\n25,73.1\n", "text/csv")
    assert (status, "73.1" in body) == (415, False)
    assert "application/json" in body


def test_what_is_too_long_or_compressed_is_refused_while_it_is_read(server):
    for headers, expected in (
        ({"Content-Length": str(10**10)}, 413),
        ({"Content-Encoding": "gzip"}, 415),
    ):
        request = urllib.request.Request(
            f"http://127.0.0.1:{server.port}/invocations",
            b'{"dataframe_records": [{"CRP": 73.1}]}',
            {"Content-Type": "application/json", **headers},
        )
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(request, timeout=10)
        with refused.value as error:
            assert error.code == expected
            assert "73.1" not in json.loads(error.read())["message"]


def test_no_value_is_in_the_log(server):
    """Runs last: every request above carried this value."""
    assert server.post({"dataframe_records": [row(IL6="<73.1")]})[0] == 400
    log = server.log.read_text()
    assert "73.1" not in log
    assert "Traceback" not in log
