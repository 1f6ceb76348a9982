"""L1-logistic paths of half-samples: the compiled kernel, liblinear as Stabl calls it, and adelie.

``python -m experiments.benchmarks.path_speed`` does the work of a fold of Stabl (Nature
Biotechnology 2024) on 68 × 1,463 proteins: 10 penalties on each of 1000 half-samples, which are
gathered and standardised on the way. Liblinear is fitted anew for each penalty, on a share of the
half-samples, and its seconds are scaled up. All run in one process and one thread, in turn. The
CPU seconds and their ratios go to ``path_speed.json`` beside it, with the peak memory of a default
selection from 5,000 markers of 500 people, in a process of its own. Where adelie can be imported
(the project does not need it), its path, which is warm-started as ours is, is timed beside them:
``pip install --target FOLDER adelie ipython`` and FOLDER on ``PYTHONPATH``. Rows come from
``covid_olink_wide`` in the folder that ``SIGNATURE_DATA`` names.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from importlib.util import find_spec
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


def adelie(X: np.ndarray, y: np.ndarray, halves: HalfSamples) -> None:
    """Gather, standardise and fit the whole path of each half-sample."""
    for rows in halves.rows:
        _adelie(_standardised(X[rows]), y[rows])


def _adelie(Z: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    import adelie

    state = adelie.grpnet(
        np.asfortranarray(Z),
        adelie.glm.binomial(y),
        lmda_path=np.sort(1 / (STRENGTHS * len(y)))[::-1],
        early_exit=False,
        progress_bar=False,
    )
    return state.betas.toarray(), np.asarray(state.intercepts)


def _liblinear(strength: float, **told: Any) -> LogisticRegression:
    return LogisticRegression(C=strength, l1_ratio=1.0, solver="liblinear", max_iter=10_000, **told)


def _standardised(X: np.ndarray) -> np.ndarray:
    return (X - X.mean(axis=0)) / X.std(axis=0)


def excess(X: np.ndarray, y: np.ndarray, halves: HalfSamples, *rivals: str) -> dict[str, float]:
    """By how much the kernel's objective exceeds a rival's, at most; negative where lower."""
    found: dict[str, list[float]] = {name: [] for name in rivals}
    for rows in halves.rows:
        Z, event = _standardised(X[rows]), y[rows]
        lambdas = 1 / (STRENGTHS * len(rows))
        ours = elastic_net_path(Z, event, lambdas, tol=TOLERANCE)
        for name in rivals:
            theirs = _adelie(Z, event) if name == "adelie" else _liblinear_path(Z, event)
            for k, penalty in enumerate(lambdas):
                found[name].append(
                    _objective(Z, event, penalty, ours.coef[k], ours.intercept[k])
                    - _objective(Z, event, penalty, theirs[0][k], theirs[1][k])
                )
    return {name: float(max(each)) for name, each in found.items()}


def _liblinear_path(Z: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    fitted = [_liblinear(strength).fit(Z, y) for strength in STRENGTHS]
    return np.array([f.coef_[0] for f in fitted]), np.array([f.intercept_[0] for f in fitted])


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
    refitted: Annotated[int, typer.Option(help="Half-samples that the rivals get")] = 50,
    rounds: Annotated[int, typer.Option(help="How often each way is timed")] = 5,
    rows: Annotated[int, typer.Option(help="People of the memory test")] = 500,
    markers: Annotated[int, typer.Option(help="Markers of the memory test; 0: none")] = 5000,
) -> None:
    """Time all ways in turn and write the ratios."""
    data = Proteins.read()
    X, y = data.X.to_numpy(), data.y.astype("float64")
    halves = PeopleInRows(np.arange(len(y)), y).pairs(half_samples // 2, np.random.default_rng(1))
    few = HalfSamples(halves.rows[:refitted], halves.sizes[:refitted])
    ways = {"kernel": (kernel, halves), "liblinear": (liblinear, few)}
    if find_spec("adelie"):
        ways["adelie"] = (adelie, few)
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    with threadpool_limits(1):
        for way, _ in ways.values():
            way(X, y, HalfSamples(few.rows[:2], few.sizes[:2]))  # compiling is not what is timed
        for _ in range(rounds):
            for name, (way, given) in ways.items():
                started = time.process_time()
                way(X, y, given)
                share = len(given) / len(halves)
                seconds[name].append((time.process_time() - started) / share)
        rivals = [name for name in ways if name != "kernel"]
        worse = excess(X, y, HalfSamples(few.rows[:10], few.sizes[:10]), *rivals)
    ratios = {
        name: [b / a for a, b in zip(seconds["kernel"], seconds[name], strict=True)]
        for name in rivals
    }
    found: dict[str, Any] = {
        "code": selection_code(),
        "rows": len(X),
        "columns": X.shape[1],
        "half_samples": half_samples,
        "half_samples_of_rivals": refitted,
        "rows_of_a_half": int(halves.sizes[0]),
        "penalties": len(STRENGTHS),
        "cpu_seconds": {name: [round(s, 3) for s in each] for name, each in seconds.items()},
        "ratio": {
            name: {"median": round(median(each), 1), "lowest": round(min(each), 1)}
            for name, each in ratios.items()
        },
        "excess_of_objective": worse,
    }
    if markers:
        found["memory"] = memory(rows, markers)
    OUT.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    typer.echo(json.dumps(found, indent=1))


if __name__ == "__main__":
    typer.run(main)
