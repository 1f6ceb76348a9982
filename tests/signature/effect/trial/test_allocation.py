"""Arms of a trial: what makes them unfit to compare, and sizes against the declared ratio."""

from itertools import product

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom, multinomial

from signature.effect.trial.allocation import arm_codes, check_allocation
from signature.exceptions import AllocationError


def test_the_control_comes_first_and_the_others_by_name():
    arm = pd.Series(["b", "placebo", "a"] * 5)
    names, code = arm_codes(arm, "placebo")
    assert names == ("placebo", "a", "b")
    assert [names[k] for k in code] == arm.tolist()


@pytest.mark.parametrize(
    ("arm", "message"),
    [
        (["a", None, "p"] * 4, "missing in 4 of 12 rows"),
        (["a"] * 9, "one of them the control 'p'; found 'a'"),
        (["p"] * 9, "two or more arms"),
        (["p"] * 9 + ["a"] * 3, "arm 'a' has 3"),
    ],
)
def test_arms_that_cannot_be_compared_are_named(arm, message):
    with pytest.raises(AllocationError, match=message):
        arm_codes(arm, "p")


def test_four_people_make_an_arm():
    assert arm_codes(["p"] * 9 + ["a"] * 4, "p")[0] == ("p", "a")


def test_people_in_two_arms_are_counted_and_not_named():
    person = ["secret-1", "secret-2", *map(str, range(8)), "secret-1", "secret-2"]
    with pytest.raises(AllocationError, match="2 persons have rows in two arms") as caught:
        arm_codes(["p"] * 6 + ["a"] * 6, "p", person=person)
    assert "secret" not in str(caught.value)


def test_visits_do_not_make_an_arm_larger():
    arm = ["p"] * 9 + ["a"] * 9
    with pytest.raises(AllocationError, match="arm 'a' has 3"):
        arm_codes(arm, "p", person=[*range(9), *[20, 21, 22] * 3])
    with pytest.raises(AllocationError, match="each of the 18 rows is; got 2"):
        arm_codes(arm, "p", person=[1, 2])


@given(st.integers(0, 40), st.integers(1, 40), st.floats(0.2, 5))
def test_two_arms_are_binomial(a, b, ratio):
    share = ratio / (1 + ratio)
    chance = binom.pmf(np.arange(a + b + 1), a + b, share)
    expected = chance[chance <= chance[a] * (1 + 1e-7)].sum()
    found = check_allocation({"a": a, "b": b}, {"a": ratio, "b": 1})
    assert found.p == pytest.approx(min(1, expected), rel=1e-6)
    assert found.exact
    assert found.expected["a"] == pytest.approx((a + b) * share)


@pytest.mark.parametrize("sizes", [(3, 9, 12), (8, 8, 8), (0, 2, 22)])
def test_three_arms_are_multinomial(sizes):
    share = np.array([1, 1, 2]) / 4
    law = multinomial(24, share)
    own = law.pmf(sizes)
    every = [law.pmf(s) for s in product(range(25), repeat=3) if sum(s) == 24]
    found = check_allocation(dict(zip("abc", sizes, strict=True)), {"a": 1, "b": 1, "c": 2})
    assert found.p == pytest.approx(sum(c for c in every if c <= own * (1 + 1e-7)))


def test_more_sizes_than_can_be_listed_go_by_chi_squared():
    ratio = dict.fromkeys("abcd", 1)
    exact = check_allocation({"a": 15, "b": 25, "c": 22, "d": 18}, ratio)
    near = check_allocation({"a": 150, "b": 250, "c": 220, "d": 180}, ratio)
    assert exact.exact
    assert not near.exact
    # 29 on 3 degrees of freedom
    assert near.p == pytest.approx(2.24e-6, rel=0.01)
    assert near.contradicts
    assert not exact.contradicts


def test_a_fair_ratio_is_seldom_said_to_be_contradicted():
    rng = np.random.default_rng(0)
    said = [
        check_allocation({"a": int(a), "b": 36 - int(a)}, {"a": 2, "b": 1}).contradicts
        for a in rng.binomial(36, 2 / 3, size=800)
    ]
    assert sum(said) <= 4
    assert check_allocation({"a": 12, "b": 24}, {"a": 2, "b": 1}).p < 1e-4


@pytest.mark.parametrize(
    ("people", "ratio"),
    [
        ({"a": 1, "b": 2}, {"a": 1, "c": 1}),
        ({"a": 3}, {"a": 1}),
        ({}, {}),
        ({"a": 1, "b": -1}, {"a": 1, "b": 1}),
        ({"a": 1, "b": 2}, {"a": 1, "b": 0}),
        ({"a": 0, "b": 0}, {"a": 1, "b": 1}),
    ],
)
def test_impossible_declarations_are_refused(people, ratio):
    with pytest.raises(AllocationError, match=r"declare|check"):
        check_allocation(people, ratio)
