"""Benefit by advice, and the levels of folds that have nothing to do with people."""

import numpy as np
import pytest

from signature.effect.benefit.advised_groups import advice


def fold_levels(seed, truth=0.0):
    """Advice by a score whose folds' levels run against their own outcomes."""
    rng = np.random.default_rng(seed)
    n, fold = 200, np.arange(200) % 5
    score = rng.normal(size=n)
    benefit = truth * score + 2 * rng.normal(size=n)
    means = np.array([benefit[fold != k].mean() for k in range(5)])
    return benefit, 0.1 * score + 3 * (means - means.mean())[fold], 3 * (means - means.mean())[fold]


def test_people_alike_in_level_do_not_run_against_their_advice():
    z = {True: [], False: []}
    for seed in range(300):
        benefit, predicted, level = fold_levels(seed)
        for alike in z:
            shift = level if alike else None
            found = advice(benefit, predicted > 0, shift=shift).difference
            if found.value is not None and found.standard_error:
                z[alike].append(found.value / found.standard_error)
    assert np.mean(z[False]) < -0.5
    assert abs(np.mean(z[True])) < 0.15
    assert np.std(z[True]) == pytest.approx(1, abs=0.12)


def test_a_difference_that_is_there_stays_there():
    benefit, predicted, level = fold_levels(1, truth=2.0)
    found = advice(benefit, predicted > 0, shift=level).difference
    assert found.low > 0


def test_advice_by_the_level_alone_has_no_difference_between_people():
    benefit, _, level = fold_levels(2)
    two = np.where(level > 0, 1.0, -1.0)
    found = advice(benefit, two > 0, shift=two)
    assert found.difference.value is None
    assert found.against.benefit.value is not None


def test_without_levels_it_is_the_difference_of_means():
    rng = np.random.default_rng(0)
    benefit, treat = rng.normal(size=80), np.arange(80) < 30
    found = advice(benefit, treat)
    assert found.difference.value == pytest.approx(benefit[treat].mean() - benefit[~treat].mean())
    welch = np.sqrt(benefit[treat].var() / 30 + benefit[~treat].var() / 50)
    assert found.difference.standard_error == pytest.approx(welch, rel=0.02)


@pytest.mark.parametrize("sign", [1, -1])
def test_harm_is_asked_on_one_side(sign):
    benefit = sign * (np.random.default_rng(1).normal(size=60) - 0.6)
    found = advice(benefit, np.arange(60) < 10)
    assert (found.harm_p < 0.01) == (sign == 1)
    assert (found.harm_p > 0.99) == (sign == -1)
