"""A line or a step: what each data set says, how often either is wrongly refused, and limits."""

import numpy as np
import pytest

from signature.effect.interaction.line_or_step import LEVEL, line_or_step
from signature.effect.trial.robust_regression import robust_regression
from signature.randomness import generator


def _trial(rng, n=240, line=0.0, step=0.0, cut=5.0):
    arm, crp = np.tile(["drug", "placebo"], n // 2), rng.normal(5, 2, size=n)
    treated = arm == "drug"
    scaled = (crp - 5) / 2
    y = scaled + 0.4 * scaled**2 + treated * (1 + line * scaled + step * (crp >= cut))
    return y + rng.normal(size=n), arm, crp


def _asked(trial, rng, cut=5.0, **how):
    return line_or_step(*trial, cut, control="placebo", rng=rng, **{"draws": 299} | how)


@pytest.mark.parametrize(("truth", "other"), [("line", "step"), ("step", "line")])
def test_a_clear_shape_is_recognised(truth, other):
    found = _asked(
        _trial(generator(1, truth), 600, **{truth: 2.0 if truth == "line" else 3.5}),
        generator(1, "d"),
    )
    assert found.shape == truth
    assert getattr(found, f"p_{other}") < 0.01
    assert getattr(found, f"p_{truth}") > 0.05


def test_little_difference_is_not_told_apart():
    found = _asked(_trial(generator(2, "none"), 80), generator(2, "d"))
    assert found.shape == "not told apart"
    assert found.people == 80
    assert len(found.values) == len(found.along_line) == len(found.along_step) == 27


@pytest.mark.parametrize("truth", ["line", "step"])
def test_the_right_shape_is_seldom_refused(truth):
    wrong = sum(
        getattr(
            _asked(_trial(generator(3, truth, k), 120, **{truth: 1.0}), generator(3, k), draws=99),
            f"p_{truth}",
        )
        <= LEVEL
        for k in range(80)
    )
    assert wrong <= 10  # at 5 %, more has a chance of 1 in 500


def test_effects_are_those_of_the_two_models():
    y, arm, crp = _trial(generator(4, "effects"), step=2.0)
    found = _asked((y, arm, crp), generator(4, "d"))
    below = np.array(found.values) < 5
    steps = np.array([e.value for e in found.along_step])
    assert np.ptp(steps[below]) < 1e-9 > np.ptp(steps[~below])
    assert steps[-1] - steps[0] == pytest.approx(found.step.value)
    lines = np.array([e.value for e in found.along_line])
    spread = (found.values[-1] - found.values[0]) / crp.std(ddof=1)
    assert lines[-1] - lines[0] == pytest.approx(found.slope.value * spread)
    assert found.step.low < found.step.value < found.step.high


def test_unknown_values_are_left_out_and_few_people_have_no_shape():
    y, arm, crp = _trial(generator(5, "gaps"))
    crp[:30] = np.nan
    assert _asked((y, arm, crp), generator(5, "d")).people == 210
    assert _asked((y[:40], arm[:40], crp[:40]), generator(5, "d")) is None
    assert _asked((y, arm, crp), generator(5, "d"), cut=50.0) is None


def test_robust_errors_are_those_of_people_left_out_one_by_one():
    rng = generator(6, "hc3")
    X = np.column_stack([np.ones(20), rng.normal(size=(20, 2))])
    y, weight = rng.normal(size=20), rng.uniform(0.5, 2, 20)
    found, covariance = robust_regression(X, y, weight)
    root = np.sqrt(weight)
    Z, z = X * root[:, None], y * root
    meat = np.zeros((3, 3))
    for i in range(20):
        rest = np.arange(20) != i
        without = np.linalg.lstsq(Z[rest], z[rest], rcond=None)[0]
        meat += (z[i] - Z[i] @ without) ** 2 * np.outer(Z[i], Z[i])
    inverse = np.linalg.inv(Z.T @ Z)
    np.testing.assert_allclose(covariance, inverse @ meat @ inverse)
    np.testing.assert_allclose(found, np.linalg.lstsq(Z, z, rcond=None)[0])
