"""Landmark analysis: who is in it, slopes against brute force, gains, and what is refused."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import t

from signature.effect.visits.early_change import FEWEST_FOR_GAIN, early_change
from signature.exceptions import AllocationError, PredictionsError, TrialError

TOLD = {"control": "placebo", "treated": "il2", "label": "day 5", "day": 5, "endpoint_day": 85}


def made_up(n=160, *, seed=0, in_treated=0.0, in_control=0.0, events=False):
    rng = np.random.default_rng(seed)
    arm = np.tile(["il2", "placebo"], n // 2).astype(object)
    before = pd.DataFrame(rng.normal(size=(n, 2)), columns=["Treg", "age"])
    rise = rng.normal(size=n) - 0.5 * before["Treg"].to_numpy()
    slope = np.where(arm == "il2", in_treated, in_control)
    y = before["Treg"].to_numpy() + slope * rise + rng.normal(size=n)
    if events:
        y = (y > 0).astype(float)
    return y, arm, before, pd.DataFrame({"Treg": rise})


def asked(y, arm, before, change, **told):
    given = TOLD | {"rng": np.random.default_rng(1), "seed": 0, "draws": 200} | told
    return early_change(y, arm, before, change, **given)


def hc3(X, y):
    """Coefficients and robust errors, person by person left out."""
    full = np.linalg.lstsq(X, y, rcond=None)[0]
    inverse = np.linalg.inv(X.T @ X)
    meat = np.zeros((X.shape[1],) * 2)
    for i in range(len(y)):
        rest = np.arange(len(y)) != i
        without = np.linalg.lstsq(X[rest], y[rest], rcond=None)[0]
        error = y[i] - X[i] @ without
        meat += error**2 * np.outer(X[i], X[i])
    return full, np.sqrt(np.diag(inverse @ meat @ inverse))


def test_slopes_are_those_of_a_regression_in_each_arm():
    y, arm, before, change = made_up(60, in_treated=1.0)
    found = asked(y, arm, before, change).markers[0]
    for line in found.slopes:
        own = arm == line.arm
        rise = change["Treg"].to_numpy()[own] / found.sd
        X = np.column_stack([rise, np.ones(own.sum()), before["Treg"][own]])
        value, error = hc3(X, y[own])
        half = t.ppf(0.975, own.sum() - 3) * error[0]
        assert line.slope.value == pytest.approx(value[0])
        assert line.slope.high == pytest.approx(value[0] + half)
        assert line.people == own.sum()
    assert found.sd == pytest.approx(change["Treg"].std())


def test_a_marker_that_is_the_outcomes_own_start_is_adjusted_for_once():
    """As HAMD-17, whose value at baseline is a covariate, too."""
    y, arm, before, change = made_up(40, in_treated=1.0)
    start = before[["Treg"]].to_numpy()
    once = asked(y, arm, before, change).markers[0]
    twice = asked(y, arm, before, change, covariates=np.hstack([start, 2 * start + 1])).markers[0]
    for one, other in zip(once.slopes, twice.slopes, strict=True):
        assert other.slope.value == pytest.approx(one.slope.value)
        assert other.slope.low == pytest.approx(one.slope.low)
    assert twice.arm_by_change.estimate == pytest.approx(once.arm_by_change.estimate)


def test_eight_people_of_an_arm_have_a_slope_with_its_interval():
    y, arm, before, change = made_up(16, in_treated=2.0)
    for line in asked(y, arm, before, change).markers[0].slopes:
        assert line.people == 8
        assert line.slope.low < line.slope.value < line.slope.high


@pytest.mark.parametrize("events", [False, True])
def test_a_change_that_foretells_in_both_arms_is_no_difference_between_them(events):
    y, arm, before, change = made_up(400, in_treated=1.0, in_control=1.0, events=events)
    found = asked(y, arm, before, change)
    assert all(line.slope.low > 0 for line in found.markers[0].slopes)
    assert found.markers[0].arm_by_change.p > 0.01
    assert all(gain.prognosis.adds for gain in found.gains)


def test_a_change_that_matters_under_treatment_alone_is_told_apart():
    y, arm, before, change = made_up(400, in_treated=1.0)
    found = asked(y, arm, before, change)
    control, treated = found.gains
    assert not control.prognosis.adds
    assert treated.prognosis.adds
    assert found.markers[0].arm_by_change.p < 0.01
    assert "mediation is not claimed" in found.caution


def test_a_change_without_meaning_seldom_adds():
    adds = rejected = 0
    for seed in range(20):
        found = asked(*made_up(120, seed=seed))
        adds += sum(gain.prognosis.adds for gain in found.gains)
        rejected += found.markers[0].arm_by_change.p <= 0.05
    assert adds <= 4  # of 40
    assert rejected <= 4  # of 20; more in one of 400 runs


def test_who_is_not_at_the_landmark_is_counted_by_the_first_reason():
    y, arm, before, change = made_up(80)
    gone = np.full(80, None, dtype=object)
    gone[[0, 1]] = "had the event before"  # one of each arm
    change.iloc[[0, 2, 4]] = np.nan  # all treated
    y[[2, 6]] = np.nan
    found = asked(y, arm, before, change, gone=gone)
    assert found.excluded == {
        "placebo": {"had the event before": 1},
        "il2": {
            "not measured at the landmark": 2,
            "had the event before": 1,
            "outcome not known": 1,
        },
    }
    assert found.people == {"placebo": 39, "il2": 36}


def test_few_people_give_slopes_and_no_gain():
    y, arm, before, change = made_up(2 * (FEWEST_FOR_GAIN - 2))
    found = asked(y, arm, before, change)
    assert [gain.prognosis for gain in found.gains] == [None, None]
    assert found.markers[0].slopes[0].slope.value is not None


@pytest.mark.parametrize("common", [0, 1])
def test_an_event_that_is_too_rare_for_every_fold_gives_slopes_and_no_gain(common):
    _, arm, before, change = made_up(100)
    y = np.full(100, float(common))
    y[:8] = 1 - common  # four in each arm, and five folds
    found = asked(y, arm, before, change)
    assert [gain.prognosis for gain in found.gains] == [None, None]
    assert found.markers[0].slopes[0].slope.value is not None
    y[8:10] = 1 - common
    assert None not in [gain.prognosis for gain in asked(y, arm, before, change).gains]


def test_a_change_that_is_the_same_for_all_leaves_nothing_to_tell():
    y, arm, before, change = made_up(80)
    found = asked(y, arm, before, change * 0).markers[0]
    assert found.arm_by_change is None
    assert [line.slope.value for line in found.slopes] == [None, None]


def test_strata_covariates_and_seeds_do_as_they_say():
    y, arm, before, change = made_up(120, in_treated=1.0)
    strata = np.repeat(["a", "b", "c"], 40)
    shifted = y + 5 * (strata == "b") + 3 * before["age"].to_numpy()
    told = {"strata": strata, "covariates": before[["age"]].to_numpy()}
    plain = asked(shifted, arm, before, change).markers[0].slopes[1].slope
    adjusted = asked(shifted, arm, before, change, **told).markers[0].slopes[1].slope
    assert adjusted.standard_error < 0.6 * plain.standard_error
    assert asked(y, arm, before, change) == asked(y, arm, before, change)


def test_what_cannot_be_asked_is_refused():
    y, arm, before, change = made_up(40)
    with pytest.raises(TrialError, match="later than the landmark 'day 5'"):
        asked(y, arm, before, change, endpoint_day=5)
    with pytest.raises(PredictionsError, match="one row for each of 40 people"):
        asked(y, arm, before, change.iloc[1:])
    with pytest.raises(PredictionsError, match="gaps in 1 of 40"):
        asked(y, arm, before.mask(before.index.to_series() == 3), change)
    change.iloc[8:] = np.nan
    change.iloc[[0, 2, 4]] = np.nan
    with pytest.raises(AllocationError, match="1 in 'il2'"):
        asked(y, arm, before, change)
