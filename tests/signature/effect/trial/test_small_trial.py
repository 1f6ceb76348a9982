"""What a trial's size allows: power by simulation, chance by scipy, and what is withheld."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from signature.effect.trial.small_trial import (
    MOST_EXACT_PAIRS,
    chance_auroc,
    detectable_interaction,
    small_trial,
)
from signature.exceptions import AllocationError, ExperimentError
from signature.randomness import generator


def _power(treated, control, interaction, runs, rng):
    """Share of simulated trials in which two straight lines differ by a t test at 5 %."""
    n = treated + control
    arm = np.repeat([1.0, 0.0], [treated, control])
    score, error = rng.normal(size=(2, runs, n))
    y = interaction * arm * score + error
    slope, square, left = np.zeros((3, runs))
    for k in (1, 0):
        x, z = score[:, arm == k], y[:, arm == k]
        x, z = (v - v.mean(axis=1, keepdims=True) for v in (x, z))
        size = (x * x).sum(axis=1)
        b = (x * z).sum(axis=1) / size
        slope += (1 if k else -1) * b
        square += 1 / size
        left += ((z - b[:, None] * x) ** 2).sum(axis=1)
    t = slope / np.sqrt(square * left / (n - 4))
    return (np.abs(t) >= stats.t.ppf(0.975, n - 4)).mean()


@pytest.mark.parametrize(("treated", "control"), [(24, 12), (5, 8), (60, 60)])
@pytest.mark.parametrize("power", [0.5, 0.8])
def test_simulated_trials_find_the_detectable_interaction_as_often_as_asked(
    treated, control, power
):
    effect = detectable_interaction(treated, control, power)
    rng = generator(1, "power", treated, control, str(power))
    # 4,000 runs have a standard error of .008
    assert _power(treated, control, effect, 4_000, rng) == pytest.approx(power, abs=0.025)


@given(st.integers(4, 400), st.integers(4, 400), st.floats(0.06, 0.99))
@settings(max_examples=40, deadline=None)
def test_more_people_and_less_power_need_a_smaller_interaction(treated, control, power):
    effect = detectable_interaction(treated, control, power)
    assert detectable_interaction(control, treated, power) == pytest.approx(effect)
    assert detectable_interaction(treated + 10, control, power) < effect
    assert detectable_interaction(treated, control, power / 1.1) < effect


@pytest.mark.parametrize(("events", "others"), [(4, 5), (12, 24), (18, 18), (30, 6)])
def test_chance_is_that_of_scipys_exact_test(events, others):
    pairs = events * others

    def tail(u):
        """Exact one-sided p-value of ranks that give this statistic, built from the top down."""
        ranks = np.arange(events)
        for k in range(events)[::-1]:
            step = min(u, others)
            ranks[k] += step
            u -= step
        x = ranks.astype(float)
        y = np.setdiff1d(np.arange(events + others), ranks).astype(float)
        return stats.mannwhitneyu(x, y, alternative="greater", method="exact").pvalue

    u = round(chance_auroc(events, others) * pairs)
    assert tail(u) <= 0.05 < tail(u - 1)


def test_chance_by_listing_who_has_the_event():
    scores = np.arange(8)
    area = []
    for chosen in combinations(range(8), 3):
        other = np.setdiff1d(scores, chosen)
        area.append((np.array(chosen)[:, None] > other).mean())
    values = sorted(set(area))
    expected = next(v for v in values if np.mean(np.array(area) >= v - 1e-12) <= 0.05)
    assert chance_auroc(3, 5) == chance_auroc(5, 3) == pytest.approx(expected)


def test_chance_has_no_bound_below_one_where_samples_are_tiny():
    assert chance_auroc(1, 1) == chance_auroc(2, 3) == 1.0


def test_the_normal_distribution_takes_over_without_a_step():
    exact, normal = chance_auroc(50, 50), chance_auroc(50, 51)
    assert MOST_EXACT_PAIRS == 50 * 50
    assert normal == pytest.approx(exact, abs=0.002)
    rng = generator(2, "auroc")
    areas = [
        stats.mannwhitneyu(rng.normal(size=40), rng.normal(size=100)).statistic / 4000
        for _ in range(1_500)
    ]
    # of the 95th percentile of 1,500 the standard error is .0035
    assert np.quantile(areas, 0.95) == pytest.approx(chance_auroc(40, 100), abs=0.012)


@pytest.mark.parametrize(
    ("people", "small"),
    [
        ({"placebo": 20, "il2": 20}, True),
        ({"placebo": 20, "il2": 21}, False),
        ({"placebo": 14, "il2": 90}, True),
        ({"placebo": 15, "il2": 90}, False),
        ({"placebo": 30, "il2": 30, "nac": 10}, True),
    ],
)
def test_size_alone_decides(people, small):
    found = small_trial(people, ["Treg"], control="placebo")
    assert found.small == small
    assert bool(found.not_reported) == small
    assert found.reported[-1] == "effect of treatment by Treg"
    if small:
        withheld = " ".join(one.what for one in found.not_reported)
        for word in (
            "ROC",
            "threshold",
            "predictive",
            "all markers",
            "next trial",
            "held-out gain",
        ):
            assert word in withheld
        reasons = " ".join(one.why for one in found.not_reported)
        assert f"{found.chance_auroc:.2f}" in reasons
        assert f"{found.detectable_interaction:.1f} standard deviations" in reasons


def test_the_best_placed_comparison_sets_what_is_detectable():
    found = small_trial({"placebo": 12, "il2": 24, "nac": 5}, ["a", "b"], control="placebo")
    assert found.detectable_interaction == detectable_interaction(24, 12)
    assert found.chance_auroc == chance_auroc(5, 36)
    assert found.reported[-1] == "effect of treatment by a and by b"


def test_named_groups_and_an_early_visit_are_described():
    found = small_trial(
        {"a": 12, "b": 24}, ["x"], control="a", groups=["Smoker"], early="day 5"
    ).reported
    assert found[-2:] == (
        "effect of treatment by Smoker, which describes",
        "the outcome by the change up to day 5 within each arm, which describes",
    )


def test_a_small_trial_without_markers_promises_no_effect_by_score():
    assert len(small_trial({"a": 12, "b": 24}, [], control="a").reported) == 2
    large = small_trial({"a": 100, "b": 100}, [], control="a")
    assert large.reported[-1] == "effect of treatment by score"


def test_a_small_trial_may_not_test_many_markers_and_a_larger_one_may():
    with pytest.raises(ExperimentError, match=r"at most 2 markers .* the experiment names 3"):
        small_trial({"a": 12, "b": 24}, ["x", "y", "z"], control="a")
    assert small_trial({"a": 12, "b": 24}, ["x", "y", "x"], control="a").markers == ("x", "y")
    assert len(small_trial({"a": 50, "b": 50}, ["x", "y", "z"], control="a").markers) == 3


@pytest.mark.parametrize("people", [{"a": 12}, {"b": 9, "c": 9}, {"a": 3, "b": 30}])
def test_what_is_no_trial_is_refused(people):
    with pytest.raises(AllocationError, match="expected two or more arms of four people"):
        small_trial(people, [], control="a")


def test_what_has_no_power_or_no_curve_is_refused():
    with pytest.raises(ValueError, match="four people or more in both arms"):
        detectable_interaction(3, 30)
    with pytest.raises(ValueError, match="got 30, 30 and 1"):
        detectable_interaction(30, 30, power=1)
    with pytest.raises(ValueError, match="both classes; got 0 and 30"):
        chance_auroc(0, 30)
