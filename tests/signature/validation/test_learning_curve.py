"""Extrapolated learning curves: exact ones come back, and intervals hold the truth."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import least_squares

from signature.exceptions import LearningCurveError
from signature.validation.learning_curve import learning_curve

SIZES = 250 * np.array([0.4, 0.55, 0.7, 0.85, 1.0])
NOW = 312.0
AT = [NOW + more for more in (100, 200, 500)]


def _found(y, cov, **more):
    told = {"start": NOW, "at": AT, "rng": np.random.default_rng(3), "draws": 300} | more
    return learning_curve(SIZES, y, cov, **told)


def _shared(se=0.03, together=0.9):
    """Errors of points that share their held-out people, and some of each point's own."""
    return se**2 * (together + (1 - together) * np.eye(5)) + np.diag(0.006**2 * SIZES[0] / SIZES)


@pytest.mark.parametrize(
    ("ceiling", "gap", "rate"), [(0.8, 1.5, 0.6), (0.9, 0.9, 0.3), (1, 2, 0.4)]
)
def test_an_exact_curve_comes_back(ceiling, gap, rate):
    """To within the steps of the rates that are tried."""
    found = _found(ceiling - gap * SIZES**-rate, np.full(5, 1e-6))
    for point in found.points:
        truth = ceiling - gap * point.n**-rate
        assert point.value == pytest.approx(truth, abs=2.5e-3)
        assert point.gain == pytest.approx(truth - (ceiling - gap * NOW**-rate), abs=2.5e-3)
        assert point.low <= truth <= point.high
        assert point.high - point.low < 0.05
    assert found.rate == pytest.approx(rate, rel=0.15)
    assert found.ceiling - found.gap * SIZES[0] ** -found.rate == pytest.approx(
        ceiling - gap * SIZES[0] ** -rate, abs=2.5e-3
    )


@given(st.integers(0, 2**31))
@settings(max_examples=15, deadline=None)
def test_the_fit_is_as_good_as_that_of_a_general_optimiser(seed):
    rng = np.random.default_rng(seed)
    cov = _shared(together=rng.uniform(0, 0.95))
    y = np.clip(0.7 - 1.2 * SIZES**-0.5 + np.linalg.cholesky(cov) @ rng.normal(size=5), 0, 1)
    whiten = np.linalg.inv(np.linalg.cholesky(cov))
    scaled = SIZES / 150

    def rest(w):
        return whiten @ (y - (w[0] - w[1] * scaled ** -w[2]))

    starts = [(0.7, 0.1, c) for c in (0.06, 0.3, 1.0, 1.9)]
    bounds = ([0, 0, 0.05], [1, np.inf, 2])
    slow = min(2 * least_squares(rest, start, bounds=bounds).cost for start in starts)
    found = _found(y, cov, draws=50)
    assert found.misfit == pytest.approx(slow, abs=0.01)


@pytest.mark.parametrize(
    "truth",
    [
        lambda n: 0.9 - 0.9 * n**-0.3,
        lambda n: 0.75 - 8 * n**-1.0,
        lambda n: 0.5 - 0 * n,
    ],
    ids=["slow", "fast", "nothing to learn"],
)
def test_intervals_hold_the_truth_and_tell_something(truth):
    rng = np.random.default_rng(5)
    cov = _shared()
    root = np.linalg.cholesky(cov)
    studies = 60
    level, gain, width = np.zeros(3), np.zeros(3), np.zeros(3)
    for _ in range(studies):
        y = np.clip(truth(SIZES) + root @ rng.normal(size=5), 0, 1)
        found = _found(y, cov, rng=rng, draws=100)
        for i, point in enumerate(found.points):
            more = truth(point.n) - truth(NOW)
            level[i] += point.low <= truth(point.n) <= point.high
            gain[i] += point.gain_low - 1e-9 <= more <= point.gain_high + 1e-9
            width[i] += point.gain_high - point.gain_low
    # 95 % less three standard errors
    assert (level >= studies * 0.865).all()
    assert (gain >= studies * 0.865).all()
    # a gain is known better than the AUROC itself: its interval is narrower by far
    assert (width / studies < 0.1).all()


