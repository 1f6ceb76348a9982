"""P-values and stops of permutation tests against all ways in which they can end."""

from functools import cache
from itertools import product
from math import comb

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from pipelines.null_check.exact_intervals import exact_share
from signature.validation.permutation_p import StoppingRule, permutation_p

FIXED = StoppingRule(most_runs=40, resampling_risk=0)

# small enough that all 2^n tests can be listed
SMALL = StoppingRule(most_runs=8, alpha=0.4, resampling_risk=0.2, half_spent=3)
RULES = [
    SMALL,
    StoppingRule(most_runs=8, alpha=0.4, resampling_risk=0.2, half_spent=3, reaching=3),
    StoppingRule(most_runs=8, alpha=0.3, resampling_risk=0.1, half_spent=8, fewest_runs=5),
    StoppingRule(most_runs=8, resampling_risk=0, reaching=2),
    StoppingRule(most_runs=8, resampling_risk=0),
]


@cache
def _all_tests(rule):
    """Every sequence of runs with what it leads to."""
    every = product([False, True], repeat=rule.most_runs)
    return [(runs, permutation_p(runs, rule)) for runs in every]


def _chance(runs, p):
    return p ** sum(runs) * (1 - p) ** (len(runs) - sum(runs))


def _chance_where_nothing_is(runs):
    """All ranks of the real run among the others are as likely."""
    n = len(runs)
    return 1 / ((n + 1) * comb(n, sum(runs)))


@given(st.lists(st.booleans(), min_size=1, max_size=40))
@settings(max_examples=60, deadline=None)
def test_without_a_stop_the_p_value_counts_and_the_interval_is_clopper_and_pearsons(reached):
    found, share = permutation_p(reached, FIXED), exact_share(sum(reached), len(reached))
    assert (found.runs, found.at_least) == (len(reached), sum(reached))
    assert found.p_value == pytest.approx((1 + sum(reached)) / (len(reached) + 1))
    assert [found.low, found.high] == pytest.approx([share.low, share.high], abs=1e-7)
    assert (found.side, found.finished) == ("not decided", len(reached) == 40)


@pytest.mark.parametrize(("reaching", "stops"), [(1, 7), (5, 60), (10, 73)])
def test_besag_and_clifford_as_published(reaching, stops):
    """The p-value is the number that reached over the runs; the interval inverse-binomial."""
    rule = StoppingRule(most_runs=500, resampling_risk=0, reaching=reaching)
    reached = [True] * (reaching - 1) + [False] * (stops - reaching) + [True] * 400
    found = permutation_p(reached, rule)
    assert (found.runs, found.at_least) == (stops, reaching)
    assert found.p_value == pytest.approx(reaching / stops)
    waiting = stops - reaching  # runs that did not reach: negative binomial
    assert stats.nbinom.cdf(waiting, reaching, found.low) == pytest.approx(0.025, abs=1e-5)
    at_least = 1.0 if waiting == 0 else stats.nbinom.sf(waiting - 1, reaching, found.high)
    assert at_least == pytest.approx(0.025, abs=1e-5)
    assert found.finished
    assert found.side == "not decided"


@pytest.mark.parametrize("rule", RULES)
def test_a_p_value_is_as_small_as_it_says_no_more_often_than_it_says(rule):
    ends = [(found.p_value, _chance_where_nothing_is(runs)) for runs, found in _all_tests(rule)]
    p_values, chances = np.array(ends).T
    assert chances.sum() == pytest.approx(1)
    for p in np.unique(p_values):
        # attained, so it is not too careful either
        assert chances[p_values <= p + 1e-12].sum() == pytest.approx(p)


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("p", [0.01, 0.2, 0.4, 0.45, 0.9])
def test_the_interval_covers_the_p_value_of_endless_runs(rule, p):
    misses_low = misses_high = 0.0
    for runs, found in _all_tests(rule):
        misses_low += _chance(runs, p) * (found.low > p)
        misses_high += _chance(runs, p) * (found.high < p)
    assert max(misses_low, misses_high) <= 0.025 + 1e-9


