"""The one test that decides whether a panel tells who benefits, its control, and prognosis."""

from __future__ import annotations

from pipelines.trials.claim import LEVEL
from pipelines.trials.crossfit import TrialPredictions
from pipelines.trials.hypotheses import arm_names, filled_features
from pipelines.trials.rearranged import ScoreAgain
from pipelines.trials.study import TrialStudy, compared, covariates_of, strata_of, weight_of
from signature.effect.benefit.prognosis import Prognosis, prognosis
from signature.effect.interaction.arm_by_score import ArmByScore, arm_by_score
from signature.effect.interaction.crossfitted_score import ManyScores, one_by_one
from signature.effect.interaction.deciding_test import (
    DecidingTest,
    Test,
    deciding_test,
    usual_test,
)
from signature.randomness import generator


def test_of(study: TrialStudy) -> Test:
    """Say which test decides: the declared one, or that of a panel of this size."""
    return study.experiment.trial.test or usual_test(len(study.trial.cohort.schema.panel))


def learns(study: TrialStudy) -> bool:
    """Whether the score is learned anew for the test."""
    return test_of(study) in ("score", "minimum of these")


def undecided(study: TrialStudy, found: DecidingTest) -> bool:
    """Whether more rearrangements could move the p-value to the other side of the level."""
    asked = study.experiment.crossfitting
    more = learns(study) and asked.most_rearrangements > asked.rearrangements
    return more and found.p_low <= LEVEL <= found.p_high


def decide(
    study: TrialStudy,
    score: ScoreAgain | None,
    many: ManyScores = one_by_one,
    *,
    draws: int | None = None,
) -> DecidingTest:
    """Test whether the effect of treatment goes with the panel.

    Parameters
    ----------
    study : TrialStudy
    score : ScoreAgain or None
        Of that study; None where the score has no part in the test.
    many : callable
        In which processes the scores are learned.
    draws : int, optional
        Rearrangements, if others than the experiment asks for first.
    """
    trial, rows = study.trial, compared(study)
    table = filled_features(study, rows)
    panel = [name for name in trial.cohort.schema.panel if name in table.columns]
    return deciding_test(
        trial.outcome[rows],
        arm_names(study, rows),
        table[panel],
        score,
        test=test_of(study),
        control=trial.arms[0],
        treated=trial.arms[study.treated],
        rng=generator(study.experiment.seed, "headline"),
        strata=strata_of(trial, rows),
        covariates=covariates_of(trial, rows),
        weight=weight_of(trial, rows),
        better="higher" if trial.endpoint.higher_is_better else "lower",
        gains_more={
            name: side for name, side in study.experiment.trial.gains_more.items() if name in panel
        },
        draws=draws or study.experiment.crossfitting.rearrangements,
        many=many,
    )


def control_test(study: TrialStudy, held_out: TrialPredictions) -> ArmByScore:
    """Test whether the effect differs with the prognosis: risk, and not the panel, may do that."""
    trial, rows = study.trial, compared(study)
    return arm_by_score(
        trial.outcome[rows],
        arm_names(study, rows),
        held_out.prognosis[rows],
        control=trial.arms[0],
        treated=trial.arms[study.treated],
        rng=generator(study.experiment.seed, "control score"),
        strata=strata_of(trial, rows),
        covariates=covariates_of(trial, rows),
        weight=weight_of(trial, rows),
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
