"""The parts of a Brier score against their sum, their definition and a known truth."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signature.exceptions import OutcomeError, PredictionsError
from signature.randomness import generator
from signature.validation.brier_parts import _bins, brier_parts, scaled_brier
from signature.validation.metrics import brier


def _data(seed, n=60, digits=2):
    rng = np.random.default_rng(seed)
    p = np.round(rng.random(n), digits)
    w = rng.integers(0, 4, size=(5, n))
    w[:, 0] += 1
    return (rng.random(n) < 0.3 + 0.4 * p).astype(int), p, w


@given(st.integers(0, 2**31), st.integers(1, 50), st.integers(0, 3), st.integers(1, 12))
@settings(max_examples=60, deadline=None)
def test_the_parts_add_up_to_the_brier_score(seed, n, digits, bins):
    y, p, w = _data(seed, n, digits)
    parts = brier_parts(y, p, w, bins=bins)
    np.testing.assert_allclose(parts.brier, brier(y, p, w), atol=1e-12)
    for part in (parts.reliability, parts.resolution, parts.uncertainty, parts.within_variance):
        assert (part >= -1e-12).all()


def _by_loops(y, p, w, which):
    total, overall = w.sum(), np.average(y, weights=w)
    rel = res = var = cov = 0.0
    for k in np.unique(which):
        at = which == k
        size = w[at].sum()
        if size == 0:
            continue
        mean, rate = np.average(p[at], weights=w[at]), np.average(y[at], weights=w[at])
        rel += size * (mean - rate) ** 2
        res += size * (rate - overall) ** 2
        var += (w[at] * (p[at] - mean) ** 2).sum()
        cov += 2 * (w[at] * (p[at] - mean) * (y[at] - rate)).sum()
    return [rel / total, res / total, overall * (1 - overall), var / total, cov / total]


@given(st.integers(0, 2**31), st.integers(1, 10))
@settings(max_examples=30, deadline=None)
def test_equals_the_definition_bin_by_bin(seed, bins):
    y, p, w = _data(seed)
    parts = brier_parts(y, p, w, bins=bins)
    found = [parts.reliability, parts.resolution, parts.uncertainty]
    found += [parts.within_variance, parts.within_covariance]
    expected = [_by_loops(y, p, line, _bins(p, bins)) for line in w]
    np.testing.assert_allclose(np.transpose(found), expected, atol=1e-12)


def test_one_value_per_bin_leaves_the_three_parts_of_murphy():
    y, p = np.array([0, 0, 1, 0, 1, 1]), np.array([0.2, 0.2, 0.2, 0.6, 0.6, 0.6])
    parts = brier_parts(y, p, np.ones((1, 6)), bins=2)
    # event rates 1/3 and 2/3, one half overall
    assert parts.reliability[0] == pytest.approx((0.2 - 1 / 3) ** 2 / 2 + (0.6 - 2 / 3) ** 2 / 2)
    assert parts.resolution[0] == pytest.approx(1 / 36)
    assert parts.uncertainty[0] == pytest.approx(1 / 4)
    assert parts.within_variance[0] == pytest.approx(0, abs=1e-15)
    assert parts.within_covariance[0] == pytest.approx(0, abs=1e-15)


@given(st.integers(0, 2**31), st.integers(0, 3), st.integers(1, 12), st.integers(1, 60))
@settings(max_examples=60, deadline=None)
def test_bins_keep_ties_and_order(seed, digits, bins, n):
    p = np.round(np.random.default_rng(seed).random(n), digits)
    which = _bins(p, bins)
    assert np.unique(which).tolist() == list(range(which.max() + 1))
    assert which.max() < bins
    order = np.argsort(p, kind="stable")
    assert (np.diff(which[order]) >= 0).all()
    assert (
        which[order][1:][np.diff(p[order]) == 0] == which[order][:-1][np.diff(p[order]) == 0]
    ).all()


def test_bins_of_distinct_probabilities_are_of_one_size():
    p = np.random.default_rng(0).permutation(np.linspace(0, 1, 60))
    assert np.bincount(_bins(p, 10)).tolist() == [6] * 10
    assert np.bincount(_bins(np.full(7, 0.4), 10)).tolist() == [7]


def test_calibrated_probabilities_have_a_reliability_of_about_bins_over_n_times_brier():
    rng = generator(1, "brier parts")
    found, score = [], []
    for _ in range(300):
        p = rng.beta(2, 3, size=100)
        y = (rng.random(100) < p).astype(int)
        parts = brier_parts(y, p, np.ones((1, 100)))
        found.append(parts.reliability[0])
        score.append(parts.brier[0])
    assert np.mean(found) == pytest.approx(10 / 100 * np.mean(score), rel=0.1)


def test_resolution_and_reliability_of_many_rows_reach_their_truth():
    """Probabilities p for a true risk of 0.3 + 0.4 p, with p even over 0 to 1."""
    rng = generator(2, "brier parts")
    p = rng.random(200_000)
    y = (rng.random(200_000) < 0.3 + 0.4 * p).astype(int)
    parts = brier_parts(y, p, np.ones((1, 200_000)), bins=50)
    assert parts.reliability[0] == pytest.approx(0.36 / 12, abs=1e-3)  # variance of 0.6 p
    assert parts.resolution[0] == pytest.approx(0.16 / 12, abs=1e-3)  # variance of 0.4 p
    assert parts.uncertainty[0] == pytest.approx(0.25, abs=1e-4)


def test_scaled_brier_is_one_minus_the_ratio_to_predicting_the_rate():
    y, p, w = _data(4)
    rate = (w @ y / w.sum(axis=1))[:, None]
    of_rate = (w * (y - rate) ** 2).sum(axis=1) / w.sum(axis=1)
    np.testing.assert_allclose(scaled_brier(y, p, w), 1 - brier(y, p, w) / of_rate, atol=1e-12)


def test_scaled_brier_of_the_perfect_the_rate_and_the_wrong_way_round():
    y, ones = np.array([0, 0, 0, 1]), np.ones((1, 4))
    assert scaled_brier(y, y, ones)[0] == pytest.approx(1)
    assert scaled_brier(y, np.full(4, 0.25), ones)[0] == pytest.approx(0, abs=1e-12)
    assert scaled_brier(y, 1 - y, ones)[0] == pytest.approx(1 - 16 / 3)


def test_one_class_has_parts_and_no_scale_and_no_rows_have_nothing():
    y, p = np.array([0, 0, 1]), np.array([0.1, 0.4, 0.9])
    w = np.array([[1, 1, 0], [0, 0, 0]])
    parts, scaled = brier_parts(y, p, w, bins=2), scaled_brier(y, p, w)
    assert parts.brier[0] == pytest.approx((0.01 + 0.16) / 2)
    assert parts.uncertainty[0] == 0
    assert np.isnan(scaled).all()
    thirds = np.full((1, 3), 0.1)
    assert np.isnan(scaled_brier(np.ones(3), p, thirds)).all()
    assert np.isnan(parts.brier[1])
    assert np.isnan(parts.uncertainty[1])


def test_what_does_not_fit_is_refused():
    y, p, ones = np.array([0, 1]), np.array([0.2, 0.7]), np.ones((1, 2))
    with pytest.raises(ValueError, match="at least 1; got 0"):
        brier_parts(y, p, ones, bins=0)
    with pytest.raises(PredictionsError, match="Calibrate"):
        scaled_brier(y, 3 * p, ones)
    with pytest.raises(OutcomeError, match="2 of 2 rows"):
        scaled_brier(y + 1.5, p, ones)
