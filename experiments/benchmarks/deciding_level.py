"""How often the test that decides says "predictive", where nothing is and where something is.

``python -m experiments.benchmarks.deciding_level`` draws the trials of
``experiments.benchmarks.deciding_trials`` and puts each through
`signature.effect.interaction.deciding_test`: the minimum of score, strongest marker and all
markers, and each of these alone. The score is a ridge regression on modified covariates in five
folds, learned anew in each rearrangement: a twin of the product's own learner that is solved at
once. Lost outcomes are weighted for as an experiment does it. Shares go to
``deciding_level.json`` beside it. Finished parts are kept in ``results/deciding_level/``, in a
folder of the code they are of, so that a killed run goes on.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pandas as pd
import typer

from experiments.benchmarks.deciding_trials import (
    MARKERS,
    NULLS,
    POWERS,
    SimulatedTrial,
    null_trial,
    trial_with_interactions,
)
from experiments.benchmarks.interaction_type_one import FOLDS, PENALTY, Benefit
from experiments.benchmarks.kept import counted
from pipelines.fit.digest import code_digest
from signature.effect.interaction.crossfitted_score import ScoreOf
from signature.effect.interaction.deciding_test import deciding_test
from signature.effect.trial.outcome_weights import inverse_probability_weights
from signature.randomness import generator
from signature.writing import write_whole

OUT = Path(__file__).with_suffix(".json")
PEOPLE, PEOPLE_POWER = (36, 100, 150, 300, 400), (100, 150, 300)
DRAWS, ALPHA = 99, 0.05
AIM = {"level": 0.05, "power": 0.40, "lost to the best": 0.05}
NAMES = ["minimum of these", "score", "markers", "joint"]


def cells() -> list[str]:
    """Name every kind of trial at every size."""
    null = [
        f"null|{kind}|{n}" for kind in NULLS for n in (PEOPLE if kind != "studies" else (2000,))
    ]
    return null + [f"power|{kind}|{n}" for kind in POWERS for n in PEOPLE_POWER]


def counts(name: str, number: int) -> dict[str, float]:
    """Count which tests reject in one trial."""
    rng = generator(0, "deciding", name, number)
    trial = drawn(name, rng)
    two = np.isin(trial.arm, ("active", "control"))
    if np.ptp(trial.outcome[two]) == 0:  # a rare event that nobody had: nothing can be found
        return {"trials": 1} | dict.fromkeys(NAMES, 0.0)
    fold = rng.permutation(int(two.sum())) % FOLDS
    benefit = _Weighted(trial.markers[two], fold, trial.weight)
    return {"trials": 1} | rejected(trial, benefit, rng)


class _Weighted(Benefit):
    """The same learner where people stand for others, too."""

    def __init__(self, markers: np.ndarray, fold: np.ndarray, weight: np.ndarray | None) -> None:
        super().__init__(markers, fold)
        self.weight = weight

    def __call__(self, outcome: np.ndarray, arm: np.ndarray) -> np.ndarray:
        """Return the score of each person by models of the other folds, shape (n,)."""
        if self.weight is None:
            return super().__call__(outcome, arm)
        score = np.zeros(len(outcome))
        for k in range(FOLDS):
            train = self.fold != k
            m, w = self.markers[train], self.weight[train] / self.weight[train].mean()
            t = arm[train] - np.average(arm[train], weights=w)
            y = outcome[train] - np.average(outcome[train], weights=w)
            main = np.column_stack([m, t])
            left = y - main @ _ridge(main, y, w)
            score[~train] = self.markers[~train] @ _ridge(m * t[:, None], left, w)
        return score


def _ridge(x: np.ndarray, y: np.ndarray, weight: np.ndarray) -> np.ndarray:
    weighted = x * weight[:, None]
    found: np.ndarray = np.linalg.solve(
        weighted.T @ x + PENALTY * np.eye(x.shape[1]), weighted.T @ y
    )
    return found


def drawn(name: str, rng: np.random.Generator) -> SimulatedTrial:
    """Draw a trial of a cell."""
    part, kind, n = name.split("|")
    draw = null_trial if part == "null" else trial_with_interactions
    return _with_known(draw(kind, int(n), rng))


def rejected(
    trial: SimulatedTrial, score_of: ScoreOf, rng: np.random.Generator
) -> dict[str, float]:
    """Say which tests reject."""
    members = p_values(trial, score_of, rng, DRAWS)
    return {name: float(members.get(name, 1.0) <= ALPHA) for name in NAMES}


def p_values(
    trial: SimulatedTrial, score_of: ScoreOf, rng: np.random.Generator, draws: int
) -> dict[str, float]:
    """Test a trial by the minimum, and by each of its parts that was looked at."""
    panel = pd.DataFrame(trial.markers, columns=[f"m{i}" for i in range(MARKERS)])
    found = deciding_test(
        trial.outcome,
        trial.arm,
        panel,
        score_of,
        test="minimum of these",
        control="control",
        treated="active",
        rng=rng,
        strata=trial.strata,
        weight=trial.weight,
        draws=draws,
    )
    return {member.test: member.p for member in found.members} | {NAMES[0]: found.p}


def _with_known(trial: SimulatedTrial) -> SimulatedTrial:
    """Leave out whom nothing is known of, and weight the others for them."""
    if trial.weight is None:
        return trial
    known = trial.weight > 0
    code = (trial.arm == "active").astype(int)
    weight, _ = inverse_probability_weights(known, code, trial.markers)
    return SimulatedTrial(
        trial.outcome[known], trial.arm[known], trial.markers[known], None, weight[known]
    )


def main(
    trials: Annotated[int, typer.Option(help="Simulated trials in each cell")] = 1_000,
    jobs: Annotated[int, typer.Option(help="Processes")] = 2,
) -> None:
    """Run every trial that was not run yet, and summarise."""
    code = code_digest("signature.effect.interaction.deciding_test")[:12]
    sums = counted("deciding_level", counts, cells(), trials, jobs=jobs, at_once=20, code=code)
    every = [shares(name, sums[name]) for name in cells()]
    found = {
        "code": code,
        "rearrangements": DRAWS,
        "markers": MARKERS,
        "aim": AIM,
        "cells": every,
    }
    write_whole(OUT, json.dumps(found, indent=1) + "\n")
    for cell in every:
        typer.echo(f"{cell['part']} {cell['kind']} {cell['people']} {cell['rejected']}")


def shares(name: str, sums: dict[str, float]) -> dict[str, Any]:
    """Turn the counts of a cell into shares of its trials."""
    part, kind, people = name.split("|")
    n = sums["trials"]
    return {
        "part": part,
        "kind": kind,
        "people": int(people),
        "trials": int(n),
        "rejected": {test: round(sums[test] / n, 4) for test in NAMES},
    }


if __name__ == "__main__":
    typer.run(main)
