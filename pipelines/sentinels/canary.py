"""Random columns that tell where the statistics of a fold's preprocessing were learned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from pipelines.fit.fitting import Rows
from pipelines.question.folds import Fold
from pipelines.question.study import AssembledStudy
from signature.randomness import generator, seed_for
from signature.study.schema import Column, FeatureSchema, Role

CANARIES = ("canary_baseline", "canary_panel")
"""One for candidates of the baseline alone, one for the others: whatever selects takes one."""


@dataclass(frozen=True)
class CanaryCheck:
    """Where a candidate's means of random columns were learned.

    Parameters
    ----------
    candidate : str
    learns : bool
        Whether its preprocessing standardises at all; trees need none.
    means : int
        Learned means that were looked at: one per random column and training set.
    off : int
        Those that are not the mean of their own training rows.
    distinct : int
        Different ones among them.
    """

    candidate: str
    learns: bool
    means: int
    off: int
    distinct: int

    @property
    def inside(self) -> bool:
        """Whether what was learned comes from the fold's training rows."""
        return not self.learns or (self.off == 0 and self.distinct == self.means)


def canary_checks(study: AssembledStudy, folds: Sequence[Fold]) -> list[CanaryCheck]:
    """Fit each candidate's preprocessing on each fold, with random columns among the features.

    Parameters
    ----------
    study : AssembledStudy
    folds : sequence of Fold
        Repeats of the same training rows count once.

    Returns
    -------
    list of CanaryCheck
        One per candidate of the experiment, in its order.
    """
    rows = Rows.of(study.cohort, study.references)
    rng = generator(study.experiment.seed, "canary")
    X = rows.X.assign(**{name: rng.normal(size=len(rows.X)) for name in CANARIES})
    schema = _with_canaries(rows.schema)
    training = {fold.train.tobytes(): fold.train for fold in folds}
    seed = seed_for(study.experiment.seed, "canary", "model")
    found = []
    for name, candidate in study.candidates.items():
        learned: list[float] = []
        own: list[float] = []
        for train in training.values():
            head = candidate.build(schema, random_state=seed)[:-1]
            if not any(isinstance(step, StandardScaler) for _, step in head.steps):
                break
            head.fit(X.iloc[train], rows.outcome[train])
            for canary, mean in _learned_means(head).items():
                learned.append(mean)
                own.append(float(X[canary].to_numpy()[train].mean()))
        off = ~np.isclose(learned, own, rtol=0, atol=1e-9)
        distinct = len(np.unique(np.round(learned, 12)))
        found.append(CanaryCheck(name, bool(learned), len(learned), int(off.sum()), distinct))
    return found


def _with_canaries(schema: FeatureSchema) -> FeatureSchema:
    columns = (
        Column(name, Role.CLINICAL, "sentinel", in_panel=name.endswith("panel"))
        for name in CANARIES
    )
    return FeatureSchema((*schema.columns, *columns), schema.handling)


def _learned_means(head: Pipeline) -> dict[str, float]:
    """Read what the standardising step took for the mean of each random column that it saw."""
    scaler = next(step for _, step in head.steps if isinstance(step, StandardScaler))
    means = dict(zip(scaler.feature_names_in_, scaler.mean_, strict=True))
    return {name: float(means[name]) for name in CANARIES if name in means}
