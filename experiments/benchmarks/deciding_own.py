"""The test that decides with the learner that the product has, in the cells that matter most.

``python -m experiments.benchmarks.deciding_own`` puts trials of `deciding_level` through the same
test with `ModifiedCovariate`, held out in three times five folds as an experiment does it, and
learned anew in each rearrangement. A trial whose p-value is far from 5 % after a few rearrangements
is not carried on. Shares go to ``deciding_own.json`` beside it; finished parts are kept in
``results/deciding_own/``, in a folder of the code they are of, so that a killed run goes on.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from experiments.benchmarks.deciding_level import (
    ALPHA,
    DRAWS,
    NAMES,
    drawn,
    p_values,
    rejected,
    shares,
)
from experiments.benchmarks.deciding_trials import SimulatedTrial
from experiments.benchmarks.interaction_type_one import FOLDS
from experiments.benchmarks.kept import counted
from pipelines.fit.digest import code_digest
from signature.effect.learners.modified_covariate import ModifiedCovariate
from signature.randomness import generator
from signature.writing import write_whole

OUT = Path(__file__).with_suffix(".json")
CELLS = ["null|normal|300", "null|rare features|300", "null|lost a lot|300", "power|four|300"]
REPEATS = 3
FIRST, HOPELESS = 19, 0.4
"""So many rearrangements come first; a larger p-value than that does not fall to 5 % by more."""


class OwnBenefit:
    """Held-out benefit by the default learner of a trial, less its mean in each fold.

    Parameters
    ----------
    markers : ndarray of shape (n, n_markers)
    folds : ndarray of int, shape (n_repeats, n)
    weight : ndarray of shape (n,), or None
        Of people who stand for others whose outcome was lost.
    """

    def __init__(
        self, markers: np.ndarray, folds: np.ndarray, weight: np.ndarray | None = None
    ) -> None:
        self.markers = (markers - markers.mean(axis=0)) / markers.std(axis=0).clip(min=1e-12)
        self.folds = folds
        self.weight = np.ones(len(markers)) if weight is None else weight

    def __call__(self, outcome: np.ndarray, arm: np.ndarray) -> np.ndarray:
        """Return the score of each person by models of the other folds, shape (n,)."""
        score = np.zeros(len(outcome))
        for fold in self.folds:
            for k in range(FOLDS):
                train = fold != k
                model = ModifiedCovariate(random_state=k).fit(
                    self.markers[train],
                    outcome[train],
                    treated=arm[train],
                    share=0.5,
                    weight=self.weight[train],
                )
                benefit = model.predict(self.markers[~train])
                score[~train] += benefit - benefit.mean()
        return score / len(self.folds)


def counts(name: str, number: int) -> dict[str, float]:
    """Count which tests reject in one trial, and whether the learner found anything at all."""

    def again() -> tuple[np.random.Generator, SimulatedTrial, OwnBenefit]:
        rng = generator(0, "deciding own", name, number)
        trial = drawn(name, rng)
        every = np.tile(np.arange(len(trial.outcome)) % FOLDS, (REPEATS, 1))
        return rng, trial, OwnBenefit(trial.markers, rng.permuted(every, axis=1), trial.weight)

    rng, trial, benefit = again()
    constant = np.ptp(benefit(trial.outcome, (trial.arm == "active").astype(int))) < 1e-12
    first = p_values(trial, benefit, rng, FIRST)
    told = {"trials": 1.0, "nothing learned": float(constant)}
    if min(first.values()) > HOPELESS:
        return told | dict.fromkeys(NAMES, 0.0)
    rng, trial, benefit = again()
    return told | rejected(trial, benefit, rng)


def main(
    trials: Annotated[int, typer.Option(help="Simulated trials in each cell")] = 100,
    jobs: Annotated[int, typer.Option(help="Processes")] = 2,
) -> None:
    """Run every trial that was not run yet, and summarise."""
    code = code_digest(
        "signature.effect.interaction.deciding_test",
        "signature.effect.learners.modified_covariate",
    )[:12]
    sums = counted("deciding_own", counts, CELLS, trials, jobs=jobs, at_once=5, code=code)
    cells = [
        shares(name, sums[name])
        | {"nothing learned": round(sums[name]["nothing learned"] / sums[name]["trials"], 4)}
        for name in CELLS
    ]
    found = {"code": code, "rearrangements": DRAWS, "folds": FOLDS, "repeats": REPEATS}
    found |= {"level": ALPHA, "cells": cells}
    write_whole(OUT, json.dumps(found, indent=1) + "\n")
    for cell in cells:
        typer.echo(f"{cell['part']} {cell['kind']} {cell['people']} {cell['rejected']}")


if __name__ == "__main__":
    typer.run(main)
