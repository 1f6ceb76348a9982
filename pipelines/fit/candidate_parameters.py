"""How many parameters there are to learn, known before any outcome was looked at."""

from __future__ import annotations

import numpy as np
from sklearn.pipeline import Pipeline

from pipelines.question.folds import development_rows
from pipelines.question.study import AssembledStudy
from signature.prepare.procedures import linear_steps


def candidate_parameters(study: AssembledStudy) -> int:
    """Count what sample-size criteria count: columns that vary and reach a linear model.

    Selection does not lower the number: choosing among parameters is learning, too (Riley 2020).
    Trees can hold more, and need more people than criteria for regressions ask.

    Parameters
    ----------
    study : AssembledStudy
        Outcomes are not looked at.
    """
    rows = development_rows(study.cohort, study.experiment.validation)
    steps = Pipeline(linear_steps(study.cohort.schema, random_state=0))
    table = steps.fit_transform(study.cohort.X.iloc[rows])
    return max(1, int((np.ptp(table.to_numpy(), axis=0) > 0).sum()))
