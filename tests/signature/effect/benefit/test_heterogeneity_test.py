"""Test of one benefit for all: its level where that of intervals fails, its power, its parts."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signature.effect.benefit.heterogeneity_test import _pull, heterogeneity_test
from signature.effect.benefit.targeting_curve import autoc, qini
from signature.exceptions import AllocationError, PredictionsError
from signature.randomness import generator
from tests.made.made_up_effects import linear_trial


@given(st.integers(0, 2**31), st.integers(2, 40), st.integers(1, 9))
@settings(max_examples=40, deadline=None)
def test_autoc_and_qini_are_sums_of_pulls(seed, n, levels):
    rng = np.random.default_rng(seed)
    benefit, priority = rng.normal(size=n), rng.integers(0, levels, n).astype(float)
    weight = rng.random(n) * (rng.random(n) < 0.8)
    weight[0] += 0.5
    for name, measure in (("autoc", autoc), ("qini", qini)):
        pull = _pull(priority, weight, name) * weight / weight.sum()
        assert pull.sum() == pytest.approx(0, abs=1e-10)
        assert pull @ benefit == pytest.approx(measure(benefit, priority, weight[None])[0])


@pytest.mark.parametrize(
    ("n", "treated", "predicted"), [(36, 2 / 3, False), (60, 0.75, False), (100, 0.5, True)]
)
def test_one_benefit_for_all_is_seldom_denied(n, treated, predicted):
    """A prognostic ranking, and 3 to 1 without predictions, where intervals reject too often."""
    rng = generator(1, "null", n)
    trials, claims = 400, 0
    for _ in range(trials):
        trial = linear_trial(rng, n, effect=0.7, treated=treated)
        found = heterogeneity_test(
            trial.outcome,
            trial.arm,
            np.array([1 - treated, treated]),
            trial.marker,
            rng,
            higher_is_better=True,
            predicted=trial.expected if predicted else None,
            permutations=39,
        )
        claims += found.p <= 0.05
    # two in forty, give or take three Monte Carlo standard errors
    assert claims / trials == pytest.approx(0.05, abs=0.033)


@pytest.mark.parametrize("measure", ["autoc", "qini"])
@pytest.mark.parametrize("higher_is_better", [True, False])
def test_a_benefit_that_rises_with_the_ranking_is_found(measure, higher_is_better):
    rng = generator(2, "power")
    trial = linear_trial(rng, 200, per_sd=0.8 if higher_is_better else -0.8)
    how = {"higher_is_better": higher_is_better, "measure": measure, "permutations": 199}
    how["predicted"] = trial.expected
    one = trial.outcome, trial.arm, np.array([0.5, 0.5])
    assert heterogeneity_test(*one, trial.marker, rng, **how).p == 1 / 200
    # the wrong way around it is no finding
    assert heterogeneity_test(*one, -trial.marker, rng, **how).p > 0.9


def test_arms_are_dealt_within_strata_and_among_the_two_compared():
    """Strata of unlike ratio and unlike prognosis: dealt together they would be refused."""
    rng = generator(3, "strata")
    n = 120
    stratum = np.arange(n) % 2
    share = np.where(stratum, 0.75, 0.25)[:, None] * np.array([[0, 0.8, 0]])
    allocation = share + np.column_stack([0.8 - share[:, 1], np.zeros(n), np.full(n, 0.2)])
    arm = np.array([rng.choice(3, p=p) for p in allocation])
    y, priority = 5.0 * stratum + rng.normal(size=n), rng.normal(size=n)
    how = {"higher_is_better": True, "permutations": 99}
    found = heterogeneity_test(y, arm, allocation, priority, rng, stratum=stratum, **how)
    assert 0.01 <= found.p <= 1
    with pytest.raises(AllocationError, match="name the strata"):
        heterogeneity_test(y, arm, allocation, priority, rng, **how)


def test_folds_are_ranked_each_by_itself():
    rng = generator(4, "folds")
    trial = linear_trial(rng, 200, per_sd=1.0)
    fold = np.arange(200) % 2
    shifted = trial.marker + 100 * fold
    found = [
        heterogeneity_test(
            trial.outcome,
            trial.arm,
            np.array([0.5, 0.5]),
            priority,
            generator(5, "same"),
            higher_is_better=True,
            fold=fold,
            permutations=99,
        )
        for priority in (trial.marker, shifted)
    ]
    assert found[0] == found[1]


def test_equal_ranks_have_no_statistic():
    trial = linear_trial(generator(6, "tied"), 40)
    found = heterogeneity_test(
        trial.outcome,
        trial.arm,
        np.array([0.5, 0.5]),
        np.zeros(40),
        np.random.default_rng(0),
        higher_is_better=True,
        permutations=9,
    )
    assert (found.statistic, found.p) == (None, 1.0)


def test_what_does_not_fit_is_refused():
    y, arm, half = np.arange(8.0), np.arange(8) % 2, np.array([0.5, 0.5])
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match="one of autoc, qini"):
        heterogeneity_test(y, arm, half, y, rng, higher_is_better=True, measure="auc")
    with pytest.raises(ValueError, match="1 or more; got 'autoc' and 0"):
        heterogeneity_test(y, arm, half, y, rng, higher_is_better=True, permutations=0)
    with pytest.raises(PredictionsError, match="the priority is missing"):
        heterogeneity_test(y, arm, half, y * np.nan, rng, higher_is_better=True)
    with pytest.raises(AllocationError, match="two of the 2 arms"):
        heterogeneity_test(y, arm, half, y, rng, higher_is_better=True, treated=2)
