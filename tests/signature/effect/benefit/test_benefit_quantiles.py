"""Effects by group against direct computation, known truth, and coverage."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from signature.effect.benefit.benefit_quantiles import effect_by_group, quantile_groups
from signature.effect.trial.aipw import arm_scores
from signature.exceptions import AllocationError, PredictionsError
from signature.randomness import generator
from tests.made.made_up_effects import linear_trial

_EVEN = np.array([0.5, 0.5])
_QUARTER_MEANS = -np.diff(norm.pdf(norm.ppf([0, 0.25, 0.5, 0.75, 1]))) * 4


@given(st.integers(0, 2**31), st.integers(2, 6), st.integers(1, 200))
@settings(max_examples=40, deadline=None)
def test_groups_rise_with_the_prediction_and_keep_ties_together(seed, n_groups, n):
    x = np.random.default_rng(seed).integers(0, 30, n) / 7
    group = quantile_groups(x, n_groups)
    assert ((group >= 0) & (group < n_groups)).all()
    assert (np.diff(group[np.argsort(x, kind="stable")]) >= 0).all()
    assert all(len(set(group[x == value])) == 1 for value in set(x))


def test_groups_without_ties_are_of_equal_size_in_each_fold():
    rng = generator(1, "groups")
    fold = np.arange(80) % 2
    x = rng.normal(size=80) + 50 * fold
    for k in (0, 1):
        assert np.bincount(quantile_groups(x, 4, fold)[fold == k]).tolist() == [10] * 4
    assert np.bincount(quantile_groups(x, 2)[fold == 0]).tolist() == [40]


def test_equals_averages_of_scores_in_each_group():
    trial = linear_trial(generator(2, "loop"), 200, per_sd=1.0)
    scores = arm_scores(trial.outcome, trial.arm, _EVEN)
    group = quantile_groups(trial.marker)
    found = effect_by_group(scores, trial.arm, trial.marker, group, higher_is_better=False)
    for k, one in enumerate(found.groups):
        own = group == k
        assert (one.people, one.treated + one.controls) == (50, 50)
        assert one.treated == (trial.arm[own] == 1).sum()
        assert one.benefit.value == pytest.approx((scores[own, 0] - scores[own, 1]).mean())
        assert one.mean_treated == pytest.approx(scores[own, 1].mean())
        assert one.predicted == pytest.approx(trial.marker[own].mean())
        assert one.risk_ratio is None
    ends = found.groups[-1].benefit.value - found.groups[0].benefit.value
    assert found.highest_minus_lowest.value == pytest.approx(ends)


@pytest.mark.parametrize("predicted", [False, True])
def test_intervals_hold_the_truth_of_each_quarter_and_of_the_ends(predicted):
    """True benefit of a quarter of a normal marker is the mean of that quarter."""
    rng = generator(3, "coverage")
    truth, trials = 0.3 + 0.7 * _QUARTER_MEANS, 200
    held = np.zeros(5)
    for _ in range(trials):
        trial = linear_trial(rng, 240, effect=0.3, per_sd=0.7, treated=2 / 3)
        guess = trial.expected if predicted else None
        scores = arm_scores(trial.outcome, trial.arm, np.array([1 / 3, 2 / 3]), guess)
        # fixed cuts: those of this sample's quantiles would move the truth
        group = np.digitize(trial.marker, norm.ppf([0.25, 0.5, 0.75]))
        found = effect_by_group(scores, trial.arm, trial.marker, group, higher_is_better=True)
        estimates = [one.benefit for one in found.groups] + [found.highest_minus_lowest]
        true = [*truth, truth[-1] - truth[0]]
        held += [e.low <= t <= e.high for e, t in zip(estimates, true, strict=True)]
    assert held / trials == pytest.approx(0.95, abs=0.05)


def test_one_relative_effect_gains_more_in_absolute_terms_where_risk_is_high():
    """Risk 0.1 to 0.7 by quarter, halved by treatment: the PATH statement's point."""
    rng = generator(4, "path")
    n = 8000
    quarter = np.arange(n) % 4
    risk = np.array([0.1, 0.3, 0.5, 0.7])[quarter]
    arm = rng.permutation(np.arange(n) % 2)
    y = (rng.random(n) < risk * np.where(arm, 0.5, 1.0)).astype(float)
    scores = arm_scores(y, arm, _EVEN, np.column_stack([risk, risk / 2]))
    found = effect_by_group(
        scores, arm, risk, quantile_groups(risk), higher_is_better=False, event=True
    )
    for one, r in zip(found.groups, (0.1, 0.3, 0.5, 0.7), strict=True):
        assert abs(one.benefit.value - r / 2) < 3 * one.benefit.standard_error
        assert one.risk_ratio.low < 0.5 < one.risk_ratio.high < 1
        assert one.risk_ratio.p < 0.01
    assert found.highest_minus_lowest.low > 0.2


