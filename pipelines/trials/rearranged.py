"""The headline's score learned anew from other outcomes and arms, on as many processes as asked."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import clone

from pipelines.fit.processes import run_all
from pipelines.trials.crossfit import layouts, share_of, within_fold
from pipelines.trials.study import TrialStudy, compared
from signature.effect.interaction.crossfitted_score import Arranged, ManyScores, ScoreOf
from signature.randomness import seed_for

_AT_A_TIME = 5
"""Rearrangements that a process is given together: the prepared folds travel with them."""


@dataclass(frozen=True, eq=False)
class _Prepared:
    """One training set after the steps that see neither outcome nor arm, and its learner."""

    inside: np.ndarray
    outside: np.ndarray
    train: pd.DataFrame
    held_out: pd.DataFrame
    learner: Any


@dataclass(frozen=True, eq=False)
class ScoreAgain:
    """From outcome and arm of the compared people to their held-out benefit.

    Made by `of`. Called with outcomes, shape (n,), and codes, shape (n,), 1 in the treated arm.
    """

    prepared: tuple[_Prepared, ...]
    share: np.ndarray
    weight: np.ndarray
    sign: float
    repeats: int

    @classmethod
    def of(cls, study: TrialStudy) -> ScoreAgain:
        """Fit the steps before the learner once per training set of the compared people."""
        rows = compared(study)
        trial, asked, seed = study.trial, study.experiment.crossfitting, study.experiment.seed
        name = study.experiment.candidates.headline
        X = trial.cohort.X.reset_index(drop=True).iloc[rows]
        position = np.full(len(trial.code), -1)
        position[rows] = np.arange(len(rows))
        prepared = []
        for repeat, layout in enumerate(layouts(trial, asked.folds, asked.repeats, seed)):
            for fold, (train, held_out) in enumerate(layout):
                inside = position[train][position[train] >= 0]
                outside = position[held_out][position[held_out] >= 0]
                drawn = seed_for(seed, "benefit", name, study.treated, repeat, fold)
                procedure = study.candidates[name].build(trial.cohort.schema, random_state=drawn)
                steps, learner = procedure[:-1], procedure[-1]
                Z = steps.fit_transform(X.iloc[inside])
                Z_held_out = steps.transform(X.iloc[outside])
                prepared.append(_Prepared(inside, outside, Z, Z_held_out, learner))
        return cls(
            tuple(prepared),
            share_of(trial, study.treated)[rows],
            trial.weight[rows],
            1.0 if trial.endpoint.higher_is_better else -1.0,
            asked.repeats,
        )

    def __call__(self, outcome: np.ndarray, code: np.ndarray) -> np.ndarray:
        """Return benefit in units of the outcome, less its mean in each fold, shape (n,).

        A fold's mean is learned from the other people: where theirs is high, its own is low, and
        scores that say nothing else would run against benefit.
        """
        found = np.zeros(len(outcome))
        for part in self.prepared:
            inside = part.inside
            model = clone(part.learner).fit(
                part.train,
                self.sign * outcome[inside],
                treated=code[inside],
                share=self.share[inside],
                weight=self.weight[inside],
            )
            found[part.outside] += within_fold(model.predict(part.held_out))
        return found / self.repeats


def seconds_of_rearrangement(study: TrialStudy, score: ScoreAgain) -> float:
    """Time how long the headline's score takes to be learned anew once."""
    rows = compared(study)
    code = (study.trial.code[rows] == study.treated).astype(int)
    score(study.trial.outcome[rows], code)  # what is compiled is compiled now
    started = time.perf_counter()
    score(study.trial.outcome[rows], code)
    return time.perf_counter() - started


def on_processes(jobs: int, done: Callable[[], None]) -> ManyScores:
    """Return what learns the scores of all rearrangements on `jobs` processes.

    Parameters
    ----------
    jobs : int
        1 runs in this process.
    done : callable
        Called once per rearrangement.
    """

    def many(score_of: ScoreOf, arranged: Arranged) -> Iterator[np.ndarray]:
        parts = [arranged[at : at + _AT_A_TIME] for at in range(0, len(arranged), _AT_A_TIME)]
        calls = [(_scores, (score_of, part)) for part in parts]
        for scores in run_all(calls, jobs=jobs, ordered=True):
            for score in scores:
                done()
                yield score

    return many


def _scores(score_of: ScoreOf, arranged: Arranged) -> list[np.ndarray]:
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):
        return [score_of(outcome, code) for outcome, code in arranged]
