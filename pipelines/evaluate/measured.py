"""What takes most of an evaluation: each candidate of each block, by every draw."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from pipelines.evaluate.weighings import Weighting, measure
from pipelines.question.experiment import Experiment
from signature.randomness import generator
from signature.records.results import BLOCKS, PROCEDURE, REFERENCE, FoldResult
from signature.validation.metrics import POOLED, WITHIN_FOLD
from signature.validation.net_benefit import net_benefit

METRICS = (*WITHIN_FOLD, *POOLED)
"""Metrics that are given by candidate."""


@dataclass(frozen=True, eq=False, repr=False)
class Measured:
    """One candidate in one block by every draw; the first value is of the plain data.

    Parameters
    ----------
    block, candidate : str
    draws : dict of ndarray, each of shape (n_draws + 1,)
        By metric.
    folds : list of FoldResult
    """

    block: str
    candidate: str
    draws: dict[str, np.ndarray]
    folds: list[FoldResult]


def to_measure(
    predictions: pd.DataFrame, experiment: Experiment
) -> list[tuple[Callable[..., Measured], tuple[Any, ...]]]:
    """Return the calls that take most of an evaluation's time, to be made in any process.

    Parameters
    ----------
    predictions, experiment
        As of `evaluate`.

    Returns
    -------
    list of (function, arguments)
        One call for each block and candidate; their results are `evaluate`'s `measured`.
    """
    return [
        (_measured, (part[part["candidate"] == candidate], weighting, act_from))
        for part in blocks_of(predictions)
        for weighting in [weighting_of(part, experiment)]
        for act_from in [acts_from(weighting, experiment)]
        for candidate in candidates_of(experiment)
    ]


def _measured(own: pd.DataFrame, weighting: Weighting, act_from: float) -> Measured:
    draws, folds = measure(own, weighting)
    draws["net_benefit"] = weighting.weigh(own).averaged(
        lambda y, p, w: net_benefit(y, p, w, np.array([act_from]))[:, 0]
    )
    block, candidate = (str(own[name].iloc[0]) for name in ("block", "candidate"))
    return Measured(block, candidate, draws, folds)


def blocks_of(table: pd.DataFrame) -> list[pd.DataFrame]:
    """Part a predictions table by block, the headline last."""
    of = [table[table["block"] == name] for name in BLOCKS]
    return [part for part in of if len(part)]


def candidates_of(experiment: Experiment) -> list[str]:
    """List what is measured, in the order of the record."""
    parts = experiment.candidates
    return [PROCEDURE, REFERENCE, *parts.contenders, *parts.references, *parts.baselines]


def acts_from(weighting: Weighting, experiment: Experiment) -> float:
    """Return the probability from which one acts: declared, or else the event rate."""
    rate = float(np.clip(weighting.rows["outcome"].mean(), 0.01, 0.99))
    return experiment.decision.act_from or rate


def weighting_of(block: pd.DataFrame, experiment: Experiment) -> Weighting:
    """Draw the weighting that all candidates of a block share."""
    rng = generator(experiment.seed, "bootstrap", str(block["block"].iloc[0]))
    return Weighting.drawn(block, experiment.validation.bootstraps, rng)
