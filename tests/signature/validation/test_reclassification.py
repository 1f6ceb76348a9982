"""Reclassification against counting, other modules, and its known ways to mislead."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit

from signature.exceptions import OutcomeError, PredictionsError
from signature.randomness import generator
from signature.validation.classification import classify
from signature.validation.metrics import brier, log_loss
from signature.validation.reclassification import (
    discrimination_change,
    reclassification_table,
    reclassify,
)


def _data(seed, n=60, digits=2):
    rng = np.random.default_rng(seed)
    p, q = np.round(rng.random((2, n)), digits)
    w = rng.integers(0, 4, size=(5, n))
    y = (rng.random(n) < p).astype(int)
    y[:2], w[:, :2] = (0, 1), w[:, :2] + 1
    return y, p, q, w


def _moves(y, p, q, w, cuts, of):
    up = down = total = 0
    for yi, pi, qi, wi in zip(y, p, q, w, strict=True):
        if yi == of:
            new, old = sum(pi >= c for c in cuts), sum(qi >= c for c in cuts)
            total += wi
            up += wi * (new > old)
            down += wi * (new < old)
    return (up - down) / total


@given(st.integers(0, 2**31), st.sampled_from([[0.5], [0.1, 0.4], [0.05, 0.3, 0.7]]))
@settings(max_examples=30, deadline=None)
def test_equals_counting(seed, cuts):
    y, p, q, w = _data(seed, digits=1)
    found = reclassify(y, p, q, w, np.array(cuts))
    for i, line in enumerate(w):
        assert found.events[i] == pytest.approx(_moves(y, p, q, line, cuts, 1))
        assert found.non_events[i] == pytest.approx(-_moves(y, p, q, line, cuts, 0))


@given(st.integers(0, 2**31), st.floats(0.05, 0.95))
@settings(max_examples=30, deadline=None)
def test_one_threshold_gives_the_differences_in_sensitivity_and_specificity(seed, cut):
    y, p, q, w = _data(seed)
    found = reclassify(y, p, q, w, np.array([cut]))
    new, old = classify(y, p, w, cut), classify(y, q, w, cut)
    np.testing.assert_allclose(found.events, new.sensitivity - old.sensitivity, atol=1e-12)
    np.testing.assert_allclose(found.non_events, new.specificity - old.specificity, atol=1e-12)


@given(st.integers(0, 2**31))
@settings(max_examples=30, deadline=None)
def test_the_table_counts_everybody_once_and_gives_the_same_parts(seed):
    y, p, q, _ = _data(seed, digits=1)
    cuts = np.array([0.2, 0.6])
    table = reclassification_table(y, p, q, cuts)
    assert table.shape == (2, 3, 3)
    assert table.sum(axis=(1, 2)).tolist() == [len(y) - y.sum(), y.sum()]
    category = [[sum(v >= c for c in cuts) for v in values] for values in (q, p)]
    for of, old, new in np.ndindex(2, 3, 3):
        rows = zip(y, *category, strict=True)
        assert table[of, old, new] == sum(row == (of, old, new) for row in rows)
    net = np.triu(table, 1).sum(axis=(1, 2)) - np.tril(table, -1).sum(axis=(1, 2))
    found = reclassify(y, p, q, np.ones((1, len(y))), cuts)
    assert found.events[0] == pytest.approx(net[1] / y.sum())
    assert found.non_events[0] == pytest.approx(-net[0] / (len(y) - y.sum()))


@given(st.integers(0, 2**31))
@settings(max_examples=30, deadline=None)
def test_trading_places_turns_every_sign(seed):
    y, p, q, w = _data(seed)
    cuts = np.array([0.3, 0.5])
    a, b = reclassify(y, p, q, w, cuts), reclassify(y, q, p, w, cuts)
    np.testing.assert_allclose([a.events, a.non_events], [-b.events, -b.non_events])
    c, d = discrimination_change(y, p, q, w), discrimination_change(y, q, p, w)
    np.testing.assert_allclose([c.events, c.idi], [-d.events, -d.idi], atol=1e-12)
    table = reclassification_table(y, p, q, cuts)
    np.testing.assert_array_equal(table.transpose(0, 2, 1), reclassification_table(y, q, p, cuts))


def test_the_idi_is_the_difference_of_discrimination_slopes():
    y, p, q, w = _data(7)

    def slope(values, line):
        of = [np.average(values[y == v], weights=line[y == v]) for v in (0, 1)]
        return of[1] - of[0]

    expected = [slope(p, line) - slope(q, line) for line in w]
    np.testing.assert_allclose(discrimination_change(y, p, q, w).idi, expected, atol=1e-12)


def test_the_same_model_twice_moves_nobody():
    y, p, _, w = _data(8)
    found, change = reclassify(y, p, p, w, np.array([0.4])), discrimination_change(y, p, p, w)
    assert not np.any([found.events, found.non_events, change.idi])


def test_exactly_at_a_threshold_is_above_it():
    y, p, q = np.array([0, 1]), np.array([0.2, 0.2]), np.array([0.19, 0.19])
    found = reclassify(y, p, q, np.ones((1, 2)), np.array([0.2]))
    assert [found.events[0], found.non_events[0]] == [1, -1]


def test_a_missing_class_is_not_a_number():
    y, p, q = np.array([1, 1]), np.array([0.3, 0.6]), np.array([0.1, 0.6])
    found = reclassify(y, p, q, np.ones((1, 2)), np.array([0.2]))
    assert found.events[0] == 0.5
    assert np.isnan(found.non_events[0])
    assert np.isnan(discrimination_change(y, p, q, np.ones((1, 2))).idi[0])


def test_overconfidence_raises_the_idi_and_worsens_proper_scores():
    """Why an IDI above 0 proves nothing: a model that is only surer than it should be has one."""
    rng = generator(1, "overconfidence")
    eta = rng.normal(size=20_000)
    y, ones = (rng.random(20_000) < expit(eta)).astype(int), np.ones((1, 20_000))
    right, too_sure = expit(eta), expit(3 * eta)
    assert discrimination_change(y, too_sure, right, ones).idi[0] > 0.1
    for score in (brier, log_loss):
        assert score(y, too_sure, ones)[0] > score(y, right, ones)[0] + 0.01


def test_what_does_not_fit_is_refused():
    y, p, ones = np.array([0, 1]), np.array([0.2, 0.7]), np.ones((1, 2))
    for cuts in ([0.5, 0.2], [0.0], [1.0], [], [0.3, 0.3], [[0.5]], [np.nan]):
        with pytest.raises(ValueError, match="that rise, each above 0 and below 1"):
            reclassify(y, p, p, ones, np.array(cuts))
    with pytest.raises(PredictionsError, match="other model's probability must be one number"):
        reclassify(y, p, p[:1], ones, np.array([0.5]))
    with pytest.raises(PredictionsError, match="the model's probability must be from 0 to 1"):
        discrimination_change(y, 2 * p, p, ones)
    with pytest.raises(OutcomeError, match="1 of 2 rows"):
        reclassification_table(np.array([0, -1]), p, p, np.array([0.5]))
