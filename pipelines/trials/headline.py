"""The one test that decides whether a panel tells who benefits, and the words it earns."""

from __future__ import annotations

import numpy as np

from pipelines.trials.crossfit import TrialPredictions
from pipelines.trials.rearranged import ScoreAgain
from pipelines.trials.study import TrialStudy, compared, covariates_of, strata_of
from signature.effect.benefit.prognosis import Prognosis, prognosis
from signature.effect.interaction.arm_by_score import ArmByScore, arm_by_score
from signature.effect.interaction.crossfitted_score import (
    ManyScores,
    arm_by_crossfitted_score,
    one_by_one,
)
from signature.effect.trial.small_trial import FEWEST_IN_ARM, MOST_PEOPLE, SmallTrial
from signature.effect.trial_record import TrialCheck, TrialClaim
from signature.page.numbers import number, p_is
from signature.randomness import generator

LEVEL = 0.05
"""Of the headline test."""


def headline_test(
    study: TrialStudy, score: ScoreAgain, many: ManyScores = one_by_one
) -> ArmByScore | None:
    """Test whether predicted benefit goes with benefit, the score learned anew in each deal.

    Parameters
    ----------
    study : TrialStudy
    score : ScoreAgain
        Of that study.
    many : callable
        In which processes the scores are learned.

    Returns
    -------
    ArmByScore or None
        None where the learner predicts the same benefit for all.
    """
    trial, rows = study.trial, compared(study)
    return arm_by_crossfitted_score(
        trial.outcome[rows],
        np.array(trial.arms, dtype=object)[trial.code[rows]],
        score,
        control=trial.arms[0],
        treated=trial.arms[study.treated],
        rng=generator(study.experiment.seed, "headline"),
        strata=strata_of(trial, rows),
        covariates=covariates_of(trial, rows),
        draws=study.experiment.crossfitting.rearrangements,
        many=many,
    )


def control_test(study: TrialStudy, held_out: TrialPredictions) -> ArmByScore:
    """Test whether the effect differs with the prognosis: risk, and not the panel, may do that."""
    trial, rows = study.trial, compared(study)
    return arm_by_score(
        trial.outcome[rows],
        np.array(trial.arms, dtype=object)[trial.code[rows]],
        held_out.prognosis[rows],
        control=trial.arms[0],
        treated=trial.arms[study.treated],
        rng=generator(study.experiment.seed, "control score"),
        strata=strata_of(trial, rows),
        covariates=covariates_of(trial, rows),
    )


def prognosis_of(study: TrialStudy, held_out: TrialPredictions) -> Prognosis:
    """Measure prognosis in all arms, from the baseline alone and with the panel."""
    trial, asked = study.trial, study.experiment.crossfitting
    return prognosis(
        trial.outcome[trial.known],
        trial.code[trial.known],
        held_out.baseline[trial.known],
        held_out.prognosis[trial.known],
        generator(study.experiment.seed, "prognosis"),
        weight=trial.weight[trial.known],
        folds=asked.folds,
        draws=asked.draws,
    )


def claim_of(
    headline: ArmByScore | None, foretold: Prognosis, treated: str, *, higher_is_better: bool
) -> TrialClaim:
    """Say what the result has earned: by the held-out interaction test alone, predictive.

    Parameters
    ----------
    headline : ArmByScore or None
        Of predicted benefit, on the outcome's own scale.
    foretold : Prognosis
    treated : str
        Name of the arm.
    higher_is_better : bool
        Of the outcome. Where lower is better, predicted benefit goes with benefit if the
        interaction is negative.
    """
    right = 0.0 if headline is None else headline.estimate * (1 if higher_is_better else -1)
    predictive = headline is not None and headline.p <= LEVEL and right > 0
    checks = [
        TrialCheck(
            rule="predictive: held-out predicted benefit goes with benefit, in the right direction "
            f"and with p at most {LEVEL}, when the whole learning is repeated in rearranged arms",
            measured="the learner predicts the same benefit for all"
            if headline is None
            else f"{p_is(headline.p)}, "
            + ("in the right direction" if right > 0 else "in the wrong direction"),
            passed=predictive,
        ),
        TrialCheck(
            rule="prognostic: on held-out people the panel adds to what the baseline says of the "
            "outcome, whatever the arm; the interval of the explained variance gained lies above 0",
            measured=f"{number(foretold.gain.value, 3, sign=True)} "
            f"({number(foretold.gain.low, 3, sign=True)} to "
            f"{number(foretold.gain.high, 3, sign=True)})",
            passed=foretold.adds,
        ),
    ]
    return TrialClaim(
        predictive=predictive,
        prognostic=foretold.adds,
        checks=checks,
        sentence=_sentence(predictive, foretold.adds, treated),
        advice=_advice(predictive),
    )


def too_small(size: SmallTrial) -> TrialClaim:
    """Say that a trial is too small for either word."""
    return TrialClaim(
        predictive=False,
        prognostic=False,
        checks=[
            TrialCheck(
                rule="a trial large enough for a signature to be learned and held out",
                measured=f"{sum(size.people.values())} people analysed, "
                f"{min(size.people.values())} of them in the smallest arm; needed are more than "
                f"{MOST_PEOPLE}, and {FEWEST_IN_ARM} in each arm",
                passed=False,
            )
        ],
        sentence="Neither prognostic nor predictive: this trial is too small for either word. It "
        "shows whether treatment moved the panel, and effects with their intervals.",
        advice="Do not select by this panel.",
    )


def _sentence(predictive: bool, prognostic: bool, treated: str) -> str:
    if predictive and prognostic:
        return (
            f"Predictive, and prognostic: the panel tells who gains more from {treated}, and what "
            "becomes of people whatever they are given."
        )
    if predictive:
        return (
            f"Predictive: the panel tells who gains more from {treated}. It says nothing certain "
            "of what becomes of people otherwise."
        )
    if prognostic:
        return (
            "Prognostic, not predictive: the panel foretells what becomes of people in all arms; "
            f"there is no evidence that it tells who gains more from {treated}."
        )
    return (
        "Neither prognostic nor predictive: there is no evidence of heterogeneity that the panel "
        f"knows of, of the effect of {treated} or of the outcome."
    )


def _advice(predictive: bool) -> str:
    if predictive:
        return (
            "Treating by this panel is a hypothesis for the next trial; it was found in this one "
            "and held in people who were kept apart, not yet in others."
        )
    return "Do not select by this panel."
