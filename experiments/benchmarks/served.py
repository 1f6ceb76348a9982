"""Models to serve, made up, and servers that answer for them: for the benchmark of serving."""

from __future__ import annotations

import http.client
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from models import elastic_net, shallow_xgboost
from pipelines.track import tracking
from signature.learn.calibration import CalibratedProcedure
from signature.serve.persistence import ModelCard, save_model
from signature.serve.serving import Scorer, serving_schema
from signature.study.schema import BELOW, Column, FeatureSchema, Role, Scale, censored

LIMITED, OTHERS = 10, 15
MODELS = {"linear": elastic_net, "trees": shallow_xgboost}
PATIENCE = 120.0
"""Seconds that a server may take to start."""

ECHO = """
import sys, uvicorn
from fastapi import FastAPI, Request, Response
app = FastAPI()
@app.post("/score")
async def echo(request: Request) -> Response:
    return Response(await request.body(), media_type="application/json")
@app.get("/ping")
async def ping() -> dict[str, str]:
    return {}
uvicorn.run(app, port=int(sys.argv[1]), log_level="warning", access_log=False)
"""


def schema() -> FeatureSchema:
    """Three clinical columns and 25 markers, ten of them with a detection limit."""
    clinical = (
        Column("age", Role.CLINICAL, "clinic", unit="years", low=18, high=90),
        Column("bmi", Role.CLINICAL, "clinic", unit="kg/m2", low=12, high=70),
        Column("smoker", Role.CLINICAL, "clinic", scale=Scale.YES_NO),
    )
    told: dict[str, Any] = {"unit": "pg/mL", "scale": Scale.LOG2, "low": 0, "high": 1e4}
    markers = [
        Column(f"M{i}", Role.MARKER, "marker", **told) for i in range(1, LIMITED + OTHERS + 1)
    ]
    limited = (c for marker in markers[:LIMITED] for c in censored(marker))
    return FeatureSchema((*clinical, *limited, *markers[LIMITED:])).choose(
        baseline=["clinic"], panel=["marker"]
    )


def people(n: int, seed: int = 1) -> pd.DataFrame:
    """Rows of nobody, shape (n, n_columns)."""
    rng = np.random.default_rng(seed)
    columns = schema()
    X = pd.DataFrame({c: np.exp(rng.normal(2, 1, n)).round(4) for c in columns.names})
    X["age"] = rng.integers(18, 90, n).astype(float)
    X["bmi"] = rng.normal(26, 3, n).clip(15, 60).round(1)
    X["smoker"] = (rng.random(n) < 0.3).astype(float)
    for limit in columns.limits:
        low = rng.random(n) < 0.2
        X[limit] = np.where(low, 2.5, np.nan)
        marker = limit.removesuffix(BELOW)
        X[marker] = X[marker].mask(low)
    return X


def make(folder: Path, n: int = 600) -> dict[str, Path]:
    """Fit one model of each kind and save it; return the folders."""
    X, columns = people(n), schema()
    score = np.log(X["M11"]) - np.log(X["M12"]) + X["smoker"] * np.log(X["M13"])
    y = (score + np.random.default_rng(2).normal(size=n) > score.median()).astype(int).to_numpy()
    made = {}
    for name, module in MODELS.items():
        fitted = CalibratedProcedure(module.build(columns, random_state=0), folds=3).fit(X, y)
        card = ModelCard(
            **dict.fromkeys(("question", "caution", "outcome", "event", "no_event"), "made up"),
            experiment=f"served_{name}",
            candidate=name,
            n_rows=n,
            n_events=int(y.sum()),
            columns=serving_schema(columns, fitted).to_list(),
            fingerprint="0" * 64,
        )
        made[name] = save_model(fitted, card, folder / name / "model")
    return made


def body(n: int, **params: Any) -> bytes:
    """Return a request with the first of `people`."""
    cells = people(n, seed=3).astype(object)
    records = cells.where(cells.notna(), None).to_dict(orient="records")
    return json.dumps({"dataframe_records": records, "params": params}).encode()


@dataclass
class Server:
    """A process that answers, and a connection to it that is kept alive."""

    process: subprocess.Popen[bytes]
    port: int
    path: str
    log: Path

    @contextmanager
    def connected(self) -> Iterator[http.client.HTTPConnection]:
        """Open another connection, which opens again where the server has closed it."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            yield connection
        finally:
            connection.close()

    def post(self, connection: http.client.HTTPConnection, content: bytes) -> tuple[int, bytes]:
        """Send one request and read its answer."""
        connection.request("POST", self.path, content, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        return answer.status, answer.read()

    @property
    def megabytes(self) -> float:
        """Memory that the process holds, where Linux says so; else NaN."""
        status = Path(f"/proc/{self.process.pid}/status")
        if not status.is_file():
            return float("nan")
        line = next(s for s in status.read_text().splitlines() if s.startswith("VmRSS"))
        return int(line.split()[1]) / 1024


@contextmanager
def served(folder: Path, log: Path) -> Iterator[Server]:
    """Run ``signature serve`` on a model folder."""
    port = _free_port()
    command = [sys.executable, "-m", "signature", "serve", str(folder), "--port", str(port)]
    with _running(command, port, "/score", "/health/live", log) as server:
        yield server


@contextmanager
def echoing(log: Path) -> Iterator[Server]:
    """Run a bare server that sends back what it got: the floor of the machine."""
    port = _free_port()
    with _running([sys.executable, "-c", ECHO, str(port)], port, "/score", "/ping", log) as server:
        yield server


@contextmanager
def served_by_mlflow(folder: Path, log: Path) -> Iterator[Server]:
    """Run MLflow's own server on a model folder, saved as a registered model is."""
    mlflow = tracking.import_mlflow()
    tracking._import_pyfunc()
    place = log.parent / f"{log.stem}_mlflow"
    mlflow.pyfunc.save_model(
        path=str(place),
        python_model=str(tracking.SCRIPT),
        artifacts={"model": str(folder)},
        signature=tracking._signature(Scorer(folder).schema),
        pip_requirements=["mlflow"],
        input_example=(people(1), {"explain": True}),
    )
    port = _free_port()
    command = [sys.executable, "-m", "uvicorn", "--host", "127.0.0.1", "--port", str(port)]
    # what `mlflow models serve` runs; it would be a grandchild whose memory nobody sees
    command += ["--log-level", "warning", "mlflow.pyfunc.scoring_server.app:app"]
    env = {"__pyfunc_model_path__": str(place), "MLFLOW_DISABLE_TELEMETRY": "true"}
    with _running(command, port, "/invocations", "/ping", log, env) as server:
        yield server


@contextmanager
def _running(
    command: list[str],
    port: int,
    path: str,
    alive: str,
    log: Path,
    env: dict[str, str] | None = None,
) -> Iterator[Server]:
    with log.open("wb") as out:
        process = subprocess.Popen(
            command,
            stdout=out,
            stderr=subprocess.STDOUT,
            env={**os.environ, "OMP_NUM_THREADS": "1", **(env or {})},
        )
    server = Server(process, port, path, log)
    try:
        end = time.monotonic() + PATIENCE
        while True:
            try:
                with server.connected() as connection:
                    connection.request("GET", alive)
                    with connection.getresponse() as answer:
                        if answer.status == 200:
                            break
            except OSError:
                pass
            if process.poll() is not None or time.monotonic() > end:
                raise RuntimeError(f"the server did not start: {log.read_text()[-2000:]}")
            time.sleep(0.2)
        yield server
    finally:
        process.terminate()
        process.wait(20)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
