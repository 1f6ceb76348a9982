"""What an experiment runs on, and its outer folds.

How a study is put together from a data set, an outcome and candidates that are found by name is
`pipelines.question.assembly`'s: a fit depends on what came out of that, not on how.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import ModuleType
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from pipelines.question.folds import Fold, outer_folds
from pipelines.question.handling import check_batches
from signature.exceptions import OutcomeError
from signature.study.cohort import CohortWithOutcome

if TYPE_CHECKING:
    from pipelines.question.experiment import Experiment
    from signature.assay.study import DescribedStudy
    from signature.outcomes import Outcome

CANDIDATE_EXPORTS = ("LABEL", "build", "space")


@dataclass(frozen=True, eq=False)
class AssembledStudy:
    """What an experiment runs on: rows with their outcome, outer folds and candidates.

    ``references`` are rows outside the analysis that may place a batch; nobody's outcome is known
    of them here. ``described`` is the account of reading a laboratory's files, where a study
    dictionary describes them.
    """

    experiment: Experiment
    cohort: CohortWithOutcome
    outcome: Outcome
    dropped_features: dict[str, str]
    folds: list[Fold]
    candidates: dict[str, ModuleType]
    references: pd.DataFrame | None = None
    described: DescribedStudy | None = None

    def trusted_types(self, candidate: str) -> tuple[str, ...]:
        """Types of our own that a saved fit of the candidate may hold, by module and name."""
        return tuple(getattr(self.candidates[candidate], "TRUSTED_TYPES", ()))


def lay_out(
    experiment: Experiment, cohort: CohortWithOutcome, references: pd.DataFrame | None
) -> list[Fold]:
    """Lay out the outer folds, and say before the first fit what a later one would fail for.

    Raises
    ------
    CohortError, OutcomeError, ExperimentError
        See `outer_folds` and `check_batches`; OutcomeError also when a training set has too few
        people of a class for the inner folds.
    """
    folds = outer_folds(cohort, experiment.validation, experiment.seed)
    _enough_for_inner_folds(cohort, folds, experiment.validation.inner_folds)
    check_batches(cohort, folds, references, experiment.name)
    return folds


def _enough_for_inner_folds(cohort: CohortWithOutcome, folds: list[Fold], inner: int) -> None:
    y, person = cohort.outcome.to_numpy(), cohort.person.to_numpy()
    for fold in folds:
        train_y, train_person = y[fold.train], person[fold.train]
        fewest = min(len(np.unique(train_person[train_y == value])) for value in (0, 1))
        if fewest < inner:
            raise OutcomeError(
                f"{cohort.name}: when {fold.label!r} is held out, the rarer class of "
                f"{cohort.outcome_name} has {fewest} people left to train on, fewer than the "
                f"{inner} inner folds; lower 'inner_folds' in [validation]"
            )
