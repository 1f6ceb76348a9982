"""How often held-out benefit seems to rank people, or to find harm, where all gain the same.

``python -m experiments.benchmarks.benefit_level`` simulates trials of 200 people and 20 markers,
the first of which foretells the outcome, with no effect or the same effect for everybody. Benefit
is predicted by `ModifiedCovariate` and by `RLearner` in five folds, as an experiment does it in
each repeat. Counted are trials in which the 95 % interval of the AUTOC lies wholly below or above
0, of benefit as it was predicted and with the levels of folds taken out; likewise the interval of
the benefit among people advised treatment less that among the others; and trials in which harm
among those advised against has a one-sided p of at most 5 %. Shares go to
``benefit_level.json`` beside it; finished parts are kept in ``results/benefit_level/``, in a folder
of the code they are of.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from sklearn.linear_model import RidgeCV

from experiments.benchmarks.deciding_trials import MARKERS
from experiments.benchmarks.kept import counted
from pipelines.fit.digest import code_digest
from pipelines.trials.crossfit import PENALTIES
from signature.effect.benefit.advised_groups import advice
from signature.effect.benefit.targeting import targeting
from signature.effect.benefit.treatment_rule import treat_if
from signature.effect.learners.effect_learner import EffectLearner
from signature.effect.learners.modified_covariate import ModifiedCovariate
from signature.effect.learners.r_learner import RLearner
from signature.effect.trial.aipw import arm_scores, benefit_scores
from signature.randomness import generator
from signature.writing import write_whole

OUT = Path(__file__).with_suffix(".json")
PEOPLE, FOLDS, DRAWS, ALPHA = 200, 5, 200, 0.05
LEARNERS: dict[str, type[EffectLearner]] = {
    "modified covariates": ModifiedCovariate,
    "R-learner": RLearner,
}
EFFECTS = (0.0, 0.5)
CODE = ("signature.effect.benefit.targeting", "signature.effect.learners.r_learner",
        "signature.effect.learners.modified_covariate",
        "signature.effect.benefit.advised_groups")  # fmt: skip
COUNTED = (
    "below",
    "above",
    "levelled below",
    "levelled above",
    "advice below",
    "advice above",
    "advice alike below",
    "advice alike above",
    "harm",
)


def cells() -> list[str]:
    """Name every learner with every effect."""
    return [f"{learner}|{effect}" for learner in LEARNERS for effect in EFFECTS]


def counts(name: str, number: int) -> dict[str, float]:
    """Count what one trial without heterogeneity seems to find."""
    learner, effect = name.split("|")
    rng = generator(0, "benefit level", name, number)
    markers = rng.normal(size=(PEOPLE, MARKERS))
    arm = np.resize([0, 1], PEOPLE)
    outcome = float(effect) * arm + markers[:, 0] + rng.normal(size=PEOPLE)
    fold = rng.permutation(PEOPLE) % FOLDS
    own, levelled, expected = np.zeros(PEOPLE), np.zeros(PEOPLE), np.zeros((PEOPLE, 2))
    for k in range(FOLDS):
        train, held_out = fold != k, fold == k
        model = LEARNERS[learner](random_state=k).fit(
            markers[train], outcome[train], treated=arm[train], share=0.5
        )
        own[held_out] = model.predict(markers[held_out])
        levelled[held_out] = own[held_out] - own[held_out].mean()
        for code in (0, 1):
            rows = train & (arm == code)
            ridge = RidgeCV(alphas=PENALTIES).fit(markers[rows], outcome[rows])
            expected[held_out, code] = ridge.predict(markers[held_out])
    scores = arm_scores(outcome, arm, np.full((PEOPLE, 2), 0.5), expected)
    benefit = benefit_scores(scores, 1, 0, higher_is_better=True)
    found: dict[str, float] = {"trials": 1.0}
    for what, ranking in (("", own), ("levelled ", levelled)):
        low = high = 0.0
        if np.ptp(ranking) > 1e-12:
            autoc = targeting(benefit, ranking, rng, arm=arm, draws=DRAWS).autoc
            low, high = autoc.low or 0.0, autoc.high or 0.0
        found |= {f"{what}below": float(high < 0), f"{what}above": float(low > 0)}
    treat = treat_if(own)
    for what, shift in (("advice ", None), ("advice alike ", own - levelled)):
        advised = advice(benefit, treat, arm=arm, shift=shift)
        low, high = advised.difference.low or 0.0, advised.difference.high or 0.0
        if np.ptp(levelled) <= 1e-12:
            low = high = 0.0
        found |= {f"{what}below": float(high < 0), f"{what}above": float(low > 0)}
        harm = advised.harm_p
    return found | {"harm": float(harm is not None and harm <= ALPHA)}


def main(
    trials: Annotated[int, typer.Option(help="Simulated trials in each cell")] = 200,
    jobs: Annotated[int, typer.Option(help="Processes")] = 2,
) -> None:
    """Run every trial that was not run yet, and summarise."""
    code = code_digest(*CODE)[:12]
    sums = counted("benefit_level", counts, cells(), trials, jobs=jobs, at_once=20, code=code)
    shares = []
    for name in cells():
        learner, effect = name.split("|")
        n = sums[name]["trials"]
        shares.append(
            {"learner": learner, "effect": float(effect), "trials": int(n)}
            | {what: round(sums[name][what] / n, 4) for what in COUNTED}
        )
    write_whole(OUT, json.dumps({"code": code, "people": PEOPLE, "cells": shares}, indent=1) + "\n")
    for one in shares:
        typer.echo(str(one))


if __name__ == "__main__":
    typer.run(main)
