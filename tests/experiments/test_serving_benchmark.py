"""The benchmark of serving: small twins, and a judge that would see what it looks for."""

import asyncio
import json
import time

import pytest

from experiments.benchmarks import served, serving
from experiments.benchmarks.fuzzed_requests import SECRETS, fault, fuzzed, leaked
from signature.serve.answering import Answerer
from signature.serve.app import create_app
from signature.serve.serving import Scorer


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    return served.make(tmp_path_factory.mktemp("served"), n=150)


def called(app, request):
    """Answer one request without a socket: status, kind and content."""
    sent = []

    async def receive():
        return {"type": "http.request", "body": request.body, "more_body": False}

    async def send(message):
        sent.append(message)

    headers = [(k.lower().encode(), v.encode()) for k, v in request.headers.items()]
    scope = {
        "type": "http", "method": "POST", "path": "/score", "raw_path": b"/score",
        "query_string": b"", "headers": headers, "http_version": "1.1", "scheme": "http",
        "server": ("test", 80), "client": ("test", 1), "root_path": "",
    }  # fmt: skip
    asyncio.run(app(scope, receive, send))
    kind = dict(sent[0]["headers"]).get(b"content-type", b"").decode()
    return sent[0]["status"], kind, b"".join(m.get("body", b"") for m in sent[1:])


def test_nonsense_is_answered_in_words_that_repeat_nothing(models, caplog):
    cells = served.people(20, seed=4).astype(object)
    rows = cells.where(cells.notna(), None).to_dict(orient="records")
    app = create_app(Answerer(Scorer(models["linear"])))
    statuses = []
    for request in fuzzed(rows, 300):
        status, kind, content = called(app, request)
        assert not fault(status, kind, content), request
        statuses.append(status)
    assert not leaked(caplog.text)
    assert {200, 400, 415} <= set(statuses)
    assert statuses.count(200) >= 10


def test_the_judge_sees_what_it_looks_for():
    assert fault(500, "application/json", b"{}") == "status 500"
    assert fault(200, "text/plain", b"{}")
    assert fault(400, "application/json", b"<p>")
    for i, secret in enumerate(SECRETS):
        said = json.dumps({"error": f"unknown column {secret!r}"}).encode()
        assert fault(400, "application/json", said) == f"secret {i}"
    assert leaked("Traceback (most recent call last)")
    assert not fault(400, "application/json", b'{"error": "no rows"}')


def test_requests_are_drawn_by_their_seed():
    rows = [{"age": 30.0, "M1": None}]
    first, again, other = (list(fuzzed(rows, 40, seed)) for seed in (1, 1, 2))
    assert first == again != other


def test_a_row_a_batch_and_a_crowd_are_measured(models, tmp_path, monkeypatch):
    monkeypatch.setattr(serving, "BATCH", 200)
    monkeypatch.setattr(serving, "CLIENTS", 4)
    with served.served(models["trees"], tmp_path / "log.txt") as server:
        one = serving.latency({"trees": server}, 20)
        rows = serving.throughput(server, 2)
        many = serving.crowd(server, 5)
        lasting = serving.soak(server, minutes=0.02, pause=0)
    assert 0 < one["trees"]["p50"] <= one["trees"]["p99"]
    assert rows["plain"] > 0 < rows["explained"]
    assert (many["requests"], many["errors"]) == (20, 0)
    assert lasting["errors"] == 0 < lasting["requests"]
    assert len((tmp_path / "log.txt").read_text().splitlines()) == 1  # where it listens


def test_no_answer_waits_for_the_acknowledgement_of_its_first_part(models, tmp_path):
    """40 ms, where the socket does not say that it is TCP."""
    with served.served(models["linear"], tmp_path / "log.txt") as server:
        assert serving.latency({"linear": server}, 60)["linear"]["p50"] < 35


@pytest.mark.slow
def test_memory_stays_where_it_is_for_twenty_seconds(models, tmp_path):
    with served.served(models["trees"], tmp_path / "log.txt") as server:
        started = time.monotonic()
        found = serving.soak(server, minutes=1 / 3, pause=0)
        assert time.monotonic() - started < 40
    assert found["errors"] == 0
    assert found["megabytes_at_the_end"] < found["megabytes_after_a_tenth"] + 10
