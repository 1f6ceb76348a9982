"""What selection is built of: halves, permutations, adjustment, counts, and the first test."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import kstest

from signature.select.covariates import adjust
from signature.select.exceedances import exceedances, expected_false, permutation_threshold
from signature.select.half_samples import PeopleInRows
from signature.select.strongest_marker import strongest_marker


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.integers(0, 12), min_size=10, max_size=60),
    st.integers(0, 2**32 - 1),
)
def test_halves_share_nobody_and_hold_whole_people_of_each_class(person, seed):
    person = np.array([*person, 0, 1, 2, 3])
    stratum = person % 2
    people = PeopleInRows(person, stratum)
    drawn = people.pairs(3, np.random.default_rng(seed))
    halves = [r[:k] for r, k in zip(drawn.rows, drawn.sizes, strict=True)]
    for first, second in zip(halves[0::2], halves[1::2], strict=True):
        assert not set(person[first]) & set(person[second])
        for half in (first, second):
            assert len(set(half)) == len(half)
            assert set(half) == set(np.flatnonzero(np.isin(person, person[half])))
        for s in (0, 1):
            counts = {len(set(person[h][stratum[h] == s])) for h in (first, second)}
            assert counts == {len(set(person[stratum == s])) // 2}


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(0, 8), min_size=2, max_size=40), st.integers(0, 2**32 - 1))
def test_people_trade_places_with_all_their_rows(person, seed):
    person = np.array(person)
    order = PeopleInRows(person, np.zeros(len(person))).permuted(np.random.default_rng(seed))
    assert sorted(order) == list(range(len(person)))
    for one in np.unique(person):
        assert len(set(person[order[person == one]])) == 1


def test_adjusted_markers_have_the_coefficients_of_the_markers_themselves():
    """With the covariates beside them, unpenalised, the path is the same."""
    from signature.learn.elastic_net_path import elastic_net_path

    rng = np.random.default_rng(0)
    Z = rng.normal(size=(150, 3))
    X = rng.normal(size=(150, 10)) + Z @ rng.normal(size=(3, 10))
    y = (X[:, 0] + Z[:, 0] + rng.normal(size=150) > 0).astype(float)
    found = adjust(X, Z, y, family="logistic", rarer=40)
    assert found.covariates.shape == (150, 3)
    as_they_are, adjusted = (
        elastic_net_path(np.hstack([Z, m]), y, [0.1, 0.05], unpenalised=[0, 1, 2]).coef[:, 3:]
        for m in (X, found.markers)
    )
    np.testing.assert_allclose(as_they_are, adjusted, atol=1e-6)
    assert np.abs(Z.T @ found.unexplained).max() / 150 < 1e-3
    assert np.abs(Z.T @ found.markers).max() < 1e-9


def test_a_marker_that_is_a_covariate_leaves_nothing():
    rng = np.random.default_rng(0)
    Z = rng.normal(size=(60, 2))
    found = adjust(Z @ [[1.0], [2.0]] + 3, Z, np.arange(60) % 2, family="logistic", rarer=20)
    assert (found.markers == 0).all()


def test_exceedances_count_as_a_loop_does():
    rng = np.random.default_rng(0)
    chosen = rng.random((12, 30)) < 0.4
    often = chosen.sum(axis=0)
    assert list(exceedances(chosen)) == [(often >= k).sum() for k in range(13)]


def test_the_threshold_is_where_permuted_data_meet_the_level():
    rng = np.random.default_rng(1)
    null = np.array([exceedances(rng.random((40, 100)) < rng.beta(1, 3, 100)) for _ in range(50)])
    nobody = np.zeros(100)
    found = permutation_threshold(null, nobody, level=0.5, rate=False)
    assert 0.5 < found < 1
    assert expected_false(null, np.array([found]))[0] == pytest.approx(0.5, rel=0.05)
    assert permutation_threshold(null, nobody, level=1e-6, rate=False) == np.inf
    # a share allows more where more is selected
    many = np.linspace(0, 1, 100)
    assert permutation_threshold(null, many, level=0.1, rate=True) < found


def test_the_test_of_the_strongest_marker_is_exact_for_any_correlation():
    rng = np.random.default_rng(2)
    X = rng.normal(size=(30, 1)) + 0.3 * rng.normal(size=(30, 15))
    people = PeopleInRows(np.arange(30), np.zeros(30))
    pvalues = [
        strongest_marker(X, rng.permutation(30.0 * (np.arange(30) % 3)), people, rng, 99).pvalue
        for _ in range(200)
    ]
    assert kstest(pvalues, "uniform").pvalue > 0.01
    assert np.mean(np.array(pvalues) <= 0.05) <= 0.09


def test_adjusted_p_values_follow_the_correlations():
    rng = np.random.default_rng(3)
    X = rng.normal(size=(50, 6))
    y = X[:, 4] + 0.5 * rng.normal(size=50)
    people = PeopleInRows(np.arange(50), np.zeros(50))
    found = strongest_marker(X, y, people, np.random.default_rng(0), 199)
    strength = np.abs([np.corrcoef(x, y)[0, 1] for x in X.T])
    assert list(np.argsort(-strength)) == list(np.lexsort((-strength, found.adjusted)))
    assert found.pvalue == found.adjusted[4] == pytest.approx(1 / 200)
