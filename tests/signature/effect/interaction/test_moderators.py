"""Effects in named groups: against plain arithmetic, the test of a difference, and small groups."""

import numpy as np
import pytest

from signature.effect.interaction.moderators import moderator
from signature.exceptions import AllocationError, PredictionsError
from signature.randomness import generator

ARM = np.tile(["infliximab", "placebo"], 30)
TREATED = ARM == "infliximab"
CRP = np.repeat(["below 5", "5 and more"], [36, 24])


def _levels(found):
    return {one.level: one for one in found.levels}


def test_effects_without_covariates_are_differences_of_means():
    rng = generator(1, "means")
    y = rng.normal(size=60) * np.where(CRP == "below 5", 1, 3) + TREATED
    found = moderator(y, ARM, CRP, control="placebo", rng=rng, order=["below 5", "5 and more"])
    gaps, errors = {}, {}
    for one in ("below 5", "5 and more"):
        a, b = y[(one == CRP) & TREATED], y[(one == CRP) & ~TREATED]
        gaps[one] = a.mean() - b.mean()
        errors[one] = np.sqrt(a.var(ddof=1) / len(a) + b.var(ddof=1) / len(b))
        line = _levels(found)[one]
        assert line.effect == pytest.approx(gaps[one])
        # 34 and 22 degrees of freedom
        quantile = {"below 5": 2.0322, "5 and more": 2.0739}[one]
        assert line.high - line.effect == pytest.approx(quantile * errors[one], rel=1e-3)
        assert line.people == {"placebo": len(b), "infliximab": len(a)}
    assert [one.level for one in found.levels] == ["below 5", "5 and more"]
    assert found.difference == pytest.approx(gaps["5 and more"] - gaps["below 5"])
    assert (found.difference_low < 0 < found.difference_high) == (found.p > 0.05)


def test_log_odds_of_events_are_those_of_the_two_by_two_tables():
    """Half a person added to each cell is what the penalty does to a saturated model."""
    rng = generator(2, "events")
    event = (rng.random(60) < np.where(TREATED & (CRP == "5 and more"), 0.8, 0.4)).astype(float)
    found = moderator(event, ARM, CRP, control="placebo", rng=rng, draws=299)
    assert found.scale == "log odds"
    for line in found.levels:
        cells = [
            ((line.level == CRP) & (t == TREATED) & (event == e)).sum() + 0.5
            for t in (True, False)
            for e in (1, 0)
        ]
        a, b, c, d = cells
        assert line.effect == pytest.approx(np.log(a * d / (b * c)), abs=1e-5)
        assert line.low < line.effect < line.high


def test_three_levels_have_one_test_and_no_single_difference():
    rng = generator(3, "three")
    arm, level = np.tile(["drug", "placebo"], 45), np.tile(["a", "b", "c"], 30)
    y = rng.normal(size=90) + 2.5 * (arm == "drug") * (level == "b")
    found = moderator(y, arm, level, control="placebo", rng=rng, draws=499)
    assert found.p < 0.01
    assert found.difference is None
    assert _levels(found)["b"].low > max(_levels(found)["a"].effect, _levels(found)["c"].effect)


def test_small_levels_are_shown_and_not_compared():
    rng = generator(4, "small")
    y, level = rng.normal(size=60), np.where(np.arange(60) < 6, "yes", "no")
    found = moderator(y, ARM, level, control="placebo", rng=rng)
    few = _levels(found)["yes"]
    assert (few.people, few.effect, few.low) == ({"placebo": 3, "infliximab": 3}, None, None)
    assert _levels(found)["no"].effect is not None
    assert found.p is None
    assert "fewer than two levels have 4 people" in found.how


def test_people_of_unknown_level_are_counted_and_left_out():
    rng = generator(5, "unknown")
    y = rng.normal(size=60)
    level = np.where(np.arange(60) % 10 == 0, None, CRP)
    keep = np.array([one is not None for one in level])
    how = {"control": "placebo", "draws": 199}
    found = moderator(y, ARM, level, rng=generator(5, "a"), **how)
    assert found.unknown == 6
    same = moderator(y[keep], ARM[keep], CRP[keep], rng=generator(5, "a"), **how)
    assert found.levels == same.levels
    assert found.p == same.p


def test_a_main_effect_of_treatment_is_no_difference_between_levels():
    rng, rejected, runs = generator(6, "level"), 0, 200
    for _ in range(runs):
        y = 3 * TREATED + 2 * (CRP == "below 5") + rng.normal(size=60) * np.where(TREATED, 1, 2)
        rejected += moderator(y, ARM, CRP, control="placebo", rng=rng, draws=99).p <= 0.05
    assert 0.005 <= rejected / runs <= 0.11


def test_what_cannot_be_said_is_named():
    rng = generator(7, "errors")
    y = rng.normal(size=60)
    with pytest.raises(PredictionsError, match="1 levels are not declared: 'below 5'"):
        moderator(y, ARM, CRP, control="placebo", rng=rng, order=["5 and more"])
    with pytest.raises(PredictionsError, match="cannot be told from strata"):
        moderator(y, ARM, CRP, control="placebo", rng=rng, covariates=(CRP == "below 5") * TREATED)
    with pytest.raises(AllocationError, match="control 'none'"):
        moderator(y, ARM, CRP, control="none", rng=rng)
    with pytest.raises(ValueError, match="coverage"):
        moderator(y, ARM, CRP, control="placebo", rng=rng, coverage=0)
