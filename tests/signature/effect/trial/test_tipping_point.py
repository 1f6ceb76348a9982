"""How far from random lost outcomes would have to be, against outcomes that were shifted."""

import numpy as np
import pytest
from scipy.stats import ttest_ind

from signature.effect.trial.tipping_point import tipping_point


@pytest.mark.parametrize("effect", [1.2, 0.1, -0.1, -1.2])
def test_outcomes_that_are_shifted_so_far_bring_the_interval_to_0(effect):
    """Lost outcomes are filled in and shifted; the interval moves as it was said to."""
    rng = np.random.default_rng(1)
    treated, control = rng.normal(effect, size=200), rng.normal(size=200)
    lost = np.arange(200) < 40

    def interval(shift):
        return ttest_ind(treated - shift * lost, control).confidence_interval()

    plain = interval(0)
    value = treated.mean() - control.mean()
    found = tipping_point(value, plain.low, plain.high, lost=40, people=200)
    assert found.share == 0.2
    assert found.found == (plain.low > 0 or plain.high < 0)
    there = interval(found.shift)
    assert min(abs(there.low), abs(there.high)) < 0.03 * (plain.high - plain.low)
    short = interval(0.9 * found.shift)
    assert (short.low > 0 or short.high < 0) == found.found


def test_risks_end_at_0_and_1():
    told = {"lost": 5, "people": 50}
    assert tipping_point(0.3, 0.2, 0.4, most=(0.6, 0.4), **told).shift is None
    assert tipping_point(0.21, 0.02, 0.4, most=(0.6, 0.4), **told).shift == pytest.approx(
        0.2, abs=0.02
    )


def test_where_nobody_was_lost_there_is_nothing_to_say():
    assert tipping_point(0.3, 0.2, 0.4, lost=0, people=50) is None
    assert tipping_point(0.3, None, 0.4, lost=4, people=50) is None


def test_a_slope_is_held_against_one_of_shifted_outcomes():
    rng = np.random.default_rng(3)
    n, score = 4_000, rng.normal(size=4_000)
    outcome = 0.25 * score + rng.normal(size=n)
    lost = rng.random(n) < 0.2
    share = lost.mean()

    def interval(shift):
        y = outcome - shift * lost * score
        x = score - score.mean()
        slope = x @ y / (x @ x)
        left = y - y.mean() - slope * x
        error = np.sqrt((x**2 * left**2).sum()) / (x @ x)
        return slope, slope - 1.96 * error, slope + 1.96 * error

    found = tipping_point(*interval(0), lost=int(lost.sum()), people=n, slope=True)
    assert found.share == share
    assert abs(interval(found.shift)[1]) < 0.015