def test_never_narrower_than_the_largest_size_alone():
    y = 0.8 - 1.5 * SIZES**-0.6
    cov = _shared(se=0.04)
    for point in _found(y, cov).points:
        assert point.high - point.low >= 2 * 1.959 * np.sqrt(cov[-1, -1])


def test_further_away_is_less_sure():
    points = _found(0.8 - 1.5 * SIZES**-0.6, _shared(together=0.6)).points
    for near, far in pairwise(points):
        assert far.high - far.low > near.high - near.low
        assert far.gain_high > near.gain_high
        assert far.gain >= near.gain >= 0


def test_a_covariance_tells_more_about_a_gain_than_variances_alone():
    y, cov = 0.8 - 1.5 * SIZES**-0.6, _shared()
    shared, alone = _found(y, cov).points[-1], _found(y, np.diag(cov)).points[-1]
    assert shared.gain_high < 0.8 * alone.gain_high
    assert shared.gain_low > alone.gain_low


def test_a_falling_curve_promises_nothing_and_an_ending_one_stays_within_one():
    falling = _found(0.7 + 5 * SIZES**-1.0, np.full(5, 1e-6))
    assert falling.gap == 0
    assert all(p.gain == 0 for p in falling.points)
    steep = _found(1.0 - 30 * SIZES**-1.2, _shared())
    assert all(p.value <= 1 and p.high <= 1 for p in steep.points)


def test_order_of_sizes_does_not_matter():
    y, cov = 0.8 - 1.5 * SIZES**-0.6 + 0.01 * np.array([1, -1, 0, 1, -1]), _shared()
    turned = learning_curve(
        SIZES[::-1], y[::-1], cov[::-1, ::-1], start=NOW, at=AT, rng=np.random.default_rng(3)
    )
    straight = learning_curve(SIZES, y, cov, start=NOW, at=AT, rng=np.random.default_rng(3))
    assert turned.misfit == pytest.approx(straight.misfit)
    assert turned.points[-1].value == pytest.approx(straight.points[-1].value, abs=1e-9)
    assert turned.points[-1].low == pytest.approx(straight.points[-1].low, abs=0.01)


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        ([50, 70, 100], "needs 4 different training sizes or more; got 3"),
        ([50, 70, 70, 100], "got 3"),
        ([60, 70, 80, 110], "2 times the smallest or more; got 60 to 110 people"),
        ([0, 70, 80, 110], "got 0 to 110"),
    ],
)
def test_sizes_that_tell_nothing_are_refused(sizes, message):
    y = np.full(len(sizes), 0.7)
    with pytest.raises(LearningCurveError, match=message):
        learning_curve(sizes, y, y / 100, start=120, at=[200], rng=np.random.default_rng(0))


@pytest.mark.parametrize(
    ("y", "cov", "more", "message"),
    [
        (np.full(4, 0.7), np.full(5, 0.01), {}, "one number per size"),
        (np.full(5, 1.2), np.full(5, 0.01), {}, "from 0 to 1"),
        (np.full(5, np.nan), np.full(5, 0.01), {}, "from 0 to 1"),
        (np.full(5, 0.7), np.zeros(5), {}, "positive definite"),
        (np.full(5, 0.7), np.full(5, np.nan), {}, "positive definite"),
        (np.full(5, 0.7), np.full(5, 0.01), {"at": [100]}, "no smaller than it"),
        (np.full(5, 0.7), np.full(5, 0.01), {"start": 0.0}, "start must be above 0"),
    ],
)
def test_impossible_points_are_refused(y, cov, more, message):
    with pytest.raises(ValueError, match=message):
        _found(y, cov, **more)
