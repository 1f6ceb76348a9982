"""How often the tests of arm × score reject, without an interaction and with one.

``python -m experiments.benchmarks.interaction_type_one`` simulates trials that allocate two to one:

- *type I error* of one pre-specified score at a nominal 5 %, by sample size and kind of outcome,
  with a main effect of treatment and a prognostic score. The aim is 3.5 to 6.5 %;
- *power* at 36 people. The aim is .70 for one residual SD of the outcome per SD of the score;
- both *by Student's t test* too, which no test beats where the spread is the same in both arms, and
  which rejects too often where it is not;
- *cross-fitted*: a score of benefit that is learned on the same trial, from markers without an
  interaction, by ridge regression on modified covariates (Tian and others 2014) in five folds.
  Counted are trials that would call it predictive, p ≤ .05 and a positive estimate: with the score
  taken as given, and learned anew in each rearrangement. The aim is at most 5 % for the latter.

Shares with exact 95 % intervals go to ``interaction_type_one.json`` beside it. Finished trials are
kept in ``results/interaction_type_one/``, in a folder of the code they are of, so that a killed run
goes on.
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
from scipy.special import expit
from scipy.stats import t as student
from threadpoolctl import threadpool_limits

from experiments.benchmarks.kept import add_line, code_of, kept, lines_of
from pipelines.null_check.exact_intervals import exact_share
from signature.effect.interaction import (
    _interaction,
    _penalised_logistic,
    _two_arms,
    arm_by_score,
    crossfitted_score,
    rearrangements,
)
from signature.randomness import generator
from signature.writing import write_whole

OUT = Path(__file__).with_suffix(".json")
PEOPLE = (36, 100, 150, 300)
DRAWS, ANEW, FOLDS, MARKERS, PENALTY = 499, 99, 5, 20, 20.0
KINDS = ("normal", "control arm twice as wide", "skewed", "event", "event, strong effects")
AIM = {"type_one": [0.035, 0.065], "power": 0.70, "cross_fitted": 0.05}

Found = dict[str, bool]
"""Whether a test rejected in one trial, by the name of the test."""


def arms(n: int, treated: float = 2 / 3) -> np.ndarray:
    """Return the arm of each person."""
    return np.repeat(["active", "control"], [round(n * treated), n - round(n * treated)])


def trial(kind: str, n: int, rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    """Return outcome, arm, score and covariate of a trial without interaction."""
    arm = arms(n)
    treated = arm == "active"
    score, covariate = rng.normal(size=(2, n))
    if kind.startswith("event"):
        effects = (-1.5, 2.5, 1.0, 1.0) if "strong" in kind else (-0.3, 1.0, 0.8, 0.7)
        base, effect, of_score, of_covariate = effects
        risk = expit(base + effect * treated + of_score * score + of_covariate * covariate)
        return (rng.random(n) < risk).astype("float64"), arm, score, covariate
    error = rng.exponential(size=n) ** 1.5 if kind == "skewed" else rng.normal(size=n)
    if kind == "control arm twice as wide":
        error *= np.where(treated, 1, 2)
    return 2 * treated + 1.5 * score + covariate + error, arm, score, covariate


def type_one(kind: str, n: int, rng: np.random.Generator) -> Found:
    """Test a score that does not change the effect."""
    y, arm, score, covariate = trial(kind, n, rng)
    found = arm_by_score.arm_by_score(
        y, arm, score, control="control", rng=rng, covariates=covariate, draws=DRAWS
    )
    classic = {} if kind.startswith("event") else by_t(y, arm, score, covariate)
    return {"arm by score": found.p <= 0.05} | classic


def by_t(y: np.ndarray, arm: np.ndarray, score: np.ndarray, covariate: np.ndarray | None) -> Found:
    """Test the same by Student's t, which no test beats where the spread is the same for all."""
    active = (arm == "active").astype("float64")
    columns = [np.ones(len(y)), active, score, active * score]
    x = np.column_stack(columns if covariate is None else [*columns, covariate])
    inverse = np.linalg.inv(x.T @ x)
    coefficients = inverse @ x.T @ y
    left = len(y) - x.shape[1]
    error = np.sqrt(((y - x @ coefficients) ** 2).sum() / left * inverse[3, 3])
    return {"t test": bool(2 * student.sf(abs(coefficients[3]) / error, left) <= 0.05)}


def power(interaction: float, treated: float, explained: float, rng: np.random.Generator) -> Found:
    """Test an interaction that is there, in 36 people and on an outcome with SD 1 in each arm."""
    arm = arms(36, treated)
    active = arm == "active"
    score, baseline, error = rng.normal(size=(3, 36))
    y = np.sqrt(explained) * baseline + np.sqrt(1 - explained) * error
    y += active + interaction * active * score
    covariate = baseline if explained else None
    found = arm_by_score.arm_by_score(
        y, arm, score, control="control", rng=rng, draws=DRAWS, covariates=covariate
    )
    return {"arm by score": found.p <= 0.05} | by_t(y, arm, score, covariate)


