"""What held-out predictions are worth, where the truth is known because it was simulated."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from pipelines.trials.benefit import (
    average_effects,
    benefit_results,
    best_arm_value,
    risk_groups,
    scored,
)
from pipelines.trials.crossfit import TrialPredictions
from pipelines.trials.experiment import load_trial
from pipelines.trials.study import assemble_trial
from signature.datasets import simulated_il2_trial
from tests.made.trial_files import TRIAL, write_trial

HEADLINE = "effect_modified_covariate"


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    text = TRIAL.replace('where = { site = ["site 1"] }', 'strata = ["site"]')
    return assemble_trial(load_trial(write_trial(tmp_path_factory.mktemp("study"), text)))


@pytest.fixture(scope="module")
def oracle(study):
    """Predictions by the truth: what no learner beats."""
    truth = simulated_il2_trial.draw()
    expected = truth.expected[list(study.trial.arms)].to_numpy()
    benefit = np.column_stack([np.zeros(len(expected)), truth.benefit])
    prognosis = expected.mean(axis=1)
    told = {HEADLINE: benefit, "effect_dr_learner": np.full_like(benefit, 3.6)}
    return TrialPredictions(
        benefit=told,
        levelled=told,
        parts=None,
        expected=expected,
        prognosis=prognosis,
        baseline=prognosis,
    )


def test_benefit_is_positive_where_a_lower_outcome_is_better(study, oracle):
    people = scored(study, 1, oracle)
    true = simulated_il2_trial.draw().benefit.to_numpy()[people.rows]
    np.testing.assert_allclose(people.allocation, [[1 / 3, 2 / 3]] * len(people.rows))
    assert abs(people.benefit.mean() - true.mean()) < 3 * people.benefit.std() / len(true) ** 0.5
    assert np.corrcoef(people.benefit, true)[0, 1] > 0.2


def test_the_average_effect_is_the_simulated_one_and_adjusting_makes_it_more_precise(study, oracle):
    (found,) = average_effects(study, oracle)
    assert found.arm == "interleukin-2"
    for estimate in (found.adjusted, found.unadjusted):
        assert estimate.low < 3.6 < estimate.high
    assert found.adjusted.standard_error < found.unadjusted.standard_error
    (alone,) = average_effects(study, None)
    assert alone.adjusted is None


def test_predictions_by_the_truth_are_calibrated_and_rank_people(study, oracle):
    best, constant = benefit_results(study, oracle)
    assert best.headline
    assert best.calibration.slope.low < 1 < best.calibration.slope.high
    assert best.calibration.in_the_large.low < 0 < best.calibration.in_the_large.high
    assert best.targeting.autoc.low > 0
    assert best.targeting.qini.low > 0
    assert best.groups.highest_minus_lowest.low > 0
    assert best.c_for_benefit.c.value > 0.5
    # the rule gains most over treating nobody, and little over treating all
    over_none, over_all = best.rule.gains
    assert over_none.low > 0
    assert abs(over_all.value) < over_none.value
    assert best.advice.treat.benefit.value > best.advice.against.benefit.value
    assert best.number_needed is None
    assert constant.constant
    assert constant.targeting is None
    assert constant.rule is None


def test_c_for_benefit_is_left_out_where_the_ratio_differs_between_people(study, oracle):
    ratio = study.trial.allocation.copy()
    ratio[::2] = [0.5, 0.5]
    uneven = replace(study, trial=replace(study.trial, allocation=ratio))
    found = benefit_results(uneven, oracle)[0]
    assert found.c_for_benefit is None
    assert found.targeting is not None


def test_groups_of_risk_are_made_by_prognosis(study, oracle):
    found = risk_groups(study, oracle)
    predicted = [group.predicted for group in found.groups]
    assert predicted == sorted(predicted)
    means = [group.mean_control for group in found.groups]
    assert means[0] < means[-1]


def three_arms(seed, n=3000, higher_is_better=False):
    """Return a study of three arms, of which the second does good to some and the third to others.

    Of a person with standard normal x the second arm lowers the outcome by x, the third by −x.
    """
    rng = np.random.default_rng(seed)
    x, code = rng.normal(size=n), rng.integers(0, 3, size=n)
    gain = np.column_stack([np.zeros(n), x, -x])
    sign = 1.0 if higher_is_better else -1.0
    outcome = sign * gain[np.arange(n), code] + rng.normal(size=n)
    trial = SimpleNamespace(
        arms=("none", "first", "second"),
        known=np.ones(n, dtype=bool),
        weight=np.ones(n),
        code=code,
        outcome=outcome,
        allocation=np.full((n, 3), 1 / 3),
        endpoint=SimpleNamespace(higher_is_better=higher_is_better),
    )
    candidates = SimpleNamespace(headline=HEADLINE)
    study = SimpleNamespace(trial=trial, experiment=SimpleNamespace(candidates=candidates))
    held_out = TrialPredictions(
        {HEADLINE: gain}, {HEADLINE: gain}, None, sign * gain, np.zeros(n), np.zeros(n)
    )
    return study, held_out


@pytest.mark.parametrize("higher_is_better", [True, False])
def test_giving_everybody_the_best_arm_gains_what_it_must(higher_is_better):
    found = best_arm_value(*three_arms(3, higher_is_better=higher_is_better))
    # the better of x and −x gains |x|, √(2/π) on average, over every single arm alike
    for gain in found.gains:
        assert abs(gain.value - (2 / np.pi) ** 0.5) < 3.5 * gain.standard_error
        assert gain.high - gain.low < 0.25
    assert found.over_best.low > 0.5
    np.testing.assert_allclose(found.shares, [0, 0.5, 0.5], atol=0.03)


def test_arms_dealt_by_chance_gain_nothing_over_the_best():
    study, held_out = three_arms(4)
    noise = np.random.default_rng(5).normal(size=held_out.benefit[HEADLINE].shape)
    noise[:, 0] = 0
    found = best_arm_value(study, replace(held_out, benefit={HEADLINE: noise}))
    assert found.over_best.low < 0
    assert abs(found.over_best.value) < 0.15


def test_two_arms_have_no_best_of_several(study, oracle):
    assert best_arm_value(study, oracle) is None


def test_what_would_be_nearly_one_persons_own_is_not_kept(study, oracle):
    few = np.zeros_like(oracle.benefit[HEADLINE]) + 1.0
    few[:5] = -1.0  # five people at most are advised against
    told = {HEADLINE: few, "effect_dr_learner": few}
    (found, _) = benefit_results(study, replace(oracle, benefit=told))
    assert 0 < found.advice.against.people < 10
    assert found.advice.against.benefit.value is None
    assert found.advice.difference.value is None
    assert found.advice.harm_p is None
    assert found.advice.treat.benefit.value is not None


def test_imputed_outcomes_are_in_the_adjusted_average_too(study, oracle):
    """Everybody lost did far worse under treatment than those who stayed."""
    trial = study.trial
    drawn = np.repeat(np.nan_to_num(trial.outcome, nan=60.0)[None], 3, axis=0)
    drawn[:, ~trial.known] += np.array([[-1.0], [0.0], [1.0]])
    imputed = replace(study, trial=replace(trial, imputed=drawn))
    (plain,), (found,) = average_effects(study, oracle), average_effects(imputed, oracle)
    lost = ~trial.known & (trial.code == 1)
    assert lost.sum() > 3
    assert abs(found.adjusted.value - found.unadjusted.value) < 1.5
    assert abs(found.adjusted.value - plain.adjusted.value) > 0.5
