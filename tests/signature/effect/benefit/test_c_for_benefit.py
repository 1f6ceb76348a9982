"""C-for-benefit against counting pairs of pairs, a closed form, and coverage."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signature.effect.benefit.c_for_benefit import c_for_benefit
from signature.exceptions import AllocationError, OutcomeError, PredictionsError
from signature.randomness import generator
from tests.made.made_up_effects import linear_trial


def _counted(outcome, treated, predicted):
    """As published, for arms of equal size and no ties of the prediction within an arm."""
    arms = []
    for side in (treated, ~treated):
        order = np.argsort(predicted[side])
        arms.append((outcome[side][order], predicted[side][order]))
    observed = np.round(arms[0][0] - arms[1][0], 12)
    promised = np.round((arms[0][1] + arms[1][1]) / 2, 12)
    right = total = 0.0
    for i in range(len(observed)):
        for j in range(len(observed)):
            if observed[i] > observed[j]:
                total += 1
                right += 0.5 if promised[i] == promised[j] else promised[i] > promised[j]
    return right / total if total else None


@given(st.integers(0, 2**31), st.integers(4, 15), st.booleans())
@settings(max_examples=40, deadline=None)
def test_equals_counting_pairs_of_pairs(seed, pairs, event):
    rng = np.random.default_rng(seed)
    treated = rng.permutation(np.arange(2 * pairs) % 2 == 0)
    y = rng.integers(0, 2, 2 * pairs) if event else rng.normal(size=2 * pairs)
    # sums of two may tie
    s = rng.permutation(2 * pairs).astype(float)
    found = c_for_benefit(y, treated, s, rng, higher_is_better=True, draws=20)
    assert found.pairs == pairs
    expected = _counted(y, treated, s)
    assert found.c.value == (None if expected is None else pytest.approx(expected))
    # the other direction of the outcome with the other of the prediction is the same question
    turned = c_for_benefit(-y, treated, s, rng, higher_is_better=False, draws=2)
    assert turned.c.value == found.c.value


def test_a_linear_effect_has_a_closed_form():
    """Differences b·d + e of pairs: c = 1/2 + asin(ρ)/π, with ρ their correlation with d."""
    b = 0.8
    truth = 0.5 + np.arcsin(b * np.sqrt(2 / (2 * b**2 + 4))) / np.pi
    rng = generator(1, "closed")
    found = []
    for _ in range(100):
        trial = linear_trial(rng, 1000, per_sd=b)
        one = trial.outcome, trial.arm == 1, trial.marker, rng
        found.append(c_for_benefit(*one, higher_is_better=True, draws=2).c.value)
    assert abs(np.mean(found) - truth) < 2 * np.std(found, ddof=1) / 10


@pytest.mark.parametrize("b", [0.0, 0.8])
def test_intervals_hold_the_truth_with_arms_of_two_to_one(b):
    truth = 0.5 + np.arcsin(b * np.sqrt(2 / (2 * b**2 + 4))) / np.pi
    rng = generator(2, "coverage")
    trials, held = 120, 0
    for _ in range(trials):
        trial = linear_trial(rng, 150, per_sd=b, treated=2 / 3)
        found = c_for_benefit(
            trial.outcome, trial.arm == 1, trial.marker, rng, higher_is_better=True, draws=40
        )
        held += found.c.low <= truth <= found.c.high
    assert held / trials > 0.89


def test_ties_are_matched_by_chance_and_not_by_the_order_of_rows():
    """Rows sorted by outcome, and one prediction for all."""
    y = np.tile(np.sort(generator(3, "ties").normal(size=50)), 2)
    treated = np.arange(100) < 50
    found = c_for_benefit(
        y, treated, np.zeros(100), generator(3, "match"), higher_is_better=True, draws=5
    )
    assert found.c.value == 0.5


def test_pairs_of_one_benefit_leave_it_undefined():
    y = np.ones(20)
    found = c_for_benefit(
        y, np.arange(20) % 2 == 0, np.arange(20.0), generator(4, "same"), higher_is_better=True
    )
    assert found.c.value is None


def test_the_same_seed_gives_the_same_number():
    trial = linear_trial(generator(5, "seed"), 60)
    one, two = (
        c_for_benefit(
            trial.outcome,
            trial.arm == 1,
            np.round(trial.marker),
            generator(6, "c"),
            higher_is_better=True,
            draws=20,
        )
        for _ in range(2)
    )
    assert one == two


def test_what_does_not_fit_is_refused():
    y, treated, s = np.arange(12.0), np.arange(12) % 2 == 0, np.arange(12.0)
    rng = np.random.default_rng(0)
    how = {"higher_is_better": True, "draws": 5}
    with pytest.raises(OutcomeError, match="12 missing or infinite"):
        c_for_benefit(y * np.nan, treated, s, rng, **how)
    with pytest.raises(PredictionsError, match="must be True or False for each of 12 rows"):
        c_for_benefit(y, treated.astype(int), s, rng, **how)
    with pytest.raises(AllocationError, match="four or more people in each arm; one has 3"):
        c_for_benefit(y, np.arange(12) < 3, s, rng, **how)
