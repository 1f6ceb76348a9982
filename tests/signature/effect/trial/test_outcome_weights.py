"""Weights for unknown outcomes: against brute force, Kaplan and Meier, and a known truth."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from signature.effect.trial.outcome_weights import censoring_weights, inverse_probability_weights
from signature.exceptions import OutcomeError


def _kaplan_meier(time, event, at):
    """Survival after day `at`, day by day."""
    survival = 1.0
    for day in sorted(set(time[event == 1])):
        if day <= at:
            at_risk = (time >= day).sum()
            survival *= 1 - ((time == day) & (event == 1)).sum() / at_risk
    return survival


def _uncensored_before(time, event, at):
    """The same of censoring, day by day; events of a day leave before its censorings."""
    survival = 1.0
    for day in sorted(set(time[event == 0])):
        if day < at:
            gone = ((time == day) & (event == 1)).sum()
            survival *= 1 - ((time == day) & (event == 0)).sum() / ((time >= day).sum() - gone)
    return survival


people = st.lists(st.tuples(st.integers(1, 12), st.integers(0, 1)), min_size=1, max_size=25)


@given(people, st.integers(3, 11))
def test_censoring_weights_are_those_of_brute_force(rows, horizon):
    time, event = np.array([*rows, (12, 0)], dtype=float).T
    weight = censoring_weights(time, event, np.zeros(len(time), dtype=int), horizon)
    for t, d, w in zip(time, event, weight, strict=True):
        if d and t <= horizon:
            expected = 1 / _uncensored_before(time, event, t)
        elif t >= horizon:
            expected = 1 / _uncensored_before(time, event, horizon)
        else:
            expected = 0.0
        assert w == pytest.approx(expected)


@given(people, st.integers(3, 11))
def test_the_weighted_risk_is_one_less_kaplan_meier(rows, horizon):
    time, event = np.array([*rows, (12, 0)], dtype=float).T
    weight = censoring_weights(time, event, np.zeros(len(time), dtype=int), horizon)
    had = (event == 1) & (time <= horizon)
    assert weight.sum() == pytest.approx(len(time))
    assert weight @ had / len(time) == pytest.approx(1 - _kaplan_meier(time, event, horizon))


def test_each_arm_has_its_own_censoring():
    rng = np.random.default_rng(0)
    time, event = rng.integers(1, 40, 200).astype(float), rng.integers(0, 2, 200)
    code = rng.integers(0, 2, 200)
    both = censoring_weights(time, event, code, 20)
    for arm in (0, 1):
        member = code == arm
        alone = censoring_weights(time[member], event[member], np.zeros(member.sum(), int), 20)
        np.testing.assert_allclose(both[member], alone)


def test_a_horizon_that_nobody_reaches_is_refused():
    with pytest.raises(OutcomeError, match=r"nobody of the 3 people in arm number 0 .* to day 10"):
        censoring_weights(np.array([1.0, 2, 3]), np.array([1, 0, 1]), np.zeros(3, int), 10)


# By the probability of being known


def _lossy(rng, n, *, effect=2.0):
    """Outcome 3x + effect · arm; in the treated arm the high are lost, in the control the low."""
    x = rng.normal(size=n)
    code = rng.integers(0, 2, n)
    y = 3 * x + effect * code + rng.normal(size=n)
    lost = rng.random(n) < 1 / (1 + np.exp(1.0 - 0.7 * np.where(code == 1, x, -x)))
    return x, code, y, ~lost


def _difference(y, code, weight):
    mean = [np.average(y[code == k], weights=weight[code == k]) for k in (0, 1)]
    return mean[1] - mean[0]


def test_weighting_recovers_the_effect_that_complete_cases_miss():
    rng = np.random.default_rng(1)
    complete, weighted = [], []
    for _ in range(40):
        x, code, y, known = _lossy(rng, 1500)
        complete.append(_difference(y, code, known.astype(float)))
        weight, _ = inverse_probability_weights(known, code, x[:, None])
        weighted.append(_difference(np.where(known, y, 0), code, weight))
    # two arms lose from opposite ends
    assert np.mean(complete) < 1.2
    assert np.mean(weighted) == pytest.approx(2.0, abs=0.15)


def test_weights_of_an_arm_add_up_to_its_people():
    x, code, _, known = _lossy(np.random.default_rng(2), 400)
    weight, trimmed = inverse_probability_weights(known, code, x[:, None])
    assert (weight[~known] == 0).all()
    assert (weight[known] > 0).all()
    for arm in (0, 1):
        member = code == arm
        assert weight[member].sum() == pytest.approx(member.sum())
        assert weight[member & known].mean() == pytest.approx(1 / known[member].mean())
        top = np.sort(weight[member & known])[::-1]
        cut = int(np.isclose(top, top[0]).sum())
        assert 1 < cut <= np.ceil(0.01 * (member & known).sum()) + 1
    assert trimmed >= 2


def test_without_losses_everybody_counts_once():
    rng = np.random.default_rng(3)
    known = np.ones(30, dtype=bool)
    weight, trimmed = inverse_probability_weights(
        known, np.arange(30) % 2, rng.normal(size=(30, 2))
    )
    assert weight.tolist() == [1.0] * 30
    assert trimmed == 0


def test_four_lost_teach_nothing_and_five_do():
    rng = np.random.default_rng(4)
    x = rng.normal(size=(40, 1))
    code = np.zeros(40, dtype=int)
    four = inverse_probability_weights(np.arange(40) >= 4, code, x)[0]
    assert set(four.round(9)) == {0.0, round(40 / 36, 9)}
    five = inverse_probability_weights(np.arange(40) >= 5, code, x)[0]
    assert len(set(five.round(9))) > 10


def test_an_arm_without_outcomes_is_refused():
    known = np.array([True, True, False, False])
    with pytest.raises(OutcomeError, match="nobody of the 2 people in arm number 1"):
        inverse_probability_weights(known, np.array([0, 0, 1, 1]), np.zeros((4, 1)))
