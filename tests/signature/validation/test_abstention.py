"""Costs of deciding and of abstaining, by hand and by counting."""

import numpy as np
import pytest

from signature.validation.abstention import Costs, expected_costs
from signature.validation.conformal import calibrate

NAMES = ("deciding", "abstaining", "difference", "break_even")


def test_costs_are_those_of_counting_person_by_person():
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 50)
    p = np.clip(0.4 * y + 0.6 * rng.random(50), 0, 1)
    sets = rng.random((50, 2)) < 0.6
    weights = rng.integers(0, 4, (7, 50))
    costs = Costs(false_positive=1.0, false_negative=5.0, indeterminate=0.7)
    found = expected_costs(y, p, sets, weights, costs)
    for draw in range(7):
        deciding = abstaining = 0.0
        for i in range(50):
            w = weights[draw, i]
            called = p[i] >= 1 / 6
            deciding += w * (5.0 if y[i] and not called else 1.0 if called and not y[i] else 0.0)
            if sets[i, 0] == sets[i, 1]:
                abstaining += w * 0.7
            elif sets[i, 1] != y[i]:
                abstaining += w * (5.0 if y[i] else 1.0)
        n = weights[draw].sum()
        assert found["deciding"][draw] == pytest.approx(deciding / n)
        assert found["abstaining"][draw] == pytest.approx(abstaining / n)


def test_at_the_break_even_both_cost_the_same():
    rng = np.random.default_rng(1)
    y = rng.integers(0, 2, 300)
    p = 1 / (1 + np.exp(-(rng.normal(size=300) + y - 0.5)))
    sets = calibrate(y[:150], p[:150]).sets(p[150:], 0.2)
    how = (y[150:], p[150:], sets, np.ones((1, 150)))
    even = expected_costs(*how, Costs(1, 2, 0.1))["break_even"].item()
    assert 0 < even < 2
    assert expected_costs(*how, Costs(1, 2, even))["difference"].item() == pytest.approx(0)
    assert expected_costs(*how, Costs(1, 2, 0.9 * even))["difference"].item() < 0
    assert expected_costs(*how, Costs(1, 2, 1.1 * even))["difference"].item() > 0


def test_with_calibrated_probabilities_no_other_threshold_is_cheaper():
    rng = np.random.default_rng(2)
    p = rng.random(200_000)
    y = (rng.random(len(p)) < p).astype(int)
    costs = Costs(1, 4, 0.2)
    assert costs.threshold == pytest.approx(0.2)
    everybody = np.column_stack([p < 0.2, p >= 0.2])
    ones = np.ones((1, len(p)))
    best = expected_costs(y, p, everybody, ones, costs)
    assert best["difference"].item() == 0
    assert np.isnan(best["break_even"]).all()
    for other in (0.15, 0.25, 0.5):
        rule = np.column_stack([p < other, p >= other])
        assert expected_costs(y, p, rule, ones, costs)["difference"].item() > 0


def test_an_empty_draw_has_no_cost():
    found = expected_costs(
        np.array([0, 1]),
        np.array([0.1, 0.9]),
        np.ones((2, 2), bool),
        np.zeros((1, 2)),
        Costs(1, 1, 0),
    )
    assert all(np.isnan(found[name]).all() for name in NAMES)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"false_positive": 0}, "false_positive is a cost above 0, got 0"),
        ({"false_negative": float("inf")}, "false_negative"),
        ({"indeterminate": -1}, "at least 0, got -1"),
        ({"indeterminate": float("nan")}, "got nan"),
    ],
)
def test_impossible_costs_are_refused(wrong, message):
    with pytest.raises(ValueError, match=message):
        Costs(**({"false_positive": 1, "false_negative": 1, "indeterminate": 0} | wrong))