class Benefit:
    """Held-out scores of benefit by ridge regression on modified covariates.

    Main effects of markers and arm are taken out first (the augmentation), by ridge regression,
    too. Folds stay the same whatever the outcome and the arms.
    """

    def __init__(self, markers: np.ndarray, fold: np.ndarray) -> None:
        self.markers, self.fold = markers, fold

    def __call__(self, outcome: np.ndarray, arm: np.ndarray) -> np.ndarray:
        """Return the score of each person by models of the other folds, shape (n,)."""
        score = np.zeros(len(outcome))
        for k in range(FOLDS):
            train = self.fold != k
            m = self.markers[train]
            t = arm[train] - arm[train].mean()
            main = np.column_stack([m, t])
            y = outcome[train] - outcome[train].mean()
            modified = m * t[:, None]
            left = y - main @ _ridge(main, y)
            score[~train] = self.markers[~train] @ _ridge(modified, left)
        return score


def _ridge(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return np.linalg.solve(x.T @ x + PENALTY * np.eye(x.shape[1]), x.T @ y)


def cross_fitted(n: int, rng: np.random.Generator) -> Found:
    """Test a score that was learned where there is nothing to learn, in both ways."""
    arm = arms(n)
    markers = rng.normal(size=(n, MARKERS))
    y = 2 * (arm == "active") + markers[:, 0] + rng.normal(size=n)
    benefit = Benefit(markers, rng.permutation(n) % FOLDS)
    how: dict[str, Any] = {"control": "control", "rng": rng}
    score = benefit(y, (arm == "active").astype(int))
    given = arm_by_score.arm_by_score(y, arm, score, draws=DRAWS, **how)
    anew = crossfitted_score.arm_by_crossfitted_score(y, arm, benefit, draws=ANEW, **how)
    return {
        "taken as given": given.p <= 0.05 and given.estimate > 0,
        "learned anew": anew is not None and anew.p <= 0.05 and anew.estimate > 0,
    }


def cells() -> dict[str, tuple[dict[str, Any], Callable[[np.random.Generator], Found]]]:
    """Return facts of each kind of trial and what simulates one, by name."""
    every: dict[str, tuple[dict[str, Any], Callable[[np.random.Generator], Found]]] = {}
    for kind in KINDS:
        for n in PEOPLE:
            facts = {"part": "type I error", "outcome": kind, "people": n}
            every[f"type_one_{kind}_{n}"] = (facts, partial(type_one, kind, n))
    for ratio, treated in (("24 : 12", 2 / 3), ("18 : 18", 1 / 2)):
        for explained in (0.0, 0.25):
            for interaction in (0.5, 1.0, 1.5):
                facts = {
                    "part": "power", "arms": ratio, "explained by covariate": explained,
                    "interaction": interaction,
                }  # fmt: skip
                make = partial(power, interaction, treated, explained)
                every[f"power_{ratio}_{explained}_{interaction}"] = (facts, make)
    for n in (36, 100, 300):
        facts = {"part": "cross-fitted", "people": n, "markers": MARKERS, "folds": FOLDS}
        every[f"cross_fitted_{n}"] = (facts, partial(cross_fitted, n))
    return every


def code() -> str:
    """Digest of the code whose rejections these are."""
    return code_of(
        arm_by_score, crossfitted_score, rearrangements, _interaction, _penalised_logistic,
        _two_arms, trial, type_one, by_t, power, Benefit, cross_fitted,
    )  # fmt: skip


def summarise(trials: list[Found]) -> dict[str, Any]:
    """Return the share of trials that reject and its exact interval, by test."""
    shares = {
        name: exact_share(sum(one[name] for one in trials), len(trials)) for name in trials[0]
    }
    return {
        "trials": len(trials),
        "rejected": {
            name: [round(number, 4) for number in (share.value, share.low, share.high)]
            for name, share in shares.items()
        },
    }


def main(
    trials: Annotated[int, typer.Option(help="Simulated trials of each kind")] = 1_000,
    cross_fitted_trials: Annotated[int, typer.Option(help="The same, of cross-fitted ones")] = 500,
) -> None:
    """Run every trial that was not run yet, and summarise."""
    folder = kept("interaction_type_one", code())
    every = cells()
    done = {name: lines_of(folder / f"{name}.sealed") for name in every}
    wanted = {
        name: cross_fitted_trials if facts["part"] == "cross-fitted" else trials
        for name, (facts, _) in every.items()
    }
    started = time.monotonic()
    with threadpool_limits(1):
        # all kinds in turn, so that a run that is cut short has some of each
        for at in range(max(wanted.values())):
            for name, (_, simulate) in every.items():
                if not len(done[name]) <= at < wanted[name]:
                    continue
                found = simulate(generator(0, "interaction type I", name, at))
                found = {test: bool(rejected) for test, rejected in found.items()}
                add_line(folder / f"{name}.sealed", found, at)
                done[name].append(found)
            sys.stderr.write(f"\r{at + 1} ({time.monotonic() - started:.0f} s)")
            sys.stderr.flush()
    report = {
        "code": code(),
        "rearrangements": {"pre-specified": DRAWS, "learned anew": ANEW},
        "aim": AIM,
        "cells": [
            facts | summarise(done[name][: wanted[name]]) for name, (facts, _) in every.items()
        ],
    }
    write_whole(OUT, json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    typer.run(main)
