"""How often do the 95 % intervals of an evaluation hold the truth, where the truth is known.

``python -m experiments.benchmarks.interval_coverage`` draws studies of
``experiments.benchmarks.known_studies`` again and again:

- *external*: a fixed, calibrated score meets new people, with one row each or with two;
- *internal*: 4 × 5-fold cross-validation of a ridge logistic regression and of a smaller one. The
  study's own truth is that of the models that it fitted, averaged over folds; the mean truth, the
  same averaged over studies, is that of the procedure;
- *sites*: six sites that were each held out and whose true AUROCs differ, or not.

Coverage with its exact 95 % interval, the share of intervals that lie wholly below and above the
truth, mean width and bias go to ``interval_coverage.json`` beside it. Finished simulations are kept
in ``results/interval_coverage/``, in a folder of the code they are of, so that a killed run goes
on; ``--fresh`` forgets them.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from threadpoolctl import threadpool_limits

from experiments.benchmarks import known_cohorts, known_studies
from experiments.benchmarks.kept import add_line, code_of, kept, lines_of
from experiments.benchmarks.known_studies import EVENT_RATE, Line, designs, simulate
from pipelines.evaluate import held_out_estimates
from pipelines.null_check.exact_intervals import exact_share
from signature.validation import (
    delong,
    metrics,
    pooled_auroc,
    pooling,
    repeated_folds,
    site_posterior,
)
from signature.validation.draws import estimate_of_draws
from signature.writing import write_whole

OUT = Path(__file__).with_suffix(".json")
AIM = (0.92, 0.97)
"""Coverage of a 95 % interval that is called right."""


def summarise(studies: list[dict[str, Line]], part: str) -> dict[str, dict[str, Any]]:
    """Coverage and what goes with it, of what was measured in many studies of one design."""
    return {
        label: _covered(np.array([study[label] for study in studies], dtype="float64"), part)
        for label in studies[0]
    }


def _covered(lines: np.ndarray, part: str) -> dict[str, Any]:
    truth, value, low, high = lines.T
    known, valued = np.isfinite(low), np.isfinite(value)
    found: dict[str, Any] = {
        "undefined": round(float(1 - known.mean()), 4),
        "width": _round((high - low)[known].mean()) if known.any() else None,
        "truth": _round(truth.mean()),
        "bias": _round((value - truth)[valued].mean()) if valued.any() else None,
        "own_truth": _held(truth, low, high),
    }
    if part == "internal":
        found["mean_truth"] = _held(np.full(len(truth), truth.mean()), low, high)
    return found


def _held(truth: np.ndarray, low: np.ndarray, high: np.ndarray) -> dict[str, Any] | None:
    """Share of defined intervals that hold the truth, lie below it, and lie above it."""
    known = np.isfinite(low)
    n = int(known.sum())
    if not n:
        return None
    below, above = int((high < truth)[known].sum()), int((low > truth)[known].sum())
    share = exact_share(n - below - above, n)
    return {
        "coverage": [_round(share.value), _round(share.low), _round(share.high)],
        "below": _round(below / n),
        "above": _round(above / n),
    }


def _round(value: float) -> float:
    return round(float(value), 4)


def code() -> str:
    """Digest of the code whose intervals these are."""
    return code_of(
        metrics,
        delong,
        repeated_folds,
        pooling,
        pooled_auroc,
        site_posterior,
        estimate_of_draws,
        held_out_estimates.widened,
        held_out_estimates.overlap,
        held_out_estimates.pooled_sites,
        known_cohorts,
        known_studies,
    )


def main(
    simulations: Annotated[int, typer.Option(help="Studies of each design")] = 500,
    draws: Annotated[int, typer.Option(help="Bootstrap draws of each study")] = 600,
    fresh: Annotated[bool, typer.Option("--fresh", help="Forget what was run before")] = False,
) -> None:
    """Run every study that was not run yet, and summarise."""
    folder = kept(f"interval_coverage/{draws}", code())
    if fresh:
        for file in folder.glob("*.sealed"):
            file.unlink()
    every = designs()
    done = {name: lines_of(folder / f"{name}.sealed") for name in every}
    started = time.monotonic()
    with threadpool_limits(1):
        # all designs in turn, so that a run that is cut short has some of each
        for simulation in range(simulations):
            for name, (_, design) in every.items():
                if simulation < len(done[name]):
                    continue
                study = simulate(name, design, simulation, draws)
                add_line(folder / f"{name}.sealed", study, simulation)
                done[name].append(study)
            sys.stderr.write(f"\r{simulation + 1} ({time.monotonic() - started:.0f} s)")
            sys.stderr.flush()
    found = {
        "simulations": simulations,
        "draws": draws,
        "code": code(),
        "aim": list(AIM),
        "event_rate": EVENT_RATE,
        "designs": [
            facts | {"measures": summarise(done[name][:simulations], facts["part"])}
            for name, (facts, _) in every.items()
        ],
    }
    write_whole(OUT, json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    typer.run(main)
