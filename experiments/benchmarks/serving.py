"""How quickly a model answers, how much at once, for how long, and what it says to nonsense.

``python -m experiments.benchmarks.serving`` makes a linear model and one of trees, serves each with
``signature serve`` and with MLflow's own server, and beside them a bare server that sends back what
it got. One explained row goes to each in turn over connections that stay open, so that whatever
else the machine does is shared; batches of 10,000 rows, 32 clients at once, a soak and requests
that nobody should send go to ``signature serve``; a fifth of the latter to MLflow's server, too.
The numbers go to ``serving.json`` beside it.
"""

from __future__ import annotations

import http.client
import json
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from experiments.benchmarks.fuzzed_requests import fault, fuzzed, leaked
from experiments.benchmarks.served import (
    Server,
    body,
    echoing,
    make,
    people,
    served,
    served_by_mlflow,
)

OUT = Path(__file__).with_suffix(".json")
BATCH = 10_000
CLIENTS = 32


def latency(servers: dict[str, Server], n: int) -> dict[str, dict[str, float]]:
    """Send one explained row to each server in turn, `n` times; milliseconds by server."""
    one = body(1, explain=True)
    seconds: dict[str, list[float]] = {name: [] for name in servers}
    with ExitStack() as stack:
        open_ = {name: stack.enter_context(s.connected()) for name, s in servers.items()}
        for turn in range(n + 50):
            for name, server in servers.items():
                started = time.perf_counter()
                status, _ = server.post(open_[name], one)
                took = time.perf_counter() - started
                if status != 200:
                    raise RuntimeError(f"{name} answered {status}")
                if turn >= 50:  # the first ones warm up
                    seconds[name].append(took)
    return {name: _milliseconds(found) for name, found in seconds.items()}


def throughput(server: Server, rounds: int) -> dict[str, float]:
    """Send batches; the median of rows per second, plain and explained."""
    found: dict[str, float] = {}
    for name, params in (("plain", {}), ("explained", {"explain": True})):
        sent = body(BATCH, **params)
        seconds = []
        with server.connected() as connection:
            for _ in range(rounds):
                started = time.perf_counter()
                status, _ = server.post(connection, sent)
                seconds.append(time.perf_counter() - started)
                if status != 200:
                    raise RuntimeError(f"a batch was answered {status}")
        found[name] = round(BATCH / float(np.median(seconds)))
    return found


def crowd(server: Server, each: int) -> dict[str, float]:
    """Let 32 clients send one explained row again and again, all at once."""
    one = body(1, explain=True)

    def client(_: int) -> list[float]:
        seconds = []
        with server.connected() as connection:
            for _ in range(each):
                started = time.perf_counter()
                try:
                    status, _ = server.post(connection, one)
                except (OSError, http.client.HTTPException):
                    connection.close()
                    status = 0
                seconds.append(time.perf_counter() - started if status == 200 else np.nan)
        return seconds

    started = time.perf_counter()
    with ThreadPoolExecutor(CLIENTS) as pool:
        seconds = np.concatenate(list(pool.map(client, range(CLIENTS))))
    took = time.perf_counter() - started
    known = seconds[~np.isnan(seconds)]
    return {
        "clients": CLIENTS,
        "requests": len(seconds),
        "errors": int(np.isnan(seconds).sum()),
        "requests_per_second": round(len(seconds) / took),
        **_milliseconds(known.tolist()),
    }


def soak(server: Server, minutes: float, pause: float = 0.005) -> dict[str, float]:
    """Send what partners send, refused rows and batches among it, and watch the memory."""
    good, batch = body(1, explain=True), body(200, explain=True)
    refused = good.replace(b'"age"', b'"Age"')
    kinds = [(good, 200)] * 8 + [(batch, 200), (refused, 400)]
    sent = errors = 0
    started = time.monotonic()
    seconds, memory = [0.0], [server.megabytes]
    with server.connected() as connection:
        while (now := time.monotonic() - started) < 60 * minutes:
            content, expected = kinds[sent % len(kinds)]
            errors += server.post(connection, content)[0] != expected
            sent += 1
            if now - seconds[-1] > 0.6 * minutes:
                seconds.append(now)
                memory.append(server.megabytes)
            time.sleep(pause)
    tenth = max(len(memory) // 10, 1)
    first, last = np.median(memory[tenth : 2 * tenth + 1]), np.median(memory[-tenth:])
    return {
        "minutes": round((time.monotonic() - started) / 60, 2),
        "requests": sent,
        "errors": errors,
        "megabytes_after_a_tenth": round(float(first), 1),
        "megabytes_at_the_end": round(float(last), 1),
        "megabytes_at_most": round(float(np.max(memory)), 1),
    }


def nonsense(server: Server, n: int) -> dict[str, int]:
    """Send requests that nobody should send; count what an answer must not be."""
    cells = people(20, seed=4).astype(object)
    rows = cells.where(cells.notna(), None).to_dict(orient="records")
    faults = good = 0
    with server.connected() as connection:
        for request in fuzzed(rows, n):
            try:
                connection.request("POST", server.path, request.body, request.headers)
                with connection.getresponse() as answer:
                    content = answer.read()
            except (OSError, http.client.HTTPException):
                connection.close()
                faults += 1
                continue
            kind = answer.headers.get("content-type", "")
            faults += bool(fault(answer.status, kind, content))
            good += answer.status == 200
    log = server.log.read_text(encoding="utf-8", errors="replace")
    return {
        "requests": n,
        "scored": good,
        "faults": faults,
        "tracebacks_or_values_in_the_log": int(bool(leaked(log))),
    }


def _milliseconds(seconds: list[float]) -> dict[str, float]:
    low, high = np.quantile(seconds, [0.5, 0.99]) * 1000
    return {"p50": round(float(low), 2), "p99": round(float(high), 2)}


def main(
    requests: Annotated[int, typer.Option(help="Single rows to each server")] = 1500,
    rounds: Annotated[int, typer.Option(help="Batches of each kind")] = 7,
    minutes: Annotated[float, typer.Option(help="Of the soak; 0: none")] = 20.0,
    fuzz: Annotated[int, typer.Option(help="Requests that nobody should send")] = 10_000,
) -> None:
    """Measure everything in one go and write it down."""
    with tempfile.TemporaryDirectory() as place, ExitStack() as stack:
        folder = Path(place)
        models = make(folder)
        servers = {"echo": stack.enter_context(echoing(folder / "echo.log"))}
        for name, model in models.items():
            log = folder / f"{name}.log"
            servers[name] = stack.enter_context(served(model, log))
            log = folder / f"{name}_by_mlflow.log"
            servers[f"{name}_by_mlflow"] = stack.enter_context(served_by_mlflow(model, log))
        found: dict[str, Any] = {"columns": people(1).shape[1], "batch": BATCH}
        found["milliseconds"] = latency(servers, requests)
        found["rows_per_second"] = {name: throughput(servers[name], rounds) for name in models}
        found["crowd"] = {name: crowd(servers[name], requests // 10) for name in models}
        found["fuzzed"] = {name: nonsense(servers[name], fuzz) for name in ("linear",)}
        found["fuzzed"]["linear_by_mlflow"] = nonsense(servers["linear_by_mlflow"], fuzz // 5)
        if minutes:
            found["soak"] = soak(servers["trees"], minutes)
    OUT.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    typer.echo(json.dumps(found, indent=1))


if __name__ == "__main__":
    typer.run(main)
