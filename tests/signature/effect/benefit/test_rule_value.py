"""Value of treatment rules against known truth, a loop, and coverage."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from signature.effect.benefit.advised_groups import advice
from signature.effect.benefit.rule_value import rule_value
from signature.effect.benefit.treatment_rule import best_arm, treat_if
from signature.effect.trial.aipw import arm_scores, benefit_scores
from signature.effect.trial.estimate import mean_estimate
from signature.exceptions import AllocationError, PredictionsError
from signature.randomness import generator
from tests.made.made_up_effects import linear_trial

_EVEN = np.array([0.5, 0.5])


def _scored(rng, n, *, per_sd, effect=0.0, treated=0.5):
    trial = linear_trial(rng, n, effect=effect, per_sd=per_sd, treated=treated)
    allocation = np.array([1 - treated, treated])
    return trial, arm_scores(trial.outcome, trial.arm, allocation, trial.expected)


@pytest.mark.parametrize(("n", "treated"), [(60, 2 / 3), (200, 0.5)])
def test_intervals_hold_the_true_gains_and_effects_among_the_advised(n, treated):
    """Benefit b · x, treated where x > 0: gains b·φ(0) over either arm, effects ± 2b·φ(0)."""
    rng = generator(1, "coverage")
    trials, held, b = 400, np.zeros(6), 0.8
    gain = b * norm.pdf(0)
    for _ in range(trials):
        trial, scores = _scored(rng, n, per_sd=b, treated=treated)
        rule = treat_if(trial.marker)
        found = rule_value(scores, rule, higher_is_better=True, arm=trial.arm)
        benefit = benefit_scores(scores, 1, 0, higher_is_better=True)
        told = advice(benefit, rule, arm=trial.arm)
        pairs = (
            (found.value, gain),
            (found.gains[0], gain),
            (found.gains[1], gain),
            (told.treat.benefit, 2 * gain),
            (told.against.benefit, -2 * gain),
            (told.difference, 4 * gain),
        )
        held += [one.low <= truth <= one.high for one, truth in pairs]
    assert held / trials == pytest.approx(0.95, abs=0.035)


def test_a_rule_by_noise_in_a_null_trial_is_seldom_said_to_gain():
    rng = generator(2, "null")
    trials, claims = 400, np.zeros(2)
    for _ in range(trials):
        trial, scores = _scored(rng, 100, per_sd=0.0, effect=0.0)
        found = rule_value(scores, rng.random(100) < 0.5, higher_is_better=True, arm=trial.arm)
        claims += [found.over_best.low > 0, found.gains[0].p < 0.05]
    assert claims[0] / trials < 0.02
    assert claims[1] / trials == pytest.approx(0.05, abs=0.033)


@given(st.integers(0, 2**31), st.integers(2, 4), st.booleans())
@settings(max_examples=30, deadline=None)
def test_equals_a_loop_over_people(seed, arms, higher_is_better):
    rng = np.random.default_rng(seed)
    scores, w = rng.normal(size=(20, arms)), rng.random(20)
    rule = rng.integers(0, arms, 20)
    found = rule_value(scores, rule, higher_is_better=higher_is_better, weight=w)
    own = sum(w[i] * scores[i, rule[i]] for i in range(20)) / w.sum()
    assert found.value.value == pytest.approx(own)
    for k in range(arms):
        fixed = sum(w[i] * scores[i, k] for i in range(20)) / w.sum()
        gain = own - fixed if higher_is_better else fixed - own
        assert found.gains[k].value == pytest.approx(gain)
        assert found.shares[k] == pytest.approx(w[rule == k].sum() / w.sum())
    assert found.over_best.value == min(gain.value for gain in found.gains)
    if found.over_best.low is not None:
        assert found.over_best.low == min(gain.low for gain in found.gains)


def test_the_rule_that_gives_everybody_one_arm_gains_nothing_over_it():
    _, scores = _scored(generator(3, "all"), 50, per_sd=0.0, effect=1.0)
    found = rule_value(scores, np.ones(50, dtype=bool), higher_is_better=True)
    assert found.shares == (0.0, 1.0)
    assert (found.gains[1].value, found.gains[1].low, found.gains[1].p) == (0, None, None)
    assert found.gains[0].low > 0
    assert (found.over_best.value, found.over_best.low) == (0, None)


def test_advice_is_the_average_of_scores_on_either_side():
    rng = generator(4, "sides")
    benefit, w, treat = rng.normal(size=40), rng.random(40), rng.random(40) < 0.3
    found = advice(benefit, treat, weight=w)
    assert found.treat.benefit.value == pytest.approx(np.average(benefit[treat], weights=w[treat]))
    assert found.against.benefit.value == pytest.approx(
        np.average(benefit[~treat], weights=w[~treat])
    )
    assert found.treat.share + found.against.share == pytest.approx(1)
    assert (found.treat.people, found.against.people) == (treat.sum(), (~treat).sum())
    difference = found.treat.benefit.value - found.against.benefit.value
    assert found.difference.value == pytest.approx(difference)
    # two groups without a common person
    parts = [found.treat.benefit.standard_error, found.against.benefit.standard_error]
    assert found.difference.standard_error == pytest.approx(np.hypot(*parts), rel=0.1)


@pytest.mark.parametrize("everybody", [True, False])
def test_nobody_on_one_side_has_no_benefit_there(everybody):
    benefit = np.arange(10.0)
    found = advice(benefit, np.full(10, everybody))
    full, empty = (found.treat, found.against) if everybody else (found.against, found.treat)
    assert full.benefit == mean_estimate(benefit)
    assert (empty.people, empty.share, empty.benefit.value) == (0, 0, None)
    assert found.difference.value is None


def test_best_arm_gives_control_unless_it_is_beaten_by_more_than_the_margin():
    predicted = np.array([[1.0, 1.4, 0], [1, 1.6, 1.7], [1, 0, 0], [1, 1, 1.5]])
    assert best_arm(predicted, higher_is_better=True, margin=0.5).tolist() == [0, 2, 0, 0]
    assert best_arm(predicted, higher_is_better=True).tolist() == [1, 2, 0, 2]
    assert best_arm(predicted, higher_is_better=False).tolist() == [2, 0, 1, 0]
    assert best_arm(predicted, higher_is_better=False, control=2).tolist() == [2, 0, 2, 0]


def test_the_best_of_three_arms_beats_each_of_them():
    rng = generator(5, "three")
    n = 900
    x, arm = rng.normal(size=(n, 3)), rng.permutation(np.arange(n) % 3)
    y = x[np.arange(n), arm] + rng.normal(size=n)
    scores = arm_scores(y, arm, np.full(3, 1 / 3), x)
    found = rule_value(scores, best_arm(x, higher_is_better=True), higher_is_better=True, arm=arm)
    truth = 3 / (2 * np.sqrt(np.pi))  # mean of the largest of three normals
    assert abs(found.value.value - truth) < 3 * found.value.standard_error
    assert found.over_best.low > 0
    assert found.over_best.p < 0.01


def test_what_does_not_fit_is_refused():
    with pytest.raises(AllocationError, match="not in 1 of 3 rows"):
        rule_value(np.zeros((3, 2)), np.array([0, 1, 2]), higher_is_better=True)
    with pytest.raises(PredictionsError, match=r"shape \(3,\); got shape \(2,\)"):
        rule_value(np.zeros((3, 2)), np.zeros(2), higher_is_better=True)
    with pytest.raises(PredictionsError, match=r"scores must have .* with 6 missing"):
        rule_value(np.full((3, 2), np.nan), np.zeros(3), higher_is_better=True)
    with pytest.raises(AllocationError, match="one of the 2 arms, from 0; got 2"):
        best_arm(np.zeros((3, 2)), higher_is_better=True, control=2)
    with pytest.raises(PredictionsError, match="the predicted benefit is missing"):
        treat_if(np.array([np.nan, 1]))
    with pytest.raises(PredictionsError, match="True or False for each of the 2 rows"):
        advice(np.zeros(2), np.array([0, 1]))
