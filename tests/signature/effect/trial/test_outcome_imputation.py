"""Imputed outcomes and Rubin's rules: by hand, and where the truth is known."""

import numpy as np
import pytest
from scipy.stats import t as student
from scipy.stats import ttest_ind

from signature.effect.trial.outcome_imputation import imputed_outcomes, pooled
from signature.exceptions import OutcomeError


def test_rubins_rules_by_hand():
    """Within 0.6, between 0.25, m 5: total 0.6 + 1.2 · 0.25 = 0.9, df 4 / (0.3 / 0.9)² = 36."""
    q = 2 + 0.5 * np.array([-1, -1, 0, 1, 1])
    found = pooled(q, np.full(5, 0.6))
    assert found.value == pytest.approx(2)
    assert found.standard_error == pytest.approx(np.sqrt(0.9))
    assert found.high - found.value == pytest.approx(student.ppf(0.975, 36) * np.sqrt(0.9))
    assert found.p == pytest.approx(2 * student.sf(2 / np.sqrt(0.9), 36))


def test_degrees_of_freedom_of_a_small_study_are_barnards_and_rubins():
    """df of the complete data 20: observed 21/23 · 20 · 2/3, with 36 as a harmonic sum."""
    q = 2 + 0.5 * np.array([-1, -1, 0, 1, 1])
    found = pooled(q, np.full(5, 0.6), df=20)
    observed = 21 / 23 * 20 * (1 - 1 / 3)
    freedom = 1 / (1 / 36 + 1 / observed)
    assert freedom < observed < 20
    assert found.high - found.value == pytest.approx(student.ppf(0.975, freedom) * np.sqrt(0.9))


def test_equal_imputations_leave_the_complete_datas_interval():
    found = pooled(np.full(4, 3.0), np.full(4, 0.25), df=12)
    assert found.standard_error == pytest.approx(0.5)
    assert found.high == pytest.approx(3 + 0.5 * student.ppf(0.975, 12))


@pytest.mark.parametrize(
    ("q", "u"), [([1.0], [1.0]), ([1.0, 2.0], [1.0]), ([1.0, 2.0], [1.0, -1.0])]
)
def test_what_cannot_be_pooled_is_refused(q, u):
    with pytest.raises(ValueError, match="two or more estimates"):
        pooled(np.array(q), np.array(u))


def _trial(rng, n=120):
    """Effect 1; the treated are lost more the higher x, which also raises the outcome by 1.5."""
    x = rng.normal(size=n)
    code = np.arange(n) % 2
    y = 1.5 * x + code + rng.normal(size=n)
    lost = rng.random(n) < np.where(code == 1, 1 / (1 + np.exp(-1.5 * x)), 0.1)
    return x[:, None], code, np.where(lost, np.nan, y)


def test_imputing_covers_the_effect_that_complete_cases_miss():
    rng = np.random.default_rng(0)
    complete, found = [], []
    for _ in range(100):
        x, code, y = _trial(rng)
        complete.append(np.nanmean(y[code == 1]) - np.nanmean(y[code == 0]))
        drawn = imputed_outcomes(y, code, x, binary=False, rng=rng)
        arms = [drawn[:, code == k] for k in (0, 1)]
        q = arms[1].mean(axis=1) - arms[0].mean(axis=1)
        u = sum(a.var(axis=1, ddof=1) / a.shape[1] for a in arms)
        found.append(pooled(q, u, df=len(y) - 2))
    assert np.mean(complete) < 0.5
    assert np.mean([f.value for f in found]) == pytest.approx(1, abs=0.12)
    covered = np.mean([f.low <= 1 <= f.high for f in found])
    # 95 % within the binomial error of 100 trials
    assert 0.89 <= covered <= 1


