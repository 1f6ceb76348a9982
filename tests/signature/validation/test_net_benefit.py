"""Decision curves against counting, and what must hold of any decision curve."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signature.exceptions import OutcomeError, PredictionsError
from signature.randomness import generator
from signature.validation.metrics import person_counts
from signature.validation.net_benefit import gain_over_defaults, net_benefit, net_benefit_of_all

_GRID = np.array([0.05, 0.1, 0.25, 0.5, 0.7, 0.95])


def _data(seed, n=60, digits=2):
    rng = np.random.default_rng(seed)
    p = np.round(rng.random(n), digits)
    return (rng.random(n) < p).astype(int), p, rng.integers(0, 4, size=(5, n))


def _counted(y, p, w, t):
    true = sum(wi for yi, pi, wi in zip(y, p, w, strict=True) if pi >= t and yi == 1)
    false = sum(wi for yi, pi, wi in zip(y, p, w, strict=True) if pi >= t and yi == 0)
    return true / sum(w) - false / sum(w) * t / (1 - t)


@given(st.integers(0, 2**31), st.integers(1, 40), st.integers(1, 3))
@settings(max_examples=40, deadline=None)
def test_equals_counting(seed, n, digits):
    y, p, w = _data(seed, n, digits)
    w[:, 0] += 1
    expected = [[_counted(y, p, line, t) for t in _GRID] for line in w]
    np.testing.assert_allclose(net_benefit(y, p, w, _GRID), expected, atol=1e-12)
    everybody = [[_counted(y, np.ones(n), line, t) for t in _GRID] for line in w]
    np.testing.assert_allclose(net_benefit_of_all(y, w, _GRID), everybody, atol=1e-12)
    better = np.maximum(everybody, 0)
    np.testing.assert_allclose(
        gain_over_defaults(y, p, w, _GRID), np.array(expected) - better, atol=1e-12
    )


def test_by_hand():
    """Ten persons, 4 of 5 treated at 20 % have the event: 4/10 − 1/10 · 0.2/0.8."""
    y = np.array([1, 1, 1, 1, 0, 1, 0, 0, 0, 0])
    p = np.array([0.9, 0.8, 0.7, 0.2, 0.3, 0.1, 0.1, 0.1, 0.0, 0.0])
    found = net_benefit(y, p, np.ones((1, 10)), np.array([0.2]))
    assert found[0, 0] == pytest.approx(0.4 - 0.1 / 4)


@given(st.integers(0, 2**31))
@settings(max_examples=30, deadline=None)
def test_a_weight_is_so_many_copies(seed):
    y, p, w = _data(seed, 20)
    w[:, 0] += 1
    for line, found in zip(w, net_benefit(y, p, w, _GRID), strict=True):
        copies = net_benefit(
            np.repeat(y, line), np.repeat(p, line), np.ones((1, line.sum())), _GRID
        )
        np.testing.assert_allclose(found, copies[0], atol=1e-12)


@given(st.integers(0, 2**31))
@settings(max_examples=30, deadline=None)
def test_perfect_probabilities_reach_the_event_rate_and_nothing_exceeds_it(seed):
    y, p, w = _data(seed)
    w[:, 0] += 1
    rate = (w @ y / w.sum(axis=1))[:, None]
    np.testing.assert_allclose(net_benefit(y, y, w, _GRID), rate + 0 * _GRID, atol=1e-12)
    assert (net_benefit(y, p, w, _GRID) <= rate + 1e-12).all()


def test_treating_all_breaks_even_at_the_event_rate():
    y = np.repeat([0, 1], [3, 1])
    found = net_benefit_of_all(y, np.ones((1, 4)), np.array([0.1, 0.25, 0.4]))[0]
    assert found[0] > 0 > found[2]
    assert found[1] == pytest.approx(0, abs=1e-15)


def test_a_model_that_knows_nothing_never_beats_both_defaults():
    y = np.repeat([0, 1], [30, 10])
    gain = gain_over_defaults(y, np.full(40, 0.25), np.ones((1, 40)), np.linspace(0.01, 0.99, 99))
    assert gain.max() == pytest.approx(0, abs=1e-12)
    assert gain.min() == pytest.approx(0, abs=1e-12)


def test_calibrated_probabilities_are_of_use_everywhere_and_overconfident_ones_do_harm():
    rng = generator(1, "net benefit")
    eta = rng.normal(-1, 1.2, size=40_000)
    p = 1 / (1 + np.exp(-eta))
    y = (rng.random(40_000) < p).astype(int)
    ones, grid = np.ones((1, 40_000)), np.array([0.1, 0.3, 0.6])
    assert (gain_over_defaults(y, p, ones, grid) > 0.005).all()
    too_high = 1 / (1 + np.exp(-(eta + 3)))
    assert gain_over_defaults(y, too_high, ones, grid)[0, 2] < -0.05


def test_intervals_cover_the_net_benefit_of_the_population():
    rng = generator(2, "net benefit coverage")
    t, held = np.array([0.3]), 0
    many = rng.beta(1, 2, size=400_000)
    at_least = many >= 0.3
    truth = (many * at_least).mean() - ((1 - many) * at_least).mean() * 0.3 / 0.7
    for _ in range(150):
        p = rng.beta(1, 2, size=120)
        y = (rng.random(120) < p).astype(int)
        w = person_counts(np.arange(120), np.zeros(120), 300, rng)
        low, high = np.quantile(net_benefit(y, p, w, t), [0.025, 0.975])
        held += low <= truth <= high
    assert held / 150 == pytest.approx(0.95, abs=0.05)


def test_a_draw_without_rows_is_not_a_number():
    y, p = np.array([0, 1]), np.array([0.2, 0.7])
    found = gain_over_defaults(y, p, np.array([[0, 0], [1, 1]]), np.array([0.5]))
    assert np.isnan(found[0, 0])
    assert found[1, 0] == pytest.approx(0.5)


def test_one_class_only_has_a_net_benefit_all_the_same():
    found = net_benefit(np.zeros(4), np.array([0.1, 0.2, 0.6, 0.9]), np.ones((1, 4)), _GRID[3:4])
    assert found[0, 0] == pytest.approx(-0.5)


@pytest.mark.parametrize("thresholds", [[0.0, 0.5], [0.5, 1.0], [], [[0.5]], [np.nan]])
def test_what_is_no_threshold_probability_is_refused(thresholds):
    with pytest.raises(ValueError, match="above 0 and below 1"):
        net_benefit_of_all(np.array([0, 1]), np.ones((1, 2)), np.array(thresholds))


def test_what_does_not_fit_the_outcome_is_refused():
    y, p, w = np.array([0, 1]), np.array([0.2, 0.7]), np.ones((1, 2))
    with pytest.raises(PredictionsError, match="not in 1 of 2 rows"):
        net_benefit(y, np.array([0.2, 1.7]), w, _GRID)
    with pytest.raises(PredictionsError, match=r"shape \(draws, 2\); got shape \(1, 3\)"):
        net_benefit(y, p, np.ones((1, 3)), _GRID)
    with pytest.raises(PredictionsError, match="not negative"):
        net_benefit(y, p, -w, _GRID)
    with pytest.raises(OutcomeError, match=r"got shape \(0,\)"):
        net_benefit(np.zeros(0), np.zeros(0), np.ones((1, 0)), _GRID)
