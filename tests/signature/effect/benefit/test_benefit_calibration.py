"""Calibration of predicted benefit against least squares, known truth and coverage."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signature.effect.benefit.benefit_calibration import benefit_calibration, benefit_slope
from signature.effect.trial.aipw import arm_scores, benefit_scores
from signature.exceptions import PredictionsError
from signature.randomness import generator
from tests.made.made_up_effects import linear_trial


@given(st.integers(0, 2**31), st.integers(3, 40), st.floats(-1e4, 1e4))
@settings(max_examples=40, deadline=None)
def test_equals_weighted_least_squares(seed, n, shift):
    rng = np.random.default_rng(seed)
    b, x, w = rng.normal(size=n), rng.normal(size=n) + shift, rng.random((2, n)) + 0.1
    design = np.column_stack([np.ones(n), x - shift])
    for line, slope in zip(w, benefit_slope(b, x, w), strict=True):
        root = np.sqrt(line)
        beta = np.linalg.lstsq(design * root[:, None], b * root, rcond=None)[0]
        assert slope == pytest.approx(beta[1], rel=1e-6, abs=1e-8)
        found = benefit_calibration(b, x, weight=line)
        assert found.slope.value == pytest.approx(beta[1], rel=1e-6, abs=1e-8)
        assert found.intercept.value == pytest.approx(beta[0] - beta[1] * shift, rel=1e-5, abs=1e-6)


def test_error_of_the_slope_is_hc3_by_matrices():
    rng = generator(1, "hc3")
    x = rng.exponential(size=30)
    b = x + rng.normal(size=30) * x
    design = np.column_stack([np.ones(30), x])
    bread = np.linalg.inv(design.T @ design)
    hat = np.einsum("ij,jk,ik->i", design, bread, design)
    residual = (b - design @ bread @ design.T @ b) / (1 - hat)
    covariance = bread @ (design.T * residual**2) @ design @ bread
    found = benefit_calibration(b, x)
    # summed around its average, over n − 1
    for one, error in zip(
        (found.intercept, found.slope), np.sqrt(np.diag(covariance)), strict=True
    ):
        assert one.standard_error == pytest.approx(error, rel=0.03)


def _calibrated(rng, n, *, per_sd=0.5, claimed=0.5, treated=0.5, predicted=True):
    trial = linear_trial(rng, n, effect=0.3, per_sd=per_sd, treated=treated)
    guess = trial.expected if predicted else None
    scores = arm_scores(trial.outcome, trial.arm, np.array([1 - treated, treated]), guess)
    benefit = benefit_scores(scores, 1, 0, higher_is_better=True)
    return benefit_calibration(benefit, 0.3 + claimed * trial.marker, arm=trial.arm)


@pytest.mark.parametrize(("n", "treated"), [(36, 2 / 3), (150, 0.5)])
def test_intervals_hold_the_truth(n, treated):
    rng = generator(2, "coverage")
    trials, held = 500, np.zeros(3)
    for _ in range(trials):
        found = _calibrated(rng, n, treated=treated)
        pairs = (found.slope, 1), (found.intercept, 0), (found.in_the_large, 0)
        held += [one.low <= truth <= one.high for one, truth in pairs]
    assert held / trials == pytest.approx(0.95, abs=0.03)


def test_a_slope_without_heterogeneity_is_seldom_told_from_zero():
    rng = generator(3, "null")
    claims = sum(_calibrated(rng, 100, per_sd=0.0).slope.p < 0.05 for _ in range(500))
    assert claims / 500 == pytest.approx(0.05, abs=0.03)


def test_predictions_twice_too_extreme_have_a_slope_of_one_half():
    found = _calibrated(generator(4, "extreme"), 4000, per_sd=0.5, claimed=1.0)
    assert abs(found.slope.value - 0.5) < 3 * found.slope.standard_error
    assert found.slope_p_of_one < 0.001
    assert found.slope.p < 0.001


def test_a_promise_too_high_is_seen_in_the_large():
    found = benefit_calibration(np.array([0.1, 0.3, 0.2, 0.4]), np.array([1.1, 1.2, 1.3, 1.4]))
    assert found.in_the_large.value == pytest.approx(-1)
    assert found.in_the_large.high < 0


def test_equal_predictions_have_no_slope():
    found = benefit_calibration(np.array([1.0, 2, 4]), np.full(3, 0.1))
    assert found.slope is found.intercept is found.slope_p_of_one is None
    assert found.in_the_large.value == pytest.approx(7 / 3 - 0.1)
    w = np.array([[1, 1, 0], [1, 1, 1.0]])
    slopes = benefit_slope(np.arange(3.0), np.array([1, 1, 2.0]), w)
    assert np.isnan(slopes).tolist() == [True, False]
    assert np.isnan(benefit_slope(np.arange(3.0), np.arange(3.0), np.zeros((1, 3)))).all()


def test_an_exact_line_has_no_interval():
    found = benefit_calibration(2 * np.arange(6.0), np.arange(6.0))
    assert found.slope.value == pytest.approx(2)
    assert found.slope.low is None


def test_rows_of_a_person_stay_together():
    rng = generator(5, "rows")
    b, x = rng.normal(size=50), rng.normal(size=50)
    once = benefit_calibration(b, x)
    twice = benefit_calibration(np.tile(b, 2), np.tile(x, 2), person=np.tile(np.arange(50), 2))
    assert twice.slope.value == pytest.approx(once.slope.value)
    # a row pulls the line half as much, which is all that differs
    assert twice.slope.standard_error == pytest.approx(once.slope.standard_error, rel=0.06)


def test_what_does_not_fit_is_refused():
    with pytest.raises(PredictionsError, match="the predicted benefit is missing"):
        benefit_calibration(np.zeros(2), np.array([0, np.nan]))
    with pytest.raises(PredictionsError, match="arm must say"):
        benefit_calibration(np.zeros(2), np.arange(2.0), arm=np.zeros(3))
