"""What the next trial would have to be like, where this one found somebody to enrich it with."""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt

import numpy as np

from pipelines.trials.study import TrialStudy, compared
from signature.effect.benefit.enrichment import Enrichment, enrichment
from signature.effect.trial_record import ArmEffect, BenefitResult, TrialClaim
from signature.exceptions import TrialError


def next_trial(
    study: TrialStudy,
    claim: TrialClaim,
    average: Sequence[ArmEffect],
    candidates: Sequence[BenefitResult],
) -> Enrichment | None:
    """Size a next trial of those whom the headline candidate would treat, and one of all comers.

    Parameters
    ----------
    study : TrialStudy
    claim : TrialClaim
    average, candidates : sequence
        Of the trial's record.

    Returns
    -------
    Enrichment or None
        None where the result is not predictive, predicted benefit was not shown to say for whom,
        or those whom the rule would treat do not gain.
    """
    headline = next(one for one in candidates if one.headline)
    treated = study.trial.arms[study.treated]
    overall = next(one for one in average if one.arm == treated)
    if not claim.rule or headline.advice is None or overall.adjusted is None:
        return None
    spread = within_arms_sd(study)
    asked = study.experiment.next_trial
    try:
        return enrichment(
            headline.advice.treat.benefit,
            overall.adjusted,
            positive=headline.advice.treat.share,
            sd_positive=spread,
            sd_all=spread,
            power=asked.power,
            alpha=asked.alpha,
        )
    except TrialError:
        return None


def within_arms_sd(study: TrialStudy) -> float:
    """Return the standard deviation of the outcome within the two arms, weighted."""
    trial, rows = study.trial, compared(study)
    squares = weights = 0.0
    for arm in (0, study.treated):
        own = rows[trial.code[rows] == arm]
        weight = trial.weight[own]
        mean = np.average(trial.outcome[own], weights=weight)
        squares += float(weight @ (trial.outcome[own] - mean) ** 2)
        weights += float(weight.sum())
    return sqrt(squares / weights)
