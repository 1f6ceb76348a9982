"""L1-logistic paths of half-samples: the compiled kernel against liblinear, as Stabl calls it.

``python -m experiments.benchmarks.path_speed`` does the work of a fold of Stabl (Nature
Biotechnology 2024) on 68 × 1,463 proteins: 10 penalties on each of 1000 half-samples, which are
gathered and standardised on the way. Liblinear is fitted anew for each penalty, on a share of the
half-samples, and its seconds are scaled up. Both run in one process and one thread, in turn. The
CPU seconds and their ratio go to ``path_speed.json`` beside it, with the peak memory of a default
selection from 5,000 markers of 500 people, in a process of its own. Rows come from
``covid_olink_wide`` in the folder that ``SIGNATURE_DATA`` names.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from statistics import median
from typing import Annotated, Any

import numpy as np
import typer
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

from experiments.benchmarks.kept import selection_code
from experiments.benchmarks.selection_covid import Proteins
from signature.learn.elastic_net_path import elastic_net_path
from signature.select import _entry_kernel
from signature.select.half_samples import HalfSamples, PeopleInRows

OUT = Path(__file__).with_suffix(".json")
STRENGTHS = np.linspace(0.01, 1, 10)
TOLERANCE = 1e-6

_SELECTION = """
import resource, sys, time
import numpy as np
from signature.select.stability_selection import StabilitySelection
n, p = int(sys.argv[1]), int(sys.argv[2])
rng = np.random.default_rng(1)
X = rng.normal(size=(n, p))
y = (X[:, :10].sum(axis=1) + 2 * rng.normal(size=n) > 0).astype(int)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
started = time.process_time()
fitted = StabilitySelection().fit(X, y)
seconds = time.process_time() - started
after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(before, after, seconds, fitted.n_permutations_, fitted.n_pairs_, len(fitted.selected_))
"""


def kernel(X: np.ndarray, y: np.ndarray, halves: HalfSamples) -> None:
    """Gather, standardise and fit the whole path of each half-sample."""
    p = X.shape[1]
    ranks = np.empty((len(halves), p), dtype=np.int16)
    lambdas = 1 / (STRENGTHS * halves.sizes[0])
    _entry_kernel.entry_ranks(
        np.ascontiguousarray(X.T),
        np.arange(p),
        y,
        np.ones(len(y)),
        y,
        halves.rows,
        halves.rows,
        halves.sizes,
        lambdas,
        1.0,
        True,
        p,
        TOLERANCE,
        ranks,
    )


def liblinear(X: np.ndarray, y: np.ndarray, halves: HalfSamples) -> None:
    """Gather, standardise and fit each penalty of each half-sample anew."""
    for rows in halves.rows:
        Z = _standardised(X[rows])
        for strength in STRENGTHS:
            _liblinear(strength).fit(Z, y[rows])


def _liblinear(strength: float, **told: Any) -> LogisticRegression:
    return LogisticRegression(C=strength, l1_ratio=1.0, solver="liblinear", max_iter=10_000, **told)


def _standardised(X: np.ndarray) -> np.ndarray:
    return (X - X.mean(axis=0)) / X.std(axis=0)


def excess(X: np.ndarray, y: np.ndarray, halves: HalfSamples) -> float:
    """By how much the kernel's objective exceeds liblinear's, at most; negative where lower."""
    found = []
    for rows in halves.rows:
        Z, event = _standardised(X[rows]), y[rows]
        lambdas = 1 / (STRENGTHS * len(rows))
        ours = elastic_net_path(Z, event, lambdas, tol=TOLERANCE)
        for k, strength in enumerate(STRENGTHS):
            theirs = _liblinear(strength).fit(Z, event)
            found.append(
                _objective(Z, event, lambdas[k], ours.coef[k], ours.intercept[k])
                - _objective(Z, event, lambdas[k], theirs.coef_[0], theirs.intercept_[0])
            )
    return float(max(found))


def _objective(
    Z: np.ndarray, y: np.ndarray, penalty: float, coef: np.ndarray, intercept: float
) -> float:
    eta = Z @ coef + intercept
    return float(np.mean(np.logaddexp(0, eta) - y * eta) + penalty * np.abs(coef).sum())


def memory(n: int, p: int) -> dict[str, Any]:
    """Measure a default selection in a process of its own."""
    told = subprocess.run(
        [sys.executable, "-c", _SELECTION, str(n), str(p)],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split()
    scale = 1 if sys.platform == "darwin" else 1024  # bytes there, kibibytes elsewhere
    return {
        "rows": n,
        "markers": p,
        "peak_gb": round(int(told[1]) * scale / 1e9, 3),
        "gb_before_fitting": round(int(told[0]) * scale / 1e9, 3),
        "cpu_seconds": round(float(told[2]), 1),
        "permutations": int(told[3]),
        "pairs": int(told[4]),
        "selected": int(told[5]),
    }


def main(
    half_samples: Annotated[int, typer.Option(help="Of one fold; an even number")] = 1000,
    refitted: Annotated[int, typer.Option(help="Half-samples that liblinear gets")] = 50,
    rounds: Annotated[int, typer.Option(help="How often each way is timed")] = 5,
    rows: Annotated[int, typer.Option(help="People of the memory test")] = 500,
    markers: Annotated[int, typer.Option(help="Markers of the memory test; 0: none")] = 5000,
) -> None:
    """Time both ways in turn and write the ratio."""
    data = Proteins.read()
    X, y = data.X.to_numpy(), data.y.astype("float64")
    halves = PeopleInRows(np.arange(len(y)), y).pairs(half_samples // 2, np.random.default_rng(1))
    few = HalfSamples(halves.rows[:refitted], halves.sizes[:refitted])
    seconds: dict[str, list[float]] = {"kernel": [], "liblinear": []}
    with threadpool_limits(1):
        kernel(X, y, few)  # compiling is not what is timed
        for _ in range(rounds):
            started = time.process_time()
            kernel(X, y, halves)
            seconds["kernel"].append(time.process_time() - started)
            started = time.process_time()
            liblinear(X, y, few)
            share = len(few) / len(halves)
            seconds["liblinear"].append((time.process_time() - started) / share)
        worse = excess(X, y, HalfSamples(few.rows[:10], few.sizes[:10]))
    ratios = [b / a for a, b in zip(*seconds.values(), strict=True)]
    found: dict[str, Any] = {
        "code": selection_code(),
        "rows": len(X),
        "columns": X.shape[1],
        "half_samples": half_samples,
        "half_samples_refitted": refitted,
        "rows_of_a_half": int(halves.sizes[0]),
        "penalties": len(STRENGTHS),
        "cpu_seconds": {name: [round(s, 3) for s in each] for name, each in seconds.items()},
        "ratio": {"median": round(median(ratios), 1), "lowest": round(min(ratios), 1)},
        "excess_of_objective": worse,
    }
    if markers:
        found["memory"] = memory(rows, markers)
    OUT.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    typer.echo(json.dumps(found, indent=1))


if __name__ == "__main__":
    typer.run(main)
