"""Whether the procedure's held-out predictions say more than the confounders do."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.special import expit

from pipelines.evaluate.model_scale import as_a_model_sees
from pipelines.question.study import AssembledStudy
from signature.learn.binary import log_odds
from signature.records.estimates import Estimate
from signature.records.for_whom import BeyondConfounders, Confounding
from signature.validation.confounder_design import confounder_design
from signature.validation.confounding import (
    FEWEST_PER_COLUMN,
    ConfounderTest,
    confounder_test,
)


def beyond_confounders(study: AssembledStudy, block: pd.DataFrame) -> Confounding:
    """Test the predictions of one block given the confounders that the experiment names.

    Parameters
    ----------
    study : AssembledStudy
    block : DataFrame
        The procedure's lines of the predictions table in that block. Over repeats the log-odds of
        a row are averaged: repeats are no further people.

    Returns
    -------
    Confounding
        With the test, or with the reason why there is none.
    """
    cohort, schema = study.cohort, study.cohort.schema
    eta = pd.Series(log_odds(block["probability"].to_numpy())).groupby(block["row"].to_numpy())
    mean = eta.mean()
    rows = mean.index.to_numpy()
    site = None if cohort.site is None else cohort.site.to_numpy()[rows]
    within = site is not None and len(np.unique(site)) > 1
    told = Confounding(
        block=str(block["block"].iloc[0]),
        confounders=tuple(schema[name].label for name in schema.confounders),
        within_site=within,
    )
    if not schema.confounders:
        return told.model_copy(update={"reason": "the experiment names no confounders"})
    y, person = cohort.outcome.to_numpy()[rows], cohort.person.to_numpy()[rows]
    table = as_a_model_sees(cohort, schema.confounders).iloc[rows].reset_index(drop=True)
    by = site if within else None
    people = len(np.unique(person))
    columns = confounder_design(table, by, people).columns.shape[1]
    if people < FEWEST_PER_COLUMN * columns:
        reason = (
            f"{people} people are too few for the {columns} columns that the confounders take: "
            f"at least {FEWEST_PER_COLUMN} per column are needed"
        )
        return told.model_copy(update={"reason": reason})
    seed, p = study.experiment.seed, expit(mean.to_numpy())
    given = confounder_test(y, p, table, person=person, site=by, seed=seed)
    alone = confounder_test(y, p, table[[]], person=person, seed=seed, permutations=0)
    return told.model_copy(update={"found": _beyond(given, alone)})


def _beyond(given: ConfounderTest, alone: ConfounderTest) -> BeyondConfounders:
    return BeyondConfounders(
        alone=Estimate(value=alone.log_odds_per_sd, low=alone.low, high=alone.high),
        given=Estimate(value=given.log_odds_per_sd, low=given.low, high=given.high),
        p_value=given.pvalue,
        p_low=given.pvalue_low,
        p_high=given.pvalue_high,
        permutations=given.permutations,
        explained=given.explained,
        columns=given.columns,
        squares=given.squares,
        people=given.people,
        events=given.events,
        fixed=given.fixed,
    )
