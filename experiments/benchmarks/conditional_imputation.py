"""Imputing values below a limit given the other markers: what it restores, and how long it takes.

``python -m experiments.benchmarks.conditional_imputation`` writes two things to
``conditional_imputation.json`` beside it:

- two log-normal markers, standard deviation of the logarithm 1, correlation .70, one of them
  censored at its 40th percentile: standard deviation and correlation of the logarithms after each
  treatment, averaged over tables;
- CPU seconds in one thread to learn and draw, and then to complete the same rows, for 2,000 people
  by 60 markers with 30 % of the values below a limit of their plate.
"""

from __future__ import annotations

import json
import platform
import time
from pathlib import Path
from statistics import median
from typing import Annotated, Any

import numpy as np
import pandas as pd
import typer
from threadpoolctl import threadpool_limits

from signature.prepare.censored_normal import CensoredNormal
from signature.prepare.censoring import LimitSubstitution
from signature.prepare.conditional_imputation import ConditionalImputation
from signature.study.schema import BELOW

OUT = Path(__file__).with_suffix(".json")
ROWS, TABLES = 20_000, 10
PEOPLE, MARKERS, FACTORS, PLATES = 2_000, 60, 8, 20


def two_markers(seed: int) -> pd.DataFrame:
    """Return IL6 and TNF, IL6 below its 40th percentile given as a limit."""
    rng = np.random.default_rng(seed)
    z = rng.multivariate_normal([0, 0], [[1, 0.7], [0.7, 1]], size=ROWS)
    limit = np.quantile(z[:, 0], 0.4)
    low = z[:, 0] < limit
    return pd.DataFrame(
        {
            "IL6": np.exp(np.where(low, np.nan, z[:, 0])),
            "TNF": np.exp(z[:, 1]),
            "IL6" + BELOW: np.exp(np.where(low, limit, np.nan)),
        }
    )


def panel(seed: int) -> pd.DataFrame:
    """Return markers that share factors, 30 % of each below a limit that differs by plate."""
    rng = np.random.default_rng(seed)
    factors = rng.normal(size=(PEOPLE, FACTORS))
    z = factors @ rng.normal(size=(FACTORS, MARKERS)) / np.sqrt(FACTORS)
    z += rng.normal(size=z.shape)
    plate = rng.integers(PLATES, size=PEOPLE)
    shift = rng.normal(0, 0.2, size=(PLATES, MARKERS))[plate]
    limit = np.quantile(z - shift, 0.3, axis=0) + shift
    low = z < limit
    names = [f"marker_{j}" for j in range(MARKERS)]
    values = pd.DataFrame(np.exp2(np.where(low, np.nan, z)), columns=names)
    limits = pd.DataFrame(np.exp2(np.where(low, limit, np.nan)), columns=[n + BELOW for n in names])
    return pd.concat([values, limits], axis=1)


def restored() -> dict[str, dict[str, float]]:
    """Return standard deviation and correlation of the logarithms after each treatment."""
    ways: dict[str, Any] = {
        "limit_substitution": LimitSubstitution(),
        "censored_normal": CensoredNormal(),
        "unconditional_draw": ConditionalImputation(),
        "conditional_draw": ConditionalImputation(markers=["TNF"]),
    }
    found: dict[str, dict[str, float]] = {}
    for name, way in ways.items():
        sd, r = [], []
        for seed in range(TABLES):
            z = np.log(way.fit_transform(two_markers(seed))[["IL6", "TNF"]])
            sd.append(z["IL6"].std())
            r.append(z["IL6"].corr(z["TNF"]))
        found[name] = {"sd": round(float(np.mean(sd)), 3), "r": round(float(np.mean(r)), 3)}
    return found


def timed(rounds: int) -> dict[str, list[float]]:
    """CPU seconds of `fit_transform` and of `transform`."""
    table = panel(0)
    seconds: dict[str, list[float]] = {"fit_transform": [], "transform": []}
    for _ in range(rounds):
        step = ConditionalImputation()
        for name, spent in seconds.items():
            started = time.process_time()
            getattr(step, name)(table)
            spent.append(round(time.process_time() - started, 2))
    return seconds


def main(rounds: Annotated[int, typer.Option(help="How often each step is timed")] = 3) -> None:
    """Measure both and write them."""
    with threadpool_limits(1):
        seconds = timed(rounds)
        benchmark = restored()
    found: dict[str, Any] = {
        "machine": {"processor": platform.machine(), "python": platform.python_version()},
        "rows": PEOPLE,
        "markers": MARKERS,
        "below_limit": round(float(panel(0).filter(like=BELOW).notna().mean(axis=None)), 3),
        "cpu_seconds": seconds,
        "median_cpu_seconds": {name: median(spent) for name, spent in seconds.items()},
        "two_markers": {"rows": ROWS, "tables": TABLES, "truth": {"sd": 1.0, "r": 0.7}} | benchmark,
    }
    OUT.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    typer.echo(json.dumps(found, indent=1))


if __name__ == "__main__":
    typer.run(main)
