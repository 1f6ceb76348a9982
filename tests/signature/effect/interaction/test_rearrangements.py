"""Rearrangements of arms: all of them where few, a fair sample where many, and their p-value."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from signature.effect.interaction.rearrangements import MOST_EXACT, rearrange, rearrangement_p
from signature.exceptions import AllocationError
from signature.validation.permutation_p import StoppingRule, permutation_p


def _rng():
    return np.random.default_rng(7)


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 1)), min_size=2, max_size=6))
def test_few_are_listed_each_once_as_brute_force_does(people):
    arm, strata = (np.array(x) for x in zip(*people, strict=True))
    within = {p for p in permutations(range(len(arm))) if (strata[list(p)] == strata).all()}
    expected = {tuple(arm[list(p)].tolist()) for p in within}
    if len(expected) == 1:
        with pytest.raises(AllocationError, match="Check the strata"):
            rearrange(arm, strata, 9, _rng())
        return
    found = rearrange(arm, strata, 9, _rng())
    rows = [tuple(row) for row in found.arms.tolist()]
    assert found.exact
    assert rows[0] == tuple(arm.tolist())
    assert len(rows) == len(set(rows))
    assert set(rows) == expected


def test_the_bound_between_listing_and_drawing():
    assert len(rearrange(np.repeat([0, 1], [5, 11]), None, 9, _rng()).arms) == 4368 <= MOST_EXACT
    found = rearrange(np.repeat([0, 1], [12, 24]), None, 999, _rng())
    assert not found.exact
    assert found.arms.shape == (1000, 36)
    assert found.how == "999 random rearrangements of the arms"


def test_a_sample_keeps_sizes_within_strata_and_moves_everybody_alike():
    arm = np.tile([0, 0, 1, 2], 12)
    strata = np.repeat(["x", "y"], 24)
    found = rearrange(arm, strata, 4000, _rng()).arms
    for one in "xy":
        for k in range(3):
            sizes = (found[:, strata == one] == k).sum(axis=1)
            assert (sizes == sizes[0]).all()
    share = (found[1:] == 0).mean(axis=0)
    assert np.abs(share - 0.5).max() < 4.5 * 0.5 / np.sqrt(4000)


def test_strata_of_one_arm_are_left_as_they_are():
    arm, strata = np.array([0, 1, 1, 1]), np.array([0, 0, 1, 1])
    assert (rearrange(arm, strata, 9, _rng()).arms[:, 2:] == 1).all()
    with pytest.raises(AllocationError, match="for each of 4 people"):
        rearrange(arm, strata[:2], 9, _rng())


@pytest.mark.parametrize("reached", [0, 3, 40, 99])
def test_p_value_and_interval_are_those_of_a_plain_permutation_test(reached):
    statistic = np.r_[1.0, np.ones(reached), np.zeros(99 - reached)]
    found = rearrangement_p(statistic, exact=False)
    plain = permutation_p(list(statistic[1:] >= 1), StoppingRule(most_runs=99, resampling_risk=0))
    assert found.p == pytest.approx(plain.p_value)
    assert (found.low, found.high) == pytest.approx((plain.low, plain.high), abs=1e-6)


def test_all_rearrangements_leave_no_doubt():
    found = rearrangement_p(np.array([3.0, 1, 3, 2]), exact=True)
    assert (found.p, found.low, found.high, found.critical) == (0.5, 0.5, 0.5, np.inf)


@given(
    st.lists(st.integers(0, 30), min_size=1, max_size=80),
    st.sampled_from([0.8, 0.9, 0.95, 0.99]),
)
def test_the_critical_value_and_the_p_value_agree(values, level):
    found = rearrangement_p(np.array(values, dtype="float64"), exact=False, level=level)
    assert (found.p <= 1 - level + 1e-9) == (values[0] > found.critical)


def test_undefined_rearrangements_count_against_a_finding():
    assert rearrangement_p(np.array([2.0, np.nan, 1.0, 1.0]), exact=False).p == 0.5