def test_intervals_of_the_risk_ratio_hold_the_truth():
    rng = generator(5, "ratio")
    held, trials = 0, 300
    for _ in range(trials):
        arm = rng.permutation(np.arange(160) % 2)
        y = (rng.random(160) < np.where(arm, 0.3, 0.5)).astype(float)
        found = effect_by_group(
            arm_scores(y, arm, _EVEN), arm, y * 0, y * 0, higher_is_better=False, event=True
        )
        ratio = found.groups[0].risk_ratio
        held += ratio.low <= 0.6 <= ratio.high
    assert held / trials == pytest.approx(0.95, abs=0.04)


def test_risk_ratio_of_a_two_by_two_table_as_by_katz():
    """12 of 40 against 24 of 40: standard error of the log ratio √(28/480 + 16/960)."""
    arm = np.repeat([1, 0], 40)
    y = np.r_[np.ones(12), np.zeros(28), np.ones(24), np.zeros(16)]
    found = effect_by_group(
        arm_scores(y, arm, _EVEN), arm, y * 0, y * 0, higher_is_better=False, event=True
    )
    ratio = found.groups[0].risk_ratio
    katz = np.sqrt(28 / (12 * 40) + 16 / (24 * 40))
    assert ratio.value == pytest.approx(0.5)
    # t with 78 degrees of freedom, and 39 for 40 in each arm's variance
    half = 1.990847 * katz * np.sqrt(40 / 39)
    assert np.log(ratio.low) == pytest.approx(np.log(0.5) - half, abs=1e-6)
    assert np.log(ratio.high) == pytest.approx(np.log(0.5) + half, abs=1e-6)
    assert found.highest_minus_lowest is None


def test_a_group_with_few_of_an_arm_has_no_effect():
    arm = np.r_[np.zeros(10, int), np.ones(4, int), np.arange(20) % 2]
    group = np.repeat([0, 1], [14, 20])
    rng = generator(6, "few")
    found = effect_by_group(
        rng.random((34, 2)), arm, rng.random(34), group, higher_is_better=True, event=True
    )
    assert (found.groups[0].treated, found.groups[0].controls) == (4, 10)
    assert found.groups[0].benefit is found.groups[0].risk_ratio is None
    assert found.groups[1].benefit is not None
    assert found.highest_minus_lowest is None


def test_what_does_not_fit_is_refused():
    scores, arm = np.zeros((6, 2)), np.arange(6) % 2
    with pytest.raises(PredictionsError, match=r"group must be one per row, shape \(6,\)"):
        effect_by_group(scores, arm, np.zeros(6), np.zeros(5), higher_is_better=True)
    with pytest.raises(AllocationError, match="arm must be one number per row"):
        effect_by_group(scores, arm[:5], np.zeros(6), np.zeros(6), higher_is_better=True)
    with pytest.raises(PredictionsError, match="the prediction is missing"):
        effect_by_group(scores, arm, np.full(6, np.nan), np.zeros(6), higher_is_better=True)
    with pytest.raises(ValueError, match="2 or more; got 1"):
        quantile_groups(np.zeros(4), 1)