def test_draws_spread_as_much_as_the_posterior_says():
    """Without features: mean, SD, and the extra spread of not knowing either, by Student's t."""
    rng = np.random.default_rng(1)
    y = np.append(rng.normal(10, 2, size=12), np.nan)
    code = np.zeros(13, dtype=int)
    drawn = imputed_outcomes(y, code, np.zeros((13, 0)), binary=False, rng=rng, m=40000)[:, 12]
    scale = y[:12].std(ddof=1) * np.sqrt(1 + 1 / 12)
    expected = student(11, loc=y[:12].mean(), scale=scale)
    for q in (0.025, 0.25, 0.5, 0.75, 0.975):
        assert np.quantile(drawn, q) == pytest.approx(expected.ppf(q), abs=0.12)


def test_an_arm_is_imputed_from_its_own_people():
    rng = np.random.default_rng(2)
    code = np.repeat([0, 1], 50)
    y = rng.normal(size=100) + 100.0 * code
    y[[0, 99]] = np.nan
    drawn = imputed_outcomes(y, code, rng.normal(size=(100, 2)), binary=False, rng=rng)
    assert np.abs(drawn[:, 0]).max() < 10
    assert np.abs(drawn[:, 99] - 100).max() < 10
    known = ~np.isnan(y)
    assert (drawn[:, known] == y[known]).all()


def test_events_are_drawn_by_their_probability():
    rng = np.random.default_rng(3)
    n = 3000
    x = rng.normal(size=(n, 1))
    y = (rng.random(n) < 1 / (1 + np.exp(-2 * x[:, 0]))).astype(float)
    lost = x[:, 0] > rng.normal(size=n)
    hidden = np.where(lost, np.nan, y)
    code = np.zeros(n, dtype=int)
    drawn = imputed_outcomes(hidden, code, x, binary=True, rng=rng)
    assert set(np.unique(drawn)) == {0.0, 1.0}
    assert np.nanmean(hidden) < 0.4
    assert drawn.mean() == pytest.approx(y.mean(), abs=0.02)


def test_an_arm_without_events_may_still_have_had_some():
    y = np.append(np.zeros(9), np.nan)
    drawn = imputed_outcomes(
        y, np.zeros(10, dtype=int), np.ones((10, 1)), binary=True, rng=np.random.default_rng(0),
        m=20000,
    )  # fmt: skip
    # the mean of Jeffreys' posterior Beta(0.5, 9.5)
    assert drawn[:, 9].mean() == pytest.approx(0.05, abs=0.006)


def test_a_constant_feature_and_a_constant_outcome_do_not_break_it():
    y = np.array([2.0, 2, 2, 2, np.nan])
    drawn = imputed_outcomes(
        y, np.zeros(5, dtype=int), np.zeros((5, 1)), binary=False, rng=np.random.default_rng(0)
    )
    assert (drawn == 2).all()


def test_a_null_effect_is_found_as_rarely_as_it_should_be():
    """Both arms lose at random: the pooled test keeps its level, and p agrees with Welch's."""
    rng = np.random.default_rng(5)
    p, complete = [], []
    for _ in range(150):
        x = rng.normal(size=(60, 1))
        code = np.arange(60) % 2
        y = x[:, 0] + rng.normal(size=60)
        y[rng.random(60) < 0.25] = np.nan
        drawn = imputed_outcomes(y, code, x, binary=False, rng=rng, m=10)
        arms = [drawn[:, code == k] for k in (0, 1)]
        q = arms[1].mean(axis=1) - arms[0].mean(axis=1)
        u = sum(a.var(axis=1, ddof=1) / a.shape[1] for a in arms)
        p.append(pooled(q, u, df=58).p)
        complete.append(ttest_ind(y[code == 1], y[code == 0], nan_policy="omit").pvalue)
    assert np.mean(np.array(p) <= 0.05) <= 0.1
    assert np.corrcoef(p, complete)[0, 1] > 0.5


def test_two_known_outcomes_are_too_few():
    y = np.array([1.0, 2.0, np.nan])
    with pytest.raises(OutcomeError, match="arm number 0 has 2"):
        imputed_outcomes(
            y, np.zeros(3, dtype=int), np.zeros((3, 1)), binary=False, rng=np.random.default_rng(0)
        )