@pytest.mark.parametrize("rule", RULES)
def test_the_wrong_side_is_named_no_more_often_than_allowed(rule):
    for p, wrong in [(rule.alpha, "below"), (0.6, "below"), (rule.alpha, "above"), (0.1, "above")]:
        risk = sum(_chance(runs, p) for runs, f in _all_tests(rule) if f.side == wrong)
        assert risk <= rule.resampling_risk + 1e-12


def test_both_sides_are_decided_and_the_risk_is_used():
    sides = {found.side for _, found in _all_tests(SMALL)}
    assert sides == {"below", "above", "not decided"}
    for wrong in ("below", "above"):
        risk = sum(_chance(runs, SMALL.alpha) for runs, f in _all_tests(SMALL) if f.side == wrong)
        assert risk > SMALL.resampling_risk / 4


def test_first_stops_by_hand():
    """No run of n reaches with .95^n, all of them with .05^n; spent is at most .01·n/(n + 100)."""
    rule = StoppingRule(most_runs=999)
    below = next(n for n in range(1, 999) if 0.95**n <= 0.01 * n / (n + 100))
    above = next(n for n in range(1, 999) if 0.05**n <= 0.01 * n / (n + 100))
    clear, none = permutation_p([False] * 999, rule), permutation_p([True] * 999, rule)
    assert (clear.runs, clear.side) == (below, "below")
    assert clear.p_value == pytest.approx(1 / (below + 1))
    assert clear.high == pytest.approx(1 - 0.025 ** (1 / below), abs=1e-6)
    assert (none.runs, none.side, none.p_value, none.high) == (above, "above", 1.0, 1.0)
    assert none.low == pytest.approx(0.025 ** (1 / above), abs=1e-6)


@pytest.mark.parametrize("seed", range(12))
def test_a_side_below_has_a_p_value_below_alpha(seed):
    rule = StoppingRule(most_runs=600)
    rng = np.random.default_rng(seed)
    found = permutation_p(list(rng.random(600) < rng.uniform(0, 0.04)), rule)
    assert found.side == "below" or not found.runs < 600
    assert found.side != "below" or (found.p_value < rule.alpha and found.low < rule.alpha)


@given(st.lists(st.booleans(), min_size=1, max_size=30), st.sampled_from(RULES))
@settings(max_examples=60, deadline=None)
def test_what_finishes_after_the_stop_changes_nothing(reached, rule):
    """As when more processes have made more runs by then."""
    found = permutation_p(reached, rule)
    ends = [n for n in range(1, len(reached) + 1) if permutation_p(reached[:n], rule).finished]
    assert found.finished == bool(ends)
    if ends:
        assert found.runs == ends[0]
        assert permutation_p(reached[: ends[0]], rule) == found
        assert ends == list(range(ends[0], len(reached) + 1))


def test_no_stop_comes_before_the_fewest_runs():
    rule = StoppingRule(most_runs=200, reaching=1, fewest_runs=30)
    assert not permutation_p([True] * 29, rule).finished
    assert permutation_p([True] * 200, rule).runs == 30
    assert permutation_p([False] * 29 + [True] + [False] * 100, rule).runs == 30


def test_no_risk_means_no_decision_however_clear():
    """Also where the probability of a count is too small for a number."""
    rule = StoppingRule(most_runs=900, resampling_risk=0)
    found = permutation_p([True] * 900, rule)
    assert (found.runs, found.side, found.p_value) == (900, "not decided", 1.0)


def test_no_runs_have_no_p_value():
    assert permutation_p([], SMALL) is None


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"fewest_runs": 0}, "fewest_runs must be from 1 to most_runs; got 0 and 9"),
        ({"fewest_runs": 10}, "got 10 and 9"),
        ({"alpha": 0}, "alpha must lie between 0 and 1"),
        ({"resampling_risk": 0.5}, "from 0 to below 0.5; got 0.5"),
        ({"reaching": 0}, "got 0 and 100"),
        ({"half_spent": 0}, "got None and 0"),
    ],
)
def test_impossible_rules_are_refused(wrong, message):
    with pytest.raises(ValueError, match=message):
        StoppingRule(most_runs=9, **wrong)


def test_an_impossible_level_is_refused():
    with pytest.raises(ValueError, match="level is the coverage"):
        permutation_p([True], FIXED, level=1)
