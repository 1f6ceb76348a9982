"""How far from random lost outcomes would have to be, against outcomes that were shifted."""

import numpy as np
import pytest
from scipy.stats import ttest_ind

from signature.effect.trial.tipping_point import ArmLosses, tipping_point

NOBODY = ArmLosses(0, 200)


@pytest.mark.parametrize("effect", [1.2, 0.1, -0.1, -1.2])
@pytest.mark.parametrize("both", [False, True])
def test_outcomes_that_are_shifted_so_far_bring_the_interval_to_0(effect, both):
    """Lost outcomes are filled in and shifted, in opposite directions in the two arms."""
    rng = np.random.default_rng(1)
    treated, control = rng.normal(effect, size=200), rng.normal(size=200)
    lost = np.arange(200) < 40

    def interval(shift):
        other = control + shift * lost if both else control
        return ttest_ind(treated - shift * lost, other).confidence_interval()

    plain = interval(0)
    found = plain.low > 0 or plain.high < 0
    value = treated.mean() - control.mean()
    arms = {"treated": ArmLosses(40, 200), "control": ArmLosses(40, 200) if both else NOBODY}
    point = tipping_point(value, plain.low, plain.high, found=found, **arms)
    there = interval(point.shift)
    assert min(abs(there.low), abs(there.high)) < 0.03 * (plain.high - plain.low)
    short = interval(0.9 * point.shift)
    assert (short.low > 0 or short.high < 0) == found == point.found


def test_losses_of_the_control_arm_alone_have_a_tipping_point_too():
    arms = {"treated": NOBODY, "control": ArmLosses(40, 200)}
    assert tipping_point(1.0, 0.5, 1.5, found=True, **arms).shift > 0


def test_risks_end_at_0_and_1():
    arms = {
        "treated": ArmLosses(5, 50, worse=0.6, better=0.4),
        "control": ArmLosses(0, 50, 0.5, 0.5),
    }
    assert tipping_point(0.3, 0.2, 0.4, found=True, **arms).shift is None
    point = tipping_point(0.21, 0.02, 0.4, found=True, **arms)
    assert point.shift == pytest.approx(0.2, abs=0.02)


def test_a_way_that_cannot_be_does_not_hide_one_that_can():
    """To be better by .13 is more than they can be; worse by .39 they can."""
    arms = {"treated": ArmLosses(40, 100, worse=0.9, better=0.1), "control": ArmLosses(0, 100)}
    assert tipping_point(0.05, -0.05, 0.15, found=False, **arms).shift == pytest.approx(
        0.39, abs=0.01
    )


def test_where_nobody_was_lost_there_is_nothing_to_say():
    assert tipping_point(0.3, 0.2, 0.4, found=True, treated=NOBODY, control=NOBODY) is None
    lost = ArmLosses(4, 50)
    assert tipping_point(0.3, None, 0.4, found=True, treated=lost, control=NOBODY) is None


def test_a_test_of_one_side_has_one_way_to_change():
    arms = {"treated": ArmLosses(15, 75), "control": NOBODY, "side": "greater", "slope": True}
    # not found, and not on the way to be found: they would have had to gain more, never less
    assert tipping_point(-0.2, -0.9, 0.5, found=False, **arms).shift < 0
    # found one-sided, though the two-sided interval holds 0
    assert tipping_point(0.4, -0.01, 0.8, found=True, **arms).shift > 0
    # on the wrong side, however sure
    wrong = tipping_point(-0.9, -1.4, -0.4, found=False, **arms)
    assert wrong.shift < 0
    assert not wrong.found


def test_a_slope_is_held_against_one_of_shifted_outcomes():
    rng = np.random.default_rng(3)
    n, score = 4_000, rng.normal(size=4_000)
    outcome = 0.25 * score + rng.normal(size=n)
    lost = rng.random(n) < 0.2

    def interval(shift):
        y = outcome - shift * lost * score
        x = score - score.mean()
        slope = x @ y / (x @ x)
        left = y - y.mean() - slope * x
        error = np.sqrt((x**2 * left**2).sum()) / (x @ x)
        return slope, slope - 1.96 * error, slope + 1.96 * error

    arms = {"treated": ArmLosses(int(lost.sum()), n), "control": NOBODY}
    found = tipping_point(*interval(0), found=True, slope=True, **arms)
    assert abs(interval(found.shift)[1]) < 0.015
