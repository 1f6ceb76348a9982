"""Metrics against scikit-learn and against truth that can be written down."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, brier_score_loss, roc_auc_score
from sklearn.metrics import log_loss as sk_log_loss

from signature.learn.binary import log_odds
from signature.validation import metrics


def _data(n=200, seed=0, digits=None):
    rng = np.random.default_rng(seed)
    truth = rng.normal(size=n)
    y = (rng.random(n) < 1 / (1 + np.exp(-truth))).astype(int)
    p = 1 / (1 + np.exp(-(0.5 * truth + 0.3 * rng.normal(size=n))))
    return y, p if digits is None else np.round(p, digits), rng.integers(0, 4, size=(7, n))


@pytest.mark.parametrize("digits", [None, 1])
@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (metrics.auroc, roc_auc_score),
        (metrics.auprc, average_precision_score),
        (metrics.brier, brier_score_loss),
        (metrics.log_loss, sk_log_loss),
    ],
)
def test_equals_scikit_learn_with_weights_and_ties(ours, theirs, digits):
    y, p, w = _data(digits=digits)
    expected = [theirs(y, p, sample_weight=row) for row in w]
    np.testing.assert_allclose(ours(y, p, w), expected, rtol=1e-9)


def test_calibration_slope_equals_an_unpenalised_logistic_regression():
    y, p, w = _data()
    eta = log_odds(p)[:, None]
    expected = [
        LogisticRegression(C=np.inf, tol=1e-10).fit(eta, y, sample_weight=row).coef_[0, 0]
        for row in w
    ]
    np.testing.assert_allclose(metrics.calibration_slope(y, p, w), expected, rtol=1e-4)


def test_calibration_intercept_is_the_shift_that_makes_the_mean_right():
    y, p, w = _data()
    shift = metrics.calibration_intercept(y, p, w)
    for row, a in zip(w, shift, strict=True):
        mean = np.average(1 / (1 + np.exp(-(log_odds(p) + a))), weights=row)
        assert mean == pytest.approx(np.average(y, weights=row), abs=1e-8)


def test_too_extreme_probabilities_have_a_slope_below_one():
    rng = np.random.default_rng(3)
    truth = rng.normal(size=50_000)
    y = (rng.random(50_000) < 1 / (1 + np.exp(-truth))).astype(int)
    ones = np.ones((1, len(y)))
    sharp = 1 / (1 + np.exp(-2 * truth))
    assert metrics.calibration_slope(y, sharp, ones)[0] == pytest.approx(0.5, abs=0.02)


def test_one_class_is_undefined_and_not_a_number():
    y, p, ones = np.zeros(5, int), np.linspace(0.1, 0.9, 5), np.ones((1, 5))
    assert np.isnan(metrics.auroc(y, p, ones))
    assert np.isnan(metrics.calibration_slope(y, p, ones))
    assert np.isnan(metrics.calibration_intercept(y, p, ones))
    assert metrics.brier(y, p, ones)[0] == pytest.approx(np.mean(p**2))


def test_constant_probabilities_have_no_slope_and_rank_by_chance():
    y, p, ones = np.array([0, 1, 0, 1]), np.full(4, 0.5), np.ones((1, 4))
    assert np.isnan(metrics.calibration_slope(y, p, ones))
    assert metrics.auroc(y, p, ones)[0] == 0.5


def test_separated_classes_have_no_finite_slope():
    y, p = np.array([0, 0, 1, 1]), np.array([0.1, 0.2, 0.8, 0.9])
    assert np.isnan(metrics.calibration_slope(y, p, np.ones((1, 4))))


@given(st.integers(2, 30), st.integers(0, 2**31))
@settings(max_examples=30, deadline=None)
def test_persons_are_drawn_whole_and_within_their_stratum(people, seed):
    rng = np.random.default_rng(seed)
    person = rng.integers(0, people, size=3 * people)
    stratum_of = rng.integers(0, 2, size=people)
    strata = stratum_of[person]
    counts = metrics.person_counts(person, strata, 20, rng)
    for value in np.unique(person):
        assert (counts[:, person == value] == counts[:, person == value][:, :1]).all()
    _, first = np.unique(person, return_index=True)
    for value in np.unique(strata):
        members = first[strata[first] == value]
        assert (counts[:, members].sum(axis=1) == len(members)).all()
