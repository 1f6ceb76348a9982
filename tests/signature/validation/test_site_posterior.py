"""Intervals of few sites, against brute force and what must be so."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signature.validation.site_posterior import SPREAD, site_intervals


def test_they_hold_95_percent_of_draws_of_the_posterior():
    """Importance sampling from the prior, with nothing integrated by hand."""
    y, v = np.array([0.2, 1.1, 0.9, 1.6]), np.array([0.1, 0.05, 0.2, 0.08])
    rng = np.random.default_rng(0)
    tau = np.abs(rng.normal(0, SPREAD, 2_000_000))
    mu = rng.uniform(-4, 6, len(tau))
    log = -0.5 * sum(
        (a - mu) ** 2 / (b + tau**2) + np.log(b + tau**2) for a, b in zip(y, v, strict=True)
    )
    weight = np.exp(log - log.max())
    found = site_intervals(y, v, 0.95)
    following = mu + tau * rng.normal(size=len(tau))
    for drawn, low, high in (
        (mu, found.low, found.high),
        (following, found.prediction_low, found.prediction_high),
    ):
        assert weight[drawn < low].sum() / weight.sum() == pytest.approx(0.025, abs=0.002)
        assert weight[drawn > high].sum() / weight.sum() == pytest.approx(0.025, abs=0.002)


def test_of_sites_that_are_known_exactly_and_agree_little_is_left_open():
    many = site_intervals(np.full(40, 1.0), np.full(40, 1e-4), 0.95)
    assert 0.99 < many.low < many.high < 1.01
    assert 0.97 < many.prediction_low < many.prediction_high < 1.03


@given(st.integers(2, 10), st.integers(0, 2**31), st.floats(0, 1), st.floats(-3, 3))
@settings(max_examples=40, deadline=None)
def test_order_and_middle_change_nothing_and_a_next_site_lies_further_out(k, seed, spread, shift):
    rng = np.random.default_rng(seed)
    v = rng.uniform(0.05, 0.5, k) ** 2
    y = rng.normal(0, np.sqrt(v + spread**2))
    one, other = site_intervals(y, v, 0.95), site_intervals((y + shift)[::-1], v[::-1], 0.95)
    for name, value in vars(one).items():
        assert getattr(other, name) == pytest.approx(value + shift, abs=1e-6)
    assert one.prediction_low < one.low < one.high < one.prediction_high
    narrower = site_intervals(y, v, 0.8)
    assert one.low < narrower.low < narrower.high < one.high


def test_a_next_site_is_held_where_six_differ():
    """95 % of 300 studies, within what chance allows; t intervals hold some 91."""
    rng = np.random.default_rng(1)
    held = 0
    for _ in range(300):
        v = rng.uniform(0.15, 0.35, 6) ** 2
        found = site_intervals(rng.normal(1, np.sqrt(v + 0.3**2)), v, 0.95)
        held += found.prediction_low < rng.normal(1, 0.3) < found.prediction_high
    assert 0.92 <= held / 300 <= 0.985
