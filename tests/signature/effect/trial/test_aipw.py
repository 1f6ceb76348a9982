"""Doubly robust scores against a published trial, direct computation and known truth."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import ttest_ind

from signature.effect.trial.aipw import arm_scores, benefit_scores
from signature.effect.trial.estimate import mean_estimate
from signature.exceptions import AllocationError, OutcomeError, PredictionsError
from signature.randomness import generator
from tests.made.made_up_effects import linear_trial

_EVEN = np.array([0.5, 0.5])


@pytest.fixture(scope="module")
def actg175(data_root):
    file = data_root / "actg175_hiv_trial" / "data.csv"
    if not file.is_file():
        pytest.skip("no local copy of ACTG 175")
    return pd.read_csv(file)


def test_unadjusted_effect_in_actg_175_as_published(actg175):
    """Tsiatis, Davidian, Zhang and Lu (2008): 46.81, standard error 6.76, on CD4 at week 20."""
    arm = actg175["treat"].to_numpy()
    scores = arm_scores(actg175["cd420"].to_numpy(), arm, np.array([0.25, 0.75]))
    found = mean_estimate(benefit_scores(scores, 1, 0, higher_is_better=True), arm=arm)
    assert found.value == pytest.approx(46.8105, abs=5e-5)
    assert found.standard_error == pytest.approx(6.7602, abs=5e-5)


def test_adjusted_effect_in_actg_175_is_near_and_more_precise(actg175):
    """The same article's adjusted estimates are about 50, with a standard error of 5 or so."""
    arm = actg175["treat"].to_numpy()
    y, x = actg175["cd420"].to_numpy(), actg175[["cd40", "cd80", "age", "wtkg"]].to_numpy()
    x = np.column_stack([np.ones(len(x)), x])
    fold = generator(4, "fold").permutation(len(y)) % 5
    predicted = np.empty((len(y), 2))
    for k in range(5):
        for a in (0, 1):
            train = (fold != k) & (arm == a)
            beta = np.linalg.lstsq(x[train], y[train], rcond=None)[0]
            predicted[fold == k, a] = x[fold == k] @ beta
    scores = arm_scores(y, arm, np.array([0.25, 0.75]), predicted)
    found = mean_estimate(benefit_scores(scores, 1, 0, higher_is_better=True), arm=arm)
    assert found.value == pytest.approx(50, abs=1.5)
    assert 4.5 < found.standard_error < 5.7


def test_each_arm_of_actg_175_against_zidovudine_is_a_difference_of_means(actg175):
    y, arm = actg175["cd420"].to_numpy(), actg175["arms"].to_numpy()
    scores = arm_scores(y, arm, np.full(4, 0.25))
    for other in (1, 2, 3):
        found = mean_estimate(benefit_scores(scores, other, 0, higher_is_better=True), arm=arm)
        by_hand = ttest_ind(y[arm == other], y[arm == 0], equal_var=False)
        assert found.value == pytest.approx(y[arm == other].mean() - y[arm == 0].mean())
        assert found.value / found.standard_error == pytest.approx(by_hand.statistic)


@given(st.integers(0, 2**31), st.integers(2, 4), st.booleans())
@settings(max_examples=30, deadline=None)
def test_equals_a_loop_over_people_and_arms(seed, arms, with_predictions):
    rng = np.random.default_rng(seed)
    n = 30
    arm = np.r_[np.arange(arms), rng.integers(0, arms, n - arms)]
    p = rng.dirichlet(np.full(arms, 5.0), size=n)
    y, w = rng.normal(size=n), rng.random(n) + 0.1
    guess = rng.normal(size=(n, arms)) if with_predictions else None
    found = arm_scores(y, arm, p, guess, weight=w)
    for k in range(arms):
        inverse = [1 / p[i, k] if arm[i] == k else 0 for i in range(n)]
        average = sum(w * inverse) / sum(w)
        hajek = sum(w * inverse * y) / sum(w * inverse)
        for i in range(n):
            mean = hajek if guess is None else guess[i, k]
            expected = mean + inverse[i] / average * (y[i] - mean)
            assert found[i, k] == pytest.approx(expected)
    if guess is None:  # the average of scores is the weighted mean of the arm
        assert w @ found[:, 0] / w.sum() == pytest.approx(
            np.average(y[arm == 0], weights=(w / p[:, 0])[arm == 0])
        )


@pytest.mark.parametrize("treated", [0.5, 2 / 3])
def test_intervals_hold_the_true_effect_whatever_the_predictions(treated):
    rng = generator(1, "coverage")
    allocation, trials = np.array([1 - treated, treated]), 800
    held = np.zeros(3)
    for _ in range(trials):
        trial = linear_trial(rng, 60, effect=0.4, per_sd=0.5, treated=treated)
        wrong = np.column_stack([5 - trial.marker, 3 * trial.marker**2])
        for at, guess in enumerate((None, trial.expected, wrong)):
            scores = arm_scores(trial.outcome, trial.arm, allocation, guess)
            benefit = benefit_scores(scores, 1, 0, higher_is_better=True)
            found = mean_estimate(benefit, arm=trial.arm)
            held[at] += found.low <= 0.4 <= found.high
    # three Monte Carlo standard errors, and a point for wrong predictions' long tails
    assert held / trials == pytest.approx(0.95, abs=0.033)


