"""Standard curves against certified fits, published standard errors and simulated truth."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signature.assay.curve_range import CurveRules
from signature.assay.logistic import gradient, inverse, response
from signature.assay.standard_curve import Curve, fit_curve
from signature.exceptions import CurveError
from tests.made.made_up_curves import ASYMMETRIC, LEVELS, TRUTH, read

LENIENT = {
    "weighting": "constant",
    "lowest_recovery": 1.0,
    "highest_recovery": 1000.0,
    "largest_cv": 500.0,
    "fewest_levels": 2,
}
"""For data that are no immunoassay, and are here for their published fits."""


def test_the_certified_five_parameter_fit():
    # NIST StRD Rat43 (Ratkowsky 1983), y = b1 / (1 + exp(b2 - b3 t))^(1/b4), certified to 11
    # digits. With x = exp(-t) it is our curve with infinity 0, slope b3, asymmetry 1/b4.
    y = [16.08, 33.83, 65.80, 97.20, 191.55, 326.20, 386.87, 520.53, 590.03, 651.92, 724.93]
    y += [699.56, 689.96, 637.56, 717.41]
    rules = CurveRules(shape="5PL", **LENIENT)
    curve = fit_curve(np.exp(-np.arange(1.0, 16)), y, rules, fixed={"infinity": 0.0})
    found = curve.parameters
    assert found["zero"] == pytest.approx(6.9964151270e02, rel=1e-6)
    assert -found["slope"] * np.log(found["middle"]) == pytest.approx(5.2771253025, rel=1e-6)
    assert found["slope"] == pytest.approx(7.5962938329e-01, rel=1e-6)
    assert 1 / found["asymmetry"] == pytest.approx(1.2792483859, rel=1e-6)
    assert curve.fit.residual_variance * curve.fit.spare == pytest.approx(8.7864049080e03, rel=1e-9)
    # certified standard deviations of b1 and b3; ours is of log b3
    sd = np.sqrt(np.diag(curve.fit.covariance))
    assert sd[0] == pytest.approx(1.6302297817e01, rel=1e-5)
    assert sd[3] * found["slope"] == pytest.approx(1.9566123451e-01, rel=1e-5)


def test_the_published_four_parameter_fit():
    # drc's ryegrass, LL.4 (Ritz and others 2015): b 2.98222, c .48141, d 7.79296, e 3.05795,
    # residual standard error .5196 on 20 degrees of freedom
    x = np.repeat([0, 0.94, 1.88, 3.75, 7.5, 15, 30], [6, 3, 3, 3, 3, 3, 3])
    y = [7.58, 8.0, 8.32857143, 7.25, 7.375, 7.9625, 8.35555556, 6.91428571, 7.75]
    y += [6.87142857, 6.45, 5.92222222, 1.925, 2.88571429, 4.23333333, 1.1875, 0.85714286]
    y += [1.05714286, 0.6875, 0.525, 0.825, 0.25, 0.22, 0.44]
    curve = fit_curve(x, y, CurveRules(shape="4PL", **LENIENT))
    assert curve.parameters == pytest.approx(
        {
            "zero": 7.79296,
            "infinity": 0.48141,
            "middle": 3.05795,
            "slope": 2.98222,
            "asymmetry": 1.0,
        },
        abs=1e-5,
    )
    assert np.sqrt(curve.fit.residual_variance) == pytest.approx(0.5196, abs=5e-5)
    assert curve.fit.spare == 20
    assert curve.falls


def test_the_published_error_of_a_back_calculated_concentration():
    # investr's nasturtium (Greenwell and Schubert Kabban 2014): three wells read 309, 296, 419;
    # x0 = 2.263852 with delta-method standard error .2847019
    x = np.repeat([0, 0.025, 0.075, 0.25, 0.75, 2, 4], 6)
    y = [920, 889, 866, 930, 992, 1017, 919, 878, 882, 854, 851, 850, 870, 825, 953, 834, 810, 875]
    y += [880, 834, 795, 837, 834, 810, 693, 690, 722, 738, 563, 591, 429, 395, 435, 412, 273, 257]
    y += [200, 244, 209, 225, 128, 221]
    curve = fit_curve(x, y, CurveRules(shape="4PL", **LENIENT), fixed={"infinity": 0.0})
    mean = np.mean([309, 296, 419])
    found = float(curve.concentration(mean))
    assert found == pytest.approx(2.263852, abs=2e-6)
    assert found * float(curve.relative_error(mean, 3)) == pytest.approx(0.2847019, abs=1e-6)


@pytest.mark.parametrize(("theta", "shape"), [(TRUTH, "4PL"), (ASYMMETRIC, "5PL")])
def test_the_truth_is_recovered_and_the_right_shape_chosen(theta, shape):
    x = np.repeat(4.0 ** np.arange(-1, 8), 2)
    curve = fit_curve(x, read(x, theta, 0.01, np.random.default_rng(1)))
    assert curve.shape == shape
    grid = np.geomspace(2, 3000, 30)
    found = curve.concentration(response(np.log(grid), theta))
    assert found == pytest.approx(grid, rel=0.04)


def _coverage(runs: int, theta: np.ndarray, seed: int) -> tuple[np.ndarray, float]:
    """Share of 95 % intervals that hold the truth by concentration; mean z² as a check of size."""
    rng = np.random.default_rng(seed)
    x = np.geomspace(4, 1024, 8)
    hits = []
    for _ in range(runs):
        curve = fit_curve(LEVELS, read(LEVELS, theta, 0.06, rng), CurveRules(shape="4PL"))
        mean = np.mean([read(x, theta, 0.06, rng) for _ in range(2)], axis=0)
        low, high = curve.interval(mean, 2)
        hits.append((low <= x) & (x <= high))
    return np.mean(hits, axis=0), float(np.mean(hits))


def test_intervals_hold_the_truth_quick():
    _, overall = _coverage(40, TRUTH, 2)
    assert 0.90 <= overall <= 0.985  # 320 intervals in 40 curves


@pytest.mark.slow
def test_intervals_hold_the_truth():
    by_level, overall = _coverage(600, TRUTH, 3)
    assert overall == pytest.approx(0.95, abs=0.015)
    assert (np.abs(by_level - 0.95) < 0.035).all()


def test_more_wells_make_a_sample_surer():
    curve = _curve()
    one, four = curve.relative_error(1000.0, [1, 4])
    assert four < one
    assert curve.relative_error([5.0, 1e6]).tolist() == [np.inf, np.inf]
    low, high = curve.interval([5.0, 1000.0, 1e6])
    assert low[0] == 0.0
    assert np.isinf(high[2])
    assert low[1] < curve.concentration(1000.0) < high[1]


def _curve() -> Curve:
    return fit_curve(LEVELS, read(LEVELS, TRUTH, 0.04, np.random.default_rng(4)))


_THETA = st.tuples(
    st.floats(1, 100),
    st.floats(1000, 50000),
    st.floats(-3, 7),
    st.floats(-0.7, 1.0),
    st.floats(-1.0, 1.0),
    st.booleans(),
)


@settings(max_examples=60, deadline=None)
@given(_THETA, st.floats(-2.5, 2.5))
def test_the_inverse_undoes_the_curve_and_the_gradient_is_its_slope(raw, offset):
    theta = np.array(raw[:5])
    if raw[5]:
        theta[[0, 1]] = theta[[1, 0]]
    log_x = np.array([theta[2] + offset])
    assert inverse(response(log_x, theta), theta) == pytest.approx(log_x, abs=1e-6)
    by_theta, by_log_x = gradient(log_x, theta)
    step = 1e-6
    height = abs(theta[1] - theta[0])
    for i in range(5):
        up, down = theta.copy(), theta.copy()
        size = step * max(1.0, abs(theta[i]))
        up[i] += size
        down[i] -= size
        slope = (response(log_x, up) - response(log_x, down)) / (2 * size)
        assert by_theta[0, i] == pytest.approx(slope[0], rel=1e-4, abs=1e-7 * height)
    slope = (response(log_x + step, theta) - response(log_x - step, theta)) / (2 * step)
    assert by_log_x[0] == pytest.approx(slope[0], rel=1e-4, abs=1e-7 * height)


def test_the_range_ends_where_standards_are_no_longer_found():
    x = np.repeat(4.0 ** np.arange(9), 2)
    y = read(
        x, np.array([60.0, 9000.0, np.log(300.0), np.log(1.3), 0.0]), 0.03, np.random.default_rng(5)
    )
    curve = fit_curve(x, y)
    passed = [level.concentration for level in curve.levels if level.passed]
    assert curve.lloq == min(passed) > 1.0  # the lowest standards are background
    assert curve.uloq == max(passed) < 4.0**8  # the highest are on the plateau
    assert min(level.recovery for level in curve.levels if level.passed) >= 80


def test_a_standard_that_failed_narrows_the_range():
    x = np.repeat(4.0 ** np.arange(7), 2)
    y = read(x, TRUTH, 0.02, np.random.default_rng(6))
    assert fit_curve(x, y).uloq == 4.0**6
    y[x == 4.0**5] *= [0.8, 1.25]
    curve = fit_curve(x, y)
    assert curve.uloq == 4.0**4
    assert not curve.levels[5].passed


@pytest.mark.parametrize(
    ("x", "y", "rules", "message"),
    [
        ([1, 4, 16, 64], [10, 20, 40, 80], None, "4 different standards"),
        (LEVELS[:10], LEVELS[:10] + 5, CurveRules(shape="5PL"), "5PL curve needs 6"),
        ([1, 4, 16, 64, 256], [10, 20, 0, 80, 90], None, "zero or less"),
        ([1, 4, 16, 64, -256], [10, 20, 30, 80, 90], None, "expected concentration"),
        ([1, 4, 16], [10, 20], None, "3 concentrations for 2 signals"),
        (LEVELS, np.full(14, 50.0), None, "same signal"),
        (LEVELS, np.tile([50.0, 60.0], 7), None, "hardly depends"),
        (LEVELS, np.r_[20.0, 21.0, [9000.0, 9100.0] * 6], None, "are saturated"),
        (LEVELS, np.r_[[30.0, 31.0] * 5, 30.5, 31.5, 900, 950], None, "than the background"),
    ],
)
def test_curves_that_cannot_be_used_are_refused(x, y, rules, message):
    with pytest.raises(CurveError, match=message) as caught:
        fit_curve(x, y, rules, where="plate '1', 'IL6'")
    assert str(caught.value).startswith("plate '1', 'IL6': ")


def test_what_can_be_fixed():
    with pytest.raises(CurveError, match="cannot fix slope; there are: zero, infinity, asymmetry"):
        fit_curve(LEVELS, LEVELS, fixed={"slope": 1.0})
    with pytest.raises(CurveError, match="no logarithm"):
        fit_curve(LEVELS, LEVELS, fixed={"infinity": 0.0})
    rng = np.random.default_rng(7)
    curve = fit_curve(LEVELS, read(LEVELS, TRUTH, 0.03, rng), fixed={"zero": 12.0})
    assert curve.parameters["zero"] == pytest.approx(12.0)
    assert curve.fit.covariance[0].tolist() == [0.0] * 5
