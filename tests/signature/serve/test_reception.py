"""Requests over a real socket: whole, half, compressed, slow, many at once."""

import asyncio
import gzip
import json
import logging
import socket
import threading
import time

import pytest

from signature.command import UNREADABLE, main
from signature.serve import reception as module
from signature.serve.answering import Answerer
from signature.serve.app import create_app, serve
from signature.serve.request_limits import RequestLimits
from signature.serve.serving import Scorer

pytest_plugins = ["tests.made.serving_fixtures"]

uvicorn = pytest.importorskip("uvicorn")

ROW = {"age": 30, "bmi": 22.5, "smoker": 0, "CRP": 2.0}
BODY = json.dumps({"dataframe_records": [ROW]}).encode()

KIND = (b"content-type", b"application/json")


@pytest.fixture(scope="module")
def port(model_folders):
    """A server in a thread, whose senders have a second and whose bodies have 100 kB."""
    limits = RequestLimits(most_bytes=100_000)
    answerer = Answerer(Scorer(model_folders["elastic_net"]), limits)
    app = create_app(answerer, reading_seconds=1.0)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        free = probe.getsockname()[1]
    settings = uvicorn.Config(app, port=free, log_config=None, access_log=False)
    server = uvicorn.Server(settings)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    yield free
    server.should_exit = True
    thread.join(10)


def begun(port, headers, body=b""):
    """Send headers and the beginning of a body; the socket stays open."""
    lines = [b"POST /score HTTP/1.1", b"Host: test", b"Content-Type: application/json", *headers]
    sender = socket.create_connection(("127.0.0.1", port), timeout=10)
    sender.sendall(b"\r\n".join([*lines, b"", body]))
    return sender


def answer(sender):
    said = b""
    with sender:
        while chunk := sender.recv(65536):
            said += chunk
    head, _, content = said.partition(b"\r\n\r\n")
    return int(head.split()[1]), json.loads(content)


def length(n):
    return b"Content-Length: %d" % n, b"Connection: close"


def test_a_whole_request_is_answered(port):
    status, said = answer(begun(port, length(len(BODY)), BODY))
    assert (status, len(said["predictions"])) == (200, 1)


def chunks(body, size):
    for i in range(0, len(body), size):
        part = body[i : i + size]
        yield b"%x\r\n%s\r\n" % (len(part), part)
    yield b"0\r\n\r\n"


def test_a_body_without_its_length_is_counted_while_it_arrives(port):
    told = (b"Transfer-Encoding: chunked", b"Connection: close")
    assert answer(begun(port, told, b"".join(chunks(BODY, 7))))[0] == 200
    sender = begun(port, told)
    sender.sendall(b"".join(list(chunks(b" " * 150_000, 50_000))[:-1]))
    status, said = answer(sender)  # the end never came
    assert (status, "MiB long" in said["error"]) == (413, True)


def test_a_length_that_is_too_great_is_refused_before_the_body(port):
    started = time.monotonic()
    assert answer(begun(port, length(10**12)))[0] == 413
    assert time.monotonic() - started < 0.9


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "GZIP, gzip"])
def test_a_compressed_body_is_not_unpacked(port, encoding):
    packed = gzip.compress(b" " * 50_000_000)
    headers = (*length(len(packed)), b"Content-Encoding: " + encoding.encode())
    status, said = answer(begun(port, headers, packed[:90_000]))
    assert (status, "Content-Encoding" in said["error"]) == (415, True)


def test_a_body_that_drips_is_given_up(port):
    sender = begun(port, length(len(BODY)))
    for letter in BODY[:8]:
        sender.sendall(bytes([letter]))
        time.sleep(0.05)
    status, said = answer(sender)
    assert (status, "not whole after 1 s" in said["error"]) == (408, True)


def test_senders_who_leave_are_no_line_each(port, caplog):
    with caplog.at_level(logging.WARNING):
        halves = [begun(port, length(5000), BODY[:20]) for _ in range(200)]
        for half in halves:
            half.close()
        assert answer(begun(port, length(len(BODY)), BODY))[0] == 200
        time.sleep(1.2)
    assert len(caplog.records) <= 1


@pytest.mark.parametrize("leave", [True, False])
def test_two_hundred_halves_are_one_line_of_the_log(model_folders, leave, caplog):
    """Some leave, others wait until they are told; the loop stays free for those who are whole."""
    answerer = Answerer(Scorer(model_folders["elastic_net"]))
    desk = module.Reception(answerer, reading_seconds=0.3)
    starlette = pytest.importorskip("starlette.requests")

    def request(body, more):
        scope = {
            "type": "http",
            "method": "POST",
            "headers": [(b"content-type", b"application/json")],
        }
        told = iter([{"type": "http.request", "body": body, "more_body": more}])

        async def receive():
            if (message := next(told, None)) is not None:
                return message
            if not leave:
                await asyncio.sleep(60)
            return {"type": "http.disconnect"}

        return starlette.Request(scope, receive)

    async def all_at_once():
        halves = [desk.respond(request(BODY[:20], True)) for _ in range(200)]
        return await asyncio.gather(*halves, desk.respond(request(BODY, False)))

    with caplog.at_level(logging.INFO):
        *halves, (status, _) = asyncio.run(all_at_once())
    assert status == 200
    assert {s for s, _ in halves} == {400 if leave else 408}
    assert len(caplog.records) == 1
    assert desk._held == 0


def test_bodies_that_together_would_fill_the_memory_are_put_off(model_folders, monkeypatch):
    answerer = Answerer(Scorer(model_folders["elastic_net"]), RequestLimits(most_bytes=1000))
    desk = module.Reception(answerer, reading_seconds=0.2)
    starlette = pytest.importorskip("starlette.requests")

    def request():
        scope = {
            "type": "http",
            "method": "POST",
            "headers": [(b"content-type", b"application/json")],
        }
        told = iter([{"type": "http.request", "body": b" " * 900, "more_body": True}])

        async def receive():
            if (message := next(told, None)) is None:
                await asyncio.sleep(60)
            return message

        return starlette.Request(scope, receive)

    async def all_at_once():
        return await asyncio.gather(*(desk.respond(request()) for _ in range(10)))

    statuses = [status for status, _ in asyncio.run(all_at_once())]
    assert statuses.count(503) == 10 - module.AT_ONCE
    assert statuses.count(408) == module.AT_ONCE
    assert desk._held == 0


@pytest.mark.parametrize(
    ("host", "port"),
    [
        ("127.0.0.1", "taken"),
        ("127.0.0.1", 65536),
        ("127.0.0.1", -1),
        ("nohost.invalid", 0),
        ("a" * 300, 0),
        ("192.0.2.1", 0),  # of documentation, no machine's own
    ],
)
def test_where_nobody_can_listen_is_one_line_and_nothing_is_announced(
    model_folders, capsys, host, port
):
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = other.getsockname()[1] if port == "taken" else port
        told = ["serve", str(model_folders["elastic_net"]), "--host", host, "--port", str(taken)]
        assert main(told) == UNREADABLE
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("signature serve: cannot listen at ")
    assert err.count("\n") == 1


def test_a_free_port_is_said_once_it_answers(model_folders):
    answerer, told = Answerer(Scorer(model_folders["elastic_net"])), []
    options = {"host": "127.0.0.1", "port": 0, "listening": told.append}
    threading.Thread(target=serve, args=(answerer,), kwargs=options, daemon=True).start()
    while not told:
        time.sleep(0.02)
    status, _ = answer(begun(told[0], length(len(BODY)), BODY))
    assert status == 200
