"""Change of markers by arm: against scipy, by listing all rearrangements, and in its errors."""

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from signature.effect.visits.engagement import engagement
from signature.exceptions import AllocationError, PredictionsError
from signature.randomness import generator

ARM = np.repeat(["il2", "placebo"], [24, 12])
TREATED = ARM == "il2"


def _changes(rng, markers=3, arm=ARM):
    return pd.DataFrame(rng.normal(size=(len(arm), markers))).add_prefix("m")


def test_means_and_intervals_are_scipys():
    rng = generator(1, "scipy")
    change = _changes(rng, 1)
    change["m0"] = (change["m0"] + 1.5 * TREATED) * np.where(TREATED, 3, 1)
    change.loc[[0, 30], "m0"] = np.nan
    (row,) = engagement(change, ARM, control="placebo", rng=rng, draws=99, level=0.9).rows
    known = change["m0"].notna()
    one, other = (change["m0"][known & (who == 1)] for who in (TREATED, 1 - TREATED))
    welch = stats.ttest_ind(one, other, equal_var=False)
    interval = welch.confidence_interval(0.9)
    assert (row.low, row.high) == pytest.approx((interval.low, interval.high))
    assert row.difference == pytest.approx(one.mean() - other.mean())
    assert row.standardised == pytest.approx(row.difference / other.std(ddof=1))
    for arm, seen, people in ((row.treated, one, 23), (row.control, other, 11)):
        alone = stats.ttest_1samp(seen, 0).confidence_interval(0.9)
        assert (arm.people, arm.mean) == (people, pytest.approx(seen.mean()))
        assert (arm.low, arm.high) == pytest.approx((alone.low, alone.high))


def test_p_is_the_share_of_all_allocations_whose_welch_t_is_as_large():
    rng = generator(2, "all")
    arm = np.tile(["a", "b"], 5)
    change = _changes(rng, 2, arm)
    change["m0"] += 1.5 * (arm == "b")
    found = engagement(change, arm, control="a", rng=rng)
    members = [np.isin(np.arange(10), chosen) for chosen in combinations(range(10), 5)]
    size = np.abs(
        [
            [stats.ttest_ind(x[m], x[~m], equal_var=False).statistic for x in change.to_numpy().T]
            for m in members
        ]
    )
    own = next(k for k, m in enumerate(members) if (m == (arm == "b")).all())
    reached = size >= size[own] * (1 - 1e-9)
    assert [row.p for row in found.rows] == pytest.approx(reached.mean(axis=0))
    top = int(size[own].argmax())
    largest = (size.max(axis=1) >= size[own, top] * (1 - 1e-9)).mean()
    assert found.rows[top].p_family == pytest.approx(largest)
    assert found.how == "all 252 rearrangements of the arms"


def test_arms_are_dealt_anew_only_within_strata():
    """Strata decide the change, and the arm says nothing beyond: dealing across them is wrong."""
    strata = np.repeat([0, 1], 8)
    arm = np.array(["a"] * 4 + ["b"] * 4 + ["a", "b"] * 4)
    change = pd.DataFrame({"m": 5.0 * strata + np.arange(16) % 4 * 0.1})
    within = engagement(change, arm, control="a", rng=generator(3, "s"), strata=strata)
    ways = [
        (*one, *two) for one in combinations(range(8), 4) for two in combinations(range(8, 16), 4)
    ]
    x = change["m"].to_numpy()

    def size(chosen):
        m = np.isin(np.arange(16), chosen)
        return abs(x[m].mean() - x[~m].mean()) / np.sqrt((x[m].var() + x[~m].var()) / 7)

    own = size(np.flatnonzero(arm == "b"))
    expected = np.mean([size(chosen) >= own * (1 - 1e-9) for chosen in ways])
    assert within.rows[0].p == pytest.approx(expected)


def test_without_a_difference_it_rejects_as_often_as_it_says_also_where_spreads_differ():
    rng, alone, family, runs = generator(4, "null"), 0, 0, 200
    for _ in range(runs):
        change = _changes(rng, 4) * np.where(TREATED, 1, 2)[:, None] + 1
        rows = engagement(change, ARM, control="placebo", rng=rng, draws=99).rows
        alone += rows[0].p <= 0.05
        family += min(row.p_family for row in rows) <= 0.05
    # beyond these one of a thousand right tests would fall
    assert 0.005 <= alone / runs <= 0.11
    assert 0.005 <= family / runs <= 0.11


def test_a_third_arm_is_left_aside_and_its_absence_changes_nothing():
    rng = generator(5, "three")
    arm = np.repeat(["il2", "placebo", "nac"], 12)
    change = _changes(rng, 2, arm)
    how = {"control": "placebo", "draws": 99}
    one = engagement(change, arm, treated="il2", rng=generator(5, "a"), **how)
    keep = arm != "nac"
    assert one == engagement(change[keep], arm[keep], rng=generator(5, "a"), **how)
    assert one.treated == "il2"
    with pytest.raises(AllocationError, match=r"name the treated arm .* 'il2', 'nac'$"):
        engagement(change, arm, rng=rng, **how)
    with pytest.raises(AllocationError, match="got 'drug'"):
        engagement(change, arm, treated="drug", rng=rng, **how)


def test_what_cannot_be_compared_is_left_out_with_the_reason():
    rng = generator(6, "left out")
    change = _changes(rng, 3)
    change.loc[TREATED, "m1"] = 2.0
    change.loc[np.flatnonzero(~TREATED)[3:], "m2"] = np.nan
    found = engagement(change, ARM, control="placebo", rng=rng, draws=19)
    assert [row.marker for row in found.rows] == ["m0"]
    assert found.left_out == {
        "m1": "its change is the same in everybody of arm 'il2'",
        "m2": "its change is known of 3 people in arm 'placebo'",
    }
    none = engagement(change[["m1"]], ARM, control="placebo", rng=rng, draws=19)
    assert none.rows == ()
    assert set(none.left_out) == {"m1"}


def test_what_is_not_a_change_is_refused():
    rng = generator(7, "errors")
    change = _changes(rng)
    how = {"control": "placebo", "rng": rng, "draws": 19}
    with pytest.raises(PredictionsError, match="one row for each of 36 people; got 35"):
        engagement(change.iloc[1:], ARM, **how)
    with pytest.raises(PredictionsError, match="'m1' is infinite in 1 of 36 people"):
        engagement(change.replace(change["m1"][3], np.inf), ARM, **how)
    with pytest.raises(ValueError, match="coverage of the intervals"):
        engagement(change, ARM, level=95, **how)
