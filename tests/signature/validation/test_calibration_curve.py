"""The smooth calibration curve against an unpenalised regression, truth and its own noise."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.interpolate import CubicSpline
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from signature.exceptions import OutcomeError, PredictionsError
from signature.learn.binary import log_odds
from signature.randomness import generator
from signature.validation import metrics
from signature.validation.calibration_curve import (
    calibration_curve,
    calibration_errors,
    ici_when_calibrated,
)
from signature.validation.metrics import person_counts

_AT = np.linspace(0.1, 0.9, 9)


def _data(seed, n=150):
    rng = np.random.default_rng(seed)
    p = rng.beta(2, 3, size=n)
    return (rng.random(n) < p**1.5).astype(int), p, rng.multinomial(n, np.full(n, 1 / n), size=4)


def _natural_basis(eta, at, quantiles):
    """Natural cubic splines through unit vectors: the same space by another road."""
    knots = np.quantile(eta, quantiles)
    columns = []
    for unit in np.eye(len(knots)):
        spline = CubicSpline(knots, unit, bc_type="natural")
        low = spline(knots[0]) + spline(knots[0], 1) * (at - knots[0])
        high = spline(knots[-1]) + spline(knots[-1], 1) * (at - knots[-1])
        inside = spline(np.clip(at, knots[0], knots[-1]))
        columns.append(np.where(at < knots[0], low, np.where(at > knots[-1], high, inside)))
    return np.column_stack(columns)


@pytest.mark.parametrize(
    ("knots", "quantiles"),
    [(3, [0.1, 0.5, 0.9]), (4, [0.05, 0.35, 0.65, 0.95]), (5, [0.05, 0.275, 0.5, 0.725, 0.95])],
)
def test_equals_an_unpenalised_regression_on_a_natural_spline(knots, quantiles):
    y, p, w = _data(0)
    eta = log_odds(p)
    own = _natural_basis(eta, eta, quantiles)
    read = _natural_basis(eta, log_odds(_AT), quantiles)
    scale = own.std(axis=0)
    found = calibration_curve(y, p, w, _AT, knots=knots)
    errors = calibration_errors(y, p, w, knots=knots)
    for i, line in enumerate(w):
        # the splines through unit vectors add up to one, so there is no intercept
        model = LogisticRegression(C=np.inf, tol=1e-10, max_iter=5000, fit_intercept=False)
        model.fit(own / scale, y, sample_weight=line)
        np.testing.assert_allclose(found[i], model.predict_proba(read / scale)[:, 1], atol=1e-5)
        distance = np.abs(model.predict_proba(own / scale)[:, 1] - p)
        assert errors.ici[i] == pytest.approx(np.average(distance, weights=line), abs=1e-5)
        for value, share in ((errors.e50[i], 0.5), (errors.e90[i], 0.9)):
            expected = np.quantile(distance, share, weights=line, method="inverted_cdf")
            assert value == pytest.approx(expected, abs=1e-5)


@given(st.integers(0, 2**31))
@settings(max_examples=20, deadline=None)
def test_neither_the_order_of_rows_nor_the_scale_of_weights_matters(seed):
    y, p, w = _data(seed, 40)
    plain = calibration_errors(y, p, w)
    mixed = np.random.default_rng(seed).permutation(40)
    again = calibration_errors(y[mixed], p[mixed], 2.5 * w[:, mixed])
    for name in ("ici", "e50", "e90"):
        np.testing.assert_allclose(getattr(again, name), getattr(plain, name), atol=1e-7)


def test_two_values_give_a_line_through_their_event_rates():
    y = np.repeat([0, 1, 0, 1], [30, 10, 10, 30])
    p = np.repeat([0.3, 0.6], 40)
    ones = np.ones((1, 80))
    np.testing.assert_allclose(
        calibration_curve(y, p, ones, np.array([0.3, 0.6])), [[0.25, 0.75]], atol=1e-8
    )
    found = calibration_errors(y, p, ones)
    assert [found.ici[0], found.e50[0], found.e90[0]] == pytest.approx([0.1, 0.05, 0.15])


def test_one_value_for_everybody_is_compared_with_the_event_rate():
    y, p = np.array([0, 0, 0, 1]), np.full(4, 0.4)
    found = calibration_errors(y, p, np.ones((1, 4)))
    assert [found.ici[0], found.e50[0], found.e90[0]] == pytest.approx([0.15] * 3)


def test_predictions_that_are_mostly_tied_still_have_a_curve():
    y = np.repeat([0, 1, 0, 1, 0, 1], [60, 20, 8, 4, 4, 4])
    p = np.repeat([0.25, 0.3, 0.7], [80, 12, 8])
    found = calibration_curve(y, p, np.ones((1, 100)), np.array([0.25, 0.7]))
    assert found[0] == pytest.approx([0.25, 0.5], abs=0.02)


def test_a_bent_truth_is_found_where_the_slope_sees_little():
    """Too low at both ends and too high in the middle; no straight line on log-odds shows it."""
    rng = generator(1, "calibration curve")
    eta = rng.normal(size=60_000)
    p, true_risk = expit(eta), expit(eta + 0.5 * (eta**2 - 1))
    y = (rng.random(60_000) < true_risk).astype(int)
    ones = np.ones((1, 60_000))
    assert metrics.calibration_slope(y, p, ones)[0] == pytest.approx(1, abs=0.2)
    distance = np.abs(p - true_risk)
    found = calibration_errors(y, p, ones, knots=5)
    assert found.ici[0] == pytest.approx(distance.mean(), abs=0.01)
    assert found.e50[0] == pytest.approx(np.quantile(distance, 0.5), abs=0.015)
    assert found.e90[0] == pytest.approx(np.quantile(distance, 0.9), abs=0.02)


def test_overconfident_probabilities_have_the_curve_of_their_shrinkage():
    rng = generator(2, "calibration curve")
    eta = rng.normal(size=60_000)
    y = (rng.random(60_000) < expit(eta)).astype(int)
    curve = calibration_curve(y, expit(2 * eta), np.ones((1, 60_000)), _AT)[0]
    np.testing.assert_allclose(curve, expit(log_odds(_AT) / 2), atol=0.02)


def test_few_rows_of_a_calibrated_model_look_miscalibrated_and_this_is_known():
    """The index is far from 0 at n = 36, and drawn from its own noise it rejects as it should."""
    rng = generator(3, "calibration curve")
    seen, p_values = [], []
    for _ in range(120):
        p = rng.beta(2, 4, size=36)
        y = (rng.random(36) < p).astype(int)
        index = calibration_errors(y, p, np.ones((1, 36))).ici[0]
        noise = ici_when_calibrated(p, np.ones(36), draws=99, rng=rng)
        noise = noise[np.isfinite(noise)]
        if np.isfinite(index):
            seen.append(index)
            p_values.append((1 + (noise >= index).sum()) / (1 + len(noise)))
    assert np.mean(seen) > 0.05
    assert np.mean(np.array(p_values) <= 0.2) == pytest.approx(0.2, abs=0.11)
    y = (rng.random(36) < 0.1).astype(int)
    noise = ici_when_calibrated(np.full(36, 0.6), np.ones(36), draws=99, rng=rng)
    assert (noise < calibration_errors(y, np.full(36, 0.6), np.ones((1, 36))).ici[0]).all()


def test_one_class_separation_and_no_rows_are_not_numbers():
    p = np.linspace(0.05, 0.95, 12)
    y = np.array([0, 1] * 6)
    w = np.array([y, 1 - y, np.zeros(12, int), np.ones(12, int)])
    found = calibration_errors(y, p, w)
    for values in (found.ici, found.e50, found.e90):
        assert np.isnan(values).tolist() == [True, True, True, False]
    half = (p > 0.5) & (p < 0.8)  # events in a stretch: nothing parabolic is finite either
    assert np.isnan(calibration_curve(half.astype(int), p, np.ones((1, 12)), _AT)).all()
    separated = calibration_curve((p > 0.5).astype(int), p, np.ones((1, 12)), _AT)
    assert np.isnan(separated).all()


def test_certain_probabilities_do_no_harm():
    rng = generator(4, "calibration curve")
    p = np.r_[0.0, 1.0, rng.random(60)]
    y = np.r_[0, 1, (rng.random(60) < p[2:])].astype(int)
    found = calibration_errors(y, p, np.ones((1, 62)))
    assert 0 < found.ici[0] < 0.2


def test_the_same_generator_gives_the_same_noise():
    p = np.linspace(0.1, 0.9, 30)
    a, b = (
        ici_when_calibrated(p, np.ones(30), draws=120, rng=generator(1, "noise")) for _ in range(2)
    )
    np.testing.assert_array_equal(a, b)


def test_noise_follows_the_weights():
    """Rows without weight count for nothing."""
    p = np.linspace(0.1, 0.9, 30)
    w = np.ones(30)
    w[10:] = 0
    few = ici_when_calibrated(p, w, draws=300, rng=generator(1, "noise"))
    all_ = ici_when_calibrated(p, np.ones(30), draws=300, rng=generator(1, "noise"))
    assert np.nanmedian(few) > np.nanmedian(all_)


def test_intervals_of_the_curve_cover_it():
    rng = generator(5, "curve coverage")
    held = np.zeros(2)
    at, truth = np.array([0.3, 0.6]), expit(0.3 + 0.7 * log_odds(np.array([0.3, 0.6])))
    for _ in range(60):
        p = rng.beta(2, 2, size=200)
        y = (rng.random(200) < expit(0.3 + 0.7 * log_odds(p))).astype(int)
        w = person_counts(np.arange(200), np.zeros(200), 150, rng)
        low, high = np.quantile(calibration_curve(y, p, w, at), [0.025, 0.975], axis=0)
        held += (low <= truth) & (truth <= high)
    assert held / 60 == pytest.approx([0.95, 0.95], abs=0.08)


def test_what_does_not_fit_is_refused():
    y, p, ones = np.array([0, 1]), np.array([0.2, 0.7]), np.ones((1, 2))
    with pytest.raises(ValueError, match="3, 4, 5; got 7"):
        calibration_errors(y, p, ones, knots=7)
    with pytest.raises(PredictionsError, match="to read the curve at must be from 0 to 1"):
        calibration_curve(y, p, ones, np.array([1.2]))
    with pytest.raises(OutcomeError, match="2 of 2 rows"):
        calibration_errors(y + 1.5, p, ones)
    with pytest.raises(PredictionsError, match="missing or infinite in 1 of 2 rows"):
        ici_when_calibrated(np.array([0.1, np.nan]), np.ones(2), draws=3, rng=generator(1, "x"))