def test_good_predictions_make_the_average_more_precise():
    trial = linear_trial(generator(2, "precise"), 400, prognosis=3.0)
    errors = [
        mean_estimate(
            benefit_scores(
                arm_scores(trial.outcome, trial.arm, _EVEN, guess), 1, 0, higher_is_better=True
            ),
            arm=trial.arm,
        ).standard_error
        for guess in (None, trial.expected)
    ]
    assert errors[1] < 0.5 * errors[0]


def test_probabilities_that_differ_by_stratum_undo_the_confounding_they_make():
    """Severe cases do worse and are treated four times in five, mild ones once in five."""
    rng = generator(3, "strata")
    n = 20_000
    severe = rng.random(n) < 0.5
    p = np.where(severe, 0.8, 0.2)
    arm = (rng.random(n) < p).astype(int)
    y = -3.0 * severe + arm + rng.normal(size=n)
    scores = arm_scores(y, arm, np.column_stack([1 - p, p]))
    found = mean_estimate(benefit_scores(scores, 1, 0, higher_is_better=True), arm=arm)
    assert abs(found.value - 1) < 3 * found.standard_error
    assert y[arm == 1].mean() - y[arm == 0].mean() < 0


def test_a_person_with_two_rows_counts_once():
    trial = linear_trial(generator(4, "twice"), 80)
    scores = arm_scores(trial.outcome, trial.arm, _EVEN)
    benefit = benefit_scores(scores, 1, 0, higher_is_better=True)
    once = mean_estimate(benefit, arm=trial.arm)
    twice = mean_estimate(
        np.tile(benefit, 2), arm=np.tile(trial.arm, 2), person=np.tile(np.arange(80), 2)
    )
    assert twice.value == pytest.approx(once.value)
    assert twice.standard_error == pytest.approx(once.standard_error)
    assert twice.p == pytest.approx(once.p)


def test_the_direction_of_the_outcome_turns_the_benefit():
    scores = np.array([[0.2, 0.5, 0.1], [0.0, 1.0, 0.4]])
    better = benefit_scores(scores, 2, 0, higher_is_better=True)
    np.testing.assert_allclose(better, [-0.1, 0.4])
    np.testing.assert_allclose(benefit_scores(scores, 2, 0, higher_is_better=False), -better)


def test_equal_scores_have_no_interval():
    found = mean_estimate(np.full(7, 0.1), arm=np.array([0, 0, 0, 1, 1, 1, 1]))
    assert (found.value, found.low, found.p) == (pytest.approx(0.1), None, None)


def test_an_arm_of_one_person_has_no_interval():
    found = mean_estimate(np.array([1.0, 2.0, 4.0]), arm=np.array([0, 0, 1]))
    assert found.value is not None
    assert found.low is None


_Y, _ARM = np.array([1.0, 2.0, 3.0, 5.0]), np.array([0, 1, 0, 1])


@pytest.mark.parametrize(
    ("outcome", "arm", "allocation", "predicted", "error", "message"),
    [
        ([1, np.nan, 3, 5], _ARM, _EVEN, None, OutcomeError, "missing or infinite in 1 of 4"),
        (_Y, [0, 1, 2, 1], _EVEN, None, AllocationError, "from 0 to 1, .* not in 1 of 4 rows"),
        (_Y, [0, 1, np.nan, 1], _EVEN, None, AllocationError, "not in 1 of 4 rows"),
        (_Y, [0, 0, 0, 0], _EVEN, None, AllocationError, "nobody is in arm 1 of 2"),
        (_Y, [0, 1], _EVEN, None, AllocationError, r"shape \(4,\); got shape \(2,\)"),
        (_Y, _ARM, [0.5, 0.6], None, AllocationError, "in 4 of 4 rows they do not"),
        (_Y, _ARM, [1.0, 0.0], None, AllocationError, "2 of 4 rows are in an arm"),
        (_Y, _ARM, [1.0], None, AllocationError, "two or more arms"),
        (_Y, _ARM, _EVEN, np.ones((4, 3)), PredictionsError, r"shape \(4, 2\); got shape \(4, 3\)"),
        (_Y, _ARM, _EVEN, np.full((4, 2), np.nan), PredictionsError, "8 missing or infinite"),
    ],
)
def test_what_does_not_fit_is_refused(outcome, arm, allocation, predicted, error, message):
    with pytest.raises(error, match=message):
        arm_scores(np.array(outcome), np.array(arm), np.array(allocation), predicted)


def test_an_arm_without_weight_is_refused():
    with pytest.raises(AllocationError, match="has weight 0"):
        arm_scores(_Y, _ARM, _EVEN, weight=np.array([1.0, 0, 1, 0]))


@pytest.mark.parametrize("pair", [(1, 1), (2, 0), (0, -1)])
def test_arms_to_compare_must_be_two_of_them(pair):
    with pytest.raises(AllocationError, match="two of the 2 arms"):
        benefit_scores(np.ones((3, 2)), *pair, higher_is_better=True)


def test_a_person_in_two_arms_is_refused():
    with pytest.raises(PredictionsError, match="1 persons have rows in two arms"):
        mean_estimate(_Y, arm=_ARM, person=np.array([0, 0, 1, 2]))
