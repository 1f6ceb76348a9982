"""Many interactions at once: corrected as defined, family-wise level, and what is left out."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from signature.effect.interaction._two_arms import null_statistics, standardised, two_arms
from signature.effect.interaction.arm_by_score import arm_by_score
from signature.effect.interaction.interaction_table import interaction_table, max_t
from signature.effect.interaction.rearrangements import rearrange
from signature.exceptions import PredictionsError
from signature.randomness import generator
from signature.validation.holm import holm

ARM = np.repeat(["il2", "placebo"], [24, 12])


def _by_steps(statistic):
    """Westfall and Young's procedure as it is told: reject the largest, leave it out, go on."""
    left, reached = list(range(statistic.shape[1])), 0.0
    p = np.zeros(statistic.shape[1])
    while left:
        top = max(left, key=lambda j: statistic[0, j])
        share = np.mean([max(row[j] for j in left) >= statistic[0, top] for row in statistic])
        reached = max(reached, share)
        p[top] = reached
        left.remove(top)
    return p


@given(
    arrays("float64", st.tuples(st.integers(2, 12), st.integers(1, 5)), elements=st.integers(0, 9))
)
@settings(max_examples=80, deadline=None)
def test_step_down_as_it_is_told(statistic):
    # of equal statistics both orders are right only where they are given the same value
    found, expected = max_t(statistic), _by_steps(statistic)
    distinct = len(set(statistic[0])) == statistic.shape[1]
    if distinct:
        assert found == pytest.approx(expected)
    assert (found >= (statistic >= statistic[0]).mean(axis=0) - 1e-12).all()
    assert (found <= 1).all()


def test_each_marker_is_tested_as_if_alone_and_corrected_together():
    rng = generator(1, "table")
    markers = pd.DataFrame(rng.normal(size=(36, 6)), columns=list("abcdef"))
    y = rng.normal(size=36) + 1.5 * markers["c"] * (ARM == "il2")
    how = {"control": "placebo", "draws": 299, "covariates": rng.normal(size=36)}
    found = interaction_table(y, ARM, markers, rng=generator(1, "draws"), **how)
    assert [row.marker for row in found.rows] == list("abcdef")
    for row in found.rows:
        alone = arm_by_score(y, ARM, markers[row.marker], rng=generator(1, "draws"), **how)
        assert row.test == alone
        assert row.p_family >= alone.p
    assert [r.p_holm for r in found.rows] == holm([r.test.p for r in found.rows])
    assert min(found.rows, key=lambda r: r.p_family).marker == "c"


def test_markers_that_tell_one_story_cost_nothing():
    rng = generator(2, "copies")
    one = rng.normal(size=36)
    y = one * (ARM == "il2") + rng.normal(size=36)
    markers = pd.DataFrame({f"m{k}": one * (k + 1) + k for k in range(8)})
    found = interaction_table(y, ARM, markers, control="placebo", rng=rng, draws=299)
    for row in found.rows:
        assert row.p_family == row.test.p
        assert row.p_holm == pytest.approx(min(1, 8 * row.test.p))


@pytest.mark.parametrize("binary", [False, True])
def test_no_marker_is_found_in_most_trials_without_interaction(binary):
    rng, found_any, runs = generator(3, "family", str(binary)), 0, 120
    for _ in range(runs):
        shared = rng.normal(size=(36, 1))
        markers = pd.DataFrame(shared + rng.normal(size=(36, 8))).add_prefix("m")
        y = 2 * (ARM == "il2") + markers["m0"] + rng.normal(size=36)
        y = (y > 1).astype(float) if binary else y
        # without the intervals, which take most of the time
        trial = two_arms(y, ARM, control="placebo", treated=None, strata=None, covariates=None)
        ways = rearrange(trial.code, None, 99, rng).arms
        scaled = [standardised(values, name)[0] for name, values in markers.items()]
        statistics = [null_statistics(trial, score, ways) for score in scaled]
        found_any += max_t(np.abs(np.column_stack(statistics))).min() <= 0.05
    # beyond this one of a thousand right procedures would fall
    assert found_any / runs <= 0.12


def test_what_does_not_vary_is_left_out_with_the_reason():
    rng = generator(4, "left out")
    markers = pd.DataFrame({"flat": 1.0, "arm": ARM == "il2", "good": rng.normal(size=36)})
    y = rng.normal(size=36)
    found = interaction_table(y, ARM, markers, control="placebo", rng=rng, draws=39)
    assert [row.marker for row in found.rows] == ["good"]
    assert "'flat' is the same in all 36 people" in found.left_out["flat"]
    assert "varies too little within an arm" in found.left_out["arm"]
    none = interaction_table(y, ARM, markers[["flat"]], control="placebo", rng=rng, draws=39)
    assert none.rows == ()
    with pytest.raises(PredictionsError, match="'good' is missing or infinite in 1 of 36"):
        interaction_table(
            y,
            ARM,
            markers.replace(markers["good"][3], np.nan),
            control="placebo",
            rng=rng,
            draws=39,
        )
