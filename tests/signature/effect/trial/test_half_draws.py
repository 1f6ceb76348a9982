"""Halves of people: whole persons, half of each arm, and the right spread."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signature.effect.trial.half_draws import half_samples
from signature.exceptions import PredictionsError
from signature.randomness import generator


@given(st.integers(0, 2**31), st.integers(4, 15), st.integers(4, 15))
@settings(max_examples=30, deadline=None)
def test_half_of_each_arm_and_all_rows_of_a_person(seed, first, second):
    rng = np.random.default_rng(seed)
    arm_of = np.repeat([0, 1], [first, second])
    code = np.r_[np.arange(first + second), rng.integers(0, first + second, 10)]
    chosen, df = half_samples(code, arm_of[code], 20, rng)
    assert df == first + second - 2
    for person in range(first + second):
        rows = chosen[:, code == person]
        assert (rows == rows[:, :1]).all()
    people = chosen[:, : first + second]
    for k, size in enumerate((first, second)):
        taken = people[:, arm_of == k].sum(axis=1)
        assert set(taken) <= {size // 2, (size + 1) // 2}


@pytest.mark.parametrize("people", [8, 15, 40])
def test_means_of_halves_spread_like_the_mean(people):
    x = generator(1, "x").normal(size=people)
    chosen, _ = half_samples(np.arange(people), None, 20_000, generator(1, "halves"))
    spread = np.std(chosen @ x / chosen.sum(axis=1))
    assert spread == pytest.approx(x.std(ddof=1) / np.sqrt(people), rel=0.03)


def test_few_people_have_no_halves():
    with pytest.raises(PredictionsError, match="four or more people in each arm, one has 3"):
        half_samples(np.arange(3), None, 5, np.random.default_rng(0))
