"""The size of the next trial: only where somebody is found to enrich it with."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from pipelines.trials.experiment import load_trial
from pipelines.trials.next_trial import next_trial, within_arms_sd
from pipelines.trials.study import assemble_trial
from signature.effect.benefit.advised_groups import advice
from signature.effect.benefit.enrichment import enrichment
from signature.effect.trial_record import ArmEffect, TrialClaim
from signature.records.estimates import EffectEstimate
from tests.made.trial_files import TRIAL, write_trial

ASKED = "[next_trial]\npower = 0.9\nalpha = 0.01\n"
OVERALL = EffectEstimate(value=2.0, standard_error=0.5, low=1.0, high=3.0)
AVERAGE = [ArmEffect(arm="interleukin-2", unadjusted=EffectEstimate(value=9.0), adjusted=OVERALL)]


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    return assemble_trial(load_trial(write_trial(tmp_path_factory.mktemp("next"), TRIAL + ASKED)))


def claim(*, predictive=True):
    return TrialClaim(
        predictive=predictive, rule=predictive, prognostic=True, checks=[], sentence="", advice=""
    )


def candidate(sign=1.0, *, headline=True):
    """A rule that treats two thirds, of whom each gains 4 (times the sign) on average."""
    rng = np.random.default_rng(0)
    benefit = sign * (4 + rng.normal(size=300))
    told = advice(benefit, np.arange(300) < 200)
    return SimpleNamespace(headline=headline, advice=told)


def test_people_are_counted_for_the_headlines_rule(study):
    one = candidate()
    found = next_trial(study, claim(), AVERAGE, [candidate(9.0, headline=False), one])
    sd = within_arms_sd(study)
    assert found == enrichment(
        one.advice.treat.benefit, OVERALL, positive=2 / 3, sd_positive=sd, sd_all=sd, power=0.9,
        alpha=0.01,
    )  # fmt: skip
    assert found.enriched.benefit == pytest.approx(4, abs=0.2)
    assert found.all_comers.benefit == 2
    assert found.enriched.randomised < found.all_comers.randomised
    assert (found.power, found.alpha) == (0.9, 0.01)


def test_without_the_word_predictive_there_is_nobody_to_enrich_with(study):
    assert next_trial(study, claim(predictive=False), AVERAGE, [candidate()]) is None


def test_nor_where_those_whom_the_rule_would_treat_do_not_gain(study):
    assert next_trial(study, claim(), AVERAGE, [candidate(-1.0)]) is None


def test_nor_where_the_learner_says_the_same_of_all(study):
    same = SimpleNamespace(headline=True, advice=None)
    assert next_trial(study, claim(), AVERAGE, [same]) is None


def test_nor_without_an_adjusted_average(study):
    plain = [ArmEffect(arm="interleukin-2", unadjusted=OVERALL, adjusted=None)]
    assert next_trial(study, claim(), plain, [candidate()]) is None


def test_the_average_is_that_of_the_arm_that_is_compared(study):
    other = ArmEffect(
        arm="another",
        unadjusted=OVERALL,
        adjusted=EffectEstimate(value=50.0, standard_error=1.0, low=48.0, high=52.0),
    )
    found = next_trial(study, claim(), [other, *AVERAGE], [candidate()])
    assert found.all_comers.benefit == 2


def test_the_spread_within_arms_is_that_of_people_repeated_by_their_weight(study):
    rng = np.random.default_rng(1)
    trial = study.trial
    weight = np.where(trial.known, rng.integers(1, 5, len(trial.code)), 0).astype("float64")
    shifted = trial.outcome + 100.0 * trial.code  # an effect of treatment is no spread
    found = within_arms_sd(replace(study, trial=replace(trial, outcome=shifted, weight=weight)))
    squares, people = 0.0, 0
    for arm in (0, 1):
        own = trial.known & (trial.code == arm)
        repeated = np.repeat(trial.outcome[own], weight[own].astype(int))
        squares += repeated.var() * len(repeated)
        people += len(repeated)
    assert found == pytest.approx(np.sqrt(squares / people))


def test_the_spread_of_an_event_is_that_of_its_risk(study):
    rng = np.random.default_rng(2)
    trial = study.trial
    event = (rng.random(len(trial.code)) < 0.3).astype("float64")
    made_up = replace(
        trial, outcome=event, known=np.ones(len(event), dtype=bool), weight=np.ones(len(event))
    )
    risks = [event[trial.code == arm].mean() for arm in (0, 1)]
    sizes = [(trial.code == arm).sum() for arm in (0, 1)]
    expected = np.average([r * (1 - r) for r in risks], weights=sizes)
    assert within_arms_sd(replace(study, trial=made_up)) == pytest.approx(np.sqrt(expected))
