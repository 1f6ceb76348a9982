"""How good is the best of thirty configurations, said before and after correction for the choice.

``python -m experiments.benchmarks.best_of_many`` draws studies whose truth is known, lets the best
of thirty configurations by held-out AUROC be chosen, and holds its naive and its corrected AUROC
(`signature.validation.bbc`) against the true AUROC of the very configuration that was chosen:

- *guesses*: out-of-fold predictions are drawn as they are, independent of each other given the
  outcome; under the null they are what methods papers call thirty useless configurations;
- *fitted*: ridge logistic regressions on six sets of columns with five penalties, five folds; the
  truth is that of the folds' models, averaged.

Means with Monte Carlo standard errors go to ``best_of_many.json`` beside it. Finished studies are
kept in ``results/best_of_many/``, in a folder of the code they are of, so that a killed run goes
on; ``--fresh`` forgets them.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from scipy.special import expit, ndtri
from threadpoolctl import threadpool_limits

from experiments.benchmarks.kept import add_line, code_of, kept, lines_of
from experiments.benchmarks.known_cohorts import linear_auroc, ridge_logistic
from pipelines.null_check.exact_intervals import exact_share
from signature import randomness
from signature.study.splits import person_folds
from signature.validation import bbc, metrics
from signature.validation.metrics import auroc
from signature.writing import write_whole

OUT = Path(__file__).with_suffix(".json")
SEED = 20261127
SIZES = (40, 150)
CONFIGURATIONS = 30
TRUE_AREAS = np.linspace(0.55, 0.75, CONFIGURATIONS)
"""Of guesses that are worth something."""

SHIFT = np.array([0.6, 0.6, 0.6, 0, 0, 0, 0, 0, 0, 0, 0, 0])
"""Of twelve columns between the classes, in standard deviations, where there is a signal."""

COLUMNS = ((0,), (5,), (0, 1, 6), (4, 5, 6, 7, 8, 9), (0, 1, 2, 3, 4, 5), tuple(range(12)))
PENALTIES = (0.1, 1.0, 10.0, 100.0, 1000.0)
FOLDS = 5

Made = Callable[[np.random.Generator], tuple[np.ndarray, np.ndarray, np.ndarray]]
"""To outcome (n,), held-out predictions (n, configurations) and true AUROCs (configurations,)."""


def guesses(
    people: int, areas: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Draw predictions of known worth; half of the people have an event."""
    outcome = np.arange(people) % 2
    apart = np.sqrt(2) * ndtri(areas)
    score = outcome[:, None] * apart + rng.normal(size=(people, len(areas)))
    return outcome, expit(score), areas


def fitted(
    people: int, shift: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Cross-validate every configuration on the same folds; half of the people have an event."""
    outcome = np.arange(people) % 2
    X = rng.normal(size=(people, len(shift))) + outcome[:, None] * shift
    split = person_folds(outcome, np.arange(people), FOLDS, int(rng.integers(2**31)))
    predictions, areas = [], []
    for columns in map(list, COLUMNS):
        for penalty in PENALTIES:
            held_out, own = np.empty(people), []
            for train, test in split:
                b = ridge_logistic(X[np.ix_(train, columns)], outcome[train], penalty)
                held_out[test] = expit(b[0] + X[np.ix_(test, columns)] @ b[1:])
                own.append(linear_auroc(b, shift[columns]))
            predictions.append(held_out)
            areas.append(np.mean(own))
    return outcome, np.column_stack(predictions), np.array(areas)


def designs() -> dict[str, tuple[dict[str, Any], Made]]:
    """Every kind of study by a name for its file, with what tells it from others."""
    made: dict[str, Callable[[int], Made]] = {
        "guesses, null": lambda n: partial(guesses, n, np.full(CONFIGURATIONS, 0.5)),
        "fitted, null": lambda n: partial(fitted, n, 0 * SHIFT),
        "guesses, signal": lambda n: partial(guesses, n, TRUE_AREAS),
        "fitted, signal": lambda n: partial(fitted, n, SHIFT),
    }
    return {
        f"{kind.replace(', ', '_')}_{n}": ({"predictions": kind, "people": n}, make(n))
        for kind, make in made.items()
        for n in SIZES
    }


def simulate(name: str, make: Made, simulation: int, draws: int) -> list[float]:
    """Draw one study: true AUROC of what was chosen, naive, corrected, and its interval."""
    rng = randomness.generator(SEED, "best of many", name, simulation)
    outcome, predictions, areas = make(rng)
    person = np.arange(len(outcome))
    found = bbc.bias_corrected_best(
        outcome, predictions, auroc, person=person, rng=rng, draws=draws
    )
    assert found.value is not None
    assert found.low is not None
    assert found.high is not None
    return [float(areas[found.best]), found.naive, found.value, found.low, found.high]


def summarise(studies: list[list[float]]) -> dict[str, Any]:
    """Average over studies of one design."""
    truth, naive, corrected, low, high = np.array(studies).T
    below, above = int((high < truth).sum()), int((low > truth).sum())
    share = exact_share(len(truth) - below - above, len(truth))
    return {
        "truth": _mean(truth),
        "naive": _mean(naive),
        "corrected": _mean(corrected),
        "naive_minus_truth": _mean(naive - truth),
        "corrected_minus_truth": _mean(corrected - truth),
        "coverage": [round(v, 4) for v in (share.value, share.low, share.high)],
        "below": round(below / len(truth), 4),
        "above": round(above / len(truth), 4),
        "width": round(float((high - low).mean()), 4),
    }


def _mean(values: np.ndarray) -> list[float]:
    """Mean and its Monte Carlo standard error."""
    error = values.std(ddof=1) / np.sqrt(len(values))
    return [round(float(values.mean()), 4), round(float(error), 4)]


def code() -> str:
    """Digest of the code whose correction this is."""
    return code_of(metrics, bbc, guesses, fitted, ridge_logistic, linear_auroc)


def main(
    simulations: Annotated[int, typer.Option(help="Studies of each design")] = 600,
    draws: Annotated[int, typer.Option(help="Bootstrap draws of each study")] = 500,
    fresh: Annotated[bool, typer.Option("--fresh", help="Forget what was run before")] = False,
) -> None:
    """Run every study that was not run yet, and summarise."""
    folder = kept(f"best_of_many/{draws}", code())
    if fresh:
        for file in folder.glob("*.sealed"):
            file.unlink()
    every = designs()
    files = {name: folder / f"{name}.sealed" for name in every}
    done = {name: lines_of(file) for name, file in files.items()}
    started = time.monotonic()
    with threadpool_limits(1):
        # all designs in turn, so that a run that is cut short has some of each
        for simulation in range(simulations):
            for name, (_, make) in every.items():
                if simulation < len(done[name]):
                    continue
                study = simulate(name, make, simulation, draws)
                add_line(files[name], study, simulation)
                done[name].append(study)
            sys.stderr.write(f"\r{simulation + 1} ({time.monotonic() - started:.0f} s)")
            sys.stderr.flush()
    found = {
        "simulations": simulations,
        "draws": draws,
        "code": code(),
        "configurations": CONFIGURATIONS,
        "designs": [
            facts | summarise(done[name][:simulations]) for name, (facts, _) in every.items()
        ],
    }
    write_whole(OUT, json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    typer.run(main)
