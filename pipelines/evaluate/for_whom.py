"""Beyond which confounders the procedure tells something, for whom, and at which sites."""

from __future__ import annotations

import pandas as pd

from pipelines.evaluate.confounders import beyond_confounders
from pipelines.evaluate.drift import marker_drift
from pipelines.evaluate.subgroups import block_subgroups
from pipelines.question.people_groups import group_labels, people_groups
from pipelines.question.study import AssembledStudy
from signature.records.for_whom import ForWhom
from signature.records.results import BLOCKS, PROCEDURE


def for_whom(study: AssembledStudy, predictions: pd.DataFrame) -> ForWhom:
    """Look at the procedure's held-out predictions by confounders, subgroups and sites.

    Parameters
    ----------
    study : AssembledStudy
    predictions : DataFrame
        Of that study, as `signature.records.results.PREDICTION_COLUMNS` says.

    Returns
    -------
    ForWhom
        ``for_whom.json``. Confounders are tested in the headline block, subgroups measured in
        each.
    """
    own = predictions[predictions["candidate"] == PROCEDURE]
    blocks = [own[own["block"] == name] for name in BLOCKS if (own["block"] == name).any()]
    experiment = study.experiment
    groups = people_groups(study.cohort, experiment)
    return ForWhom(
        experiment=experiment.name,
        confounding=beyond_confounders(study, blocks[-1]),
        subgroups=tuple(block_subgroups(b, groups, experiment.seed) for b in blocks if groups),
        labels=group_labels(study.cohort, experiment),
        drift=marker_drift(study.cohort),
    )
