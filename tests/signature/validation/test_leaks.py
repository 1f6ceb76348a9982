"""Single features, twins and groups: against brute force, and by counting."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm
from sklearn.metrics import roc_auc_score

from signature.validation.group_rates import group_auroc
from signature.validation.single_leaks import auroc_interval, feature_auroc, missing_aurocs
from signature.validation.twins import twins

NAN = float("nan")


@given(st.integers(0, 2**31), st.integers(2, 40), st.integers(2, 40))
def test_the_interval_holds_those_aurocs_that_are_near_enough(seed, events, others):
    """Each end is 1.96 of its own standard error away, the formula written out."""
    rng = np.random.default_rng(seed)
    auroc = rng.integers(0, events * others + 1) / (events * others)
    low, high = auroc_interval(auroc, events, others)
    assert 0 <= low <= auroc <= high <= 1
    assert auroc_interval(1 - auroc, events, others) == pytest.approx((1 - high, 1 - low), abs=1e-6)
    for end in (low, high):
        if 0 < end < 1:
            star = (events + others) / 2 - 1
            variance = end * (1 - end)
            variance *= 1 + star * (1 - end) / (2 - end) + star * end / (1 + end)
            away = abs(end - auroc) / np.sqrt(variance / (events * others))
            assert away == pytest.approx(1.959964, rel=1e-4)


@pytest.mark.parametrize("distance", [0.0, 1.5, 3.0])
def test_the_interval_covers(distance):
    rng = np.random.default_rng(0)
    y = np.repeat([0, 1], [30, 15])
    truth = norm.cdf(distance / np.sqrt(2))
    held = 0
    for _ in range(400):
        found = feature_auroc(rng.normal(size=45) + distance * y, y)
        held += found.low <= truth <= found.high
    assert 0.92 < held / 400 <= 1


def test_a_feature_is_ranked_where_it_is_known_and_below_every_limit():
    rng = np.random.default_rng(1)
    y = rng.integers(0, 2, 60)
    values = np.round(rng.normal(size=60) + y, 1)
    values[:7] = NAN
    values[7:12] = -np.inf
    found = feature_auroc(values, y)
    lowest = np.where(np.isinf(values), -99, values)[7:]
    assert found.auroc == pytest.approx(roc_auc_score(y[7:], lowest))
    assert (found.people, found.events) == (53, y[7:].sum())
    assert feature_auroc(np.array([NAN, 1.0]), np.array([0, 1])) is None


def test_twins_are_found_whatever_is_missing():
    rng = np.random.default_rng(2)
    values = np.exp(3 * rng.normal(size=(1100, 8)))
    person = np.arange(1100)
    values[1050] = values[3]
    values[700] = values[20] * (1 + 1e-5)
    values[40, :3] = NAN
    values[41] = values[40]
    # four known features are too few, and another visit of the same person is none
    values[60, :4] = NAN
    values[61] = values[60]
    values[81], person[81] = values[80], person[80]
    assert sorted(map(tuple, twins(values, person).tolist())) == [(3, 1050), (20, 700), (40, 41)]


def test_people_alike_are_no_twins():
    """Markers of one body go together: correlated .95."""
    rng = np.random.default_rng(3)
    common = rng.normal(size=(800, 1))
    values = np.sqrt(0.95) * common + np.sqrt(0.05) * rng.normal(size=(800, 8))
    assert len(twins(values, np.arange(800))) == 0


def test_an_outlier_does_not_make_others_alike():
    rng = np.random.default_rng(4)
    values = rng.normal(size=(100, 6))
    values[0] = 1e9
    assert len(twins(values, np.arange(100))) == 0


def _left_out_rates(group, y):
    n = len(y)
    rate = np.empty(n)
    for i in range(n):
        others = (group == group[i]) & (np.arange(n) != i)
        average = (y.sum() - y[i]) / (n - 1)
        rate[i] = (y[others].sum() + average) / (others.sum() + 1)
    return rate


def test_group_rates_by_hand():
    rng = np.random.default_rng(5)
    group, y = rng.integers(0, 6, 70), rng.integers(0, 2, 70)
    found = group_auroc(group, y, np.zeros(70), rng, permutations=99)
    expected = roc_auc_score(y, np.round(_left_out_rates(group, y), 10))
    assert found.auroc == pytest.approx(expected)
    assert (found.groups, found.people, found.pure) == (6, 70, False)


def test_groups_by_chance_are_seldom_accused():
    rng = np.random.default_rng(6)
    accused = 0
    for _ in range(200):
        group, y = rng.integers(0, 8, 60), np.r_[1, 0, rng.integers(0, 2, 58)]
        accused += group_auroc(group, y, np.zeros(60), rng, permutations=99).pvalue <= 0.05
    assert accused <= 20


def test_pure_groups_are_named():
    rng = np.random.default_rng(7)
    group = np.repeat([0, 1, 2, 3], 10)
    y = np.repeat([0, 1, 1, 0], 10)
    assert group_auroc(group, y, np.zeros(40), rng, permutations=9).pure
    # groups of one person are pure by necessity
    alone = group_auroc(np.arange(40), y, np.zeros(40), rng, permutations=9)
    assert not alone.pure


def test_missing_by_outcome_is_the_auroc_of_the_indicator():
    rng = np.random.default_rng(8)
    y = rng.integers(0, 2, 90)
    gone = rng.random((90, 4)) < np.column_stack([0.2 + 0.5 * y, *np.full((3, 90), 0.3)])
    found = missing_aurocs(gone, y)
    for k, one in enumerate(found):
        assert one.auroc == pytest.approx(roc_auc_score(y, gone[:, k]))
        assert one.missing == gone[:, k].sum()
    # Holm: the smallest times four, and none below a smaller one's
    p = np.array([one.pvalue for one in found])
    order = np.argsort(p)
    running = 0.0
    for step, k in enumerate(order):
        running = max(running, min(1.0, p[k] * (4 - step)))
        assert found[k].adjusted == pytest.approx(running)
