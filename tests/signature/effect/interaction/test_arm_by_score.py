"""One interaction of arm and score: against the definition, by rearranging, and in its errors."""

from itertools import permutations

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import expit

from signature.effect.interaction.arm_by_score import any_arm_by_score, arm_by_score
from signature.exceptions import AllocationError, OutcomeError, PredictionsError
from signature.learn.restricted_cubic import bends, knots_of
from signature.randomness import generator

ARM = np.repeat(["il2", "placebo"], [24, 12])
TREATED = ARM == "il2"


def _trial(rng, *, interaction=0.0, arm=ARM, spread=1.0):
    n, treated = len(arm), arm == "il2"
    score, baseline = rng.normal(size=(2, n))
    error = spread * rng.normal(size=n)
    change = 2 * treated + score + baseline + interaction * treated * score + error
    return change, score, baseline


def _by_definition(y, code, score, covariates):
    """Estimate, standard error and residuals under the null, from matrices written out."""
    both = code * score
    X = np.column_stack([np.ones(len(y)), covariates, score, code, both])
    bread = np.linalg.inv(X.T @ X)
    coefficient = bread @ X.T @ y
    error = y - X @ coefficient
    room = 1 - np.einsum("ij,jk,ik->i", X, bread, X)
    pull = (bread @ X.T)[-1] ** 2
    by_arm = sum(
        (error[code == k] ** 2).sum() / room[code == k].sum() * pull[code == k].sum()
        for k in (0, 1)
    )
    return coefficient[-1], np.sqrt(max(by_arm, (pull * error**2 / room).sum()))


def test_estimate_and_error_are_those_of_the_regression():
    rng = generator(1, "by definition")
    change, score, baseline = _trial(rng, interaction=1, spread=np.where(TREATED, 1, 3))
    found = arm_by_score(change, ARM, score, control="placebo", rng=rng, covariates=baseline)
    scaled = (score - score.mean()) / score.std(ddof=1)
    estimate, error = _by_definition(change, TREATED * 1.0, scaled, baseline)
    assert found.estimate == pytest.approx(estimate)
    assert found.statistic == pytest.approx(estimate / error)
    assert found.score_sd == pytest.approx(score.std(ddof=1))
    assert (found.low + found.high) / 2 == pytest.approx(estimate)
    assert found.people == {"placebo": 12, "il2": 24}
    assert (found.events, found.scale) == (None, "outcome")
    assert found.p_low < found.p < found.p_high


def test_a_small_trial_is_worked_out_over_all_rearrangements():
    rng = generator(2, "brute force")
    y, score = rng.normal(size=(2, 10))
    arm = np.array(["b", "a", "b", "a", "b", "a", "b", "a", "a", "a"])
    strata = np.repeat([0, 1], 5)
    found = arm_by_score(y, arm, score, control="a", rng=rng, strata=strata)
    code = (arm == "b") * 1.0
    scaled = (score - score.mean()) / score.std(ddof=1)
    null = np.column_stack([strata, scaled, code, np.ones(10)])
    left = y - null @ np.linalg.lstsq(null, y, rcond=None)[0]
    ways = {(*one, *two) for one in permutations(code[:5]) for two in permutations(code[5:])}
    ratio = [np.divide(*_by_definition(left, np.array(w), scaled, strata)) for w in ways]
    real = abs(np.divide(*_by_definition(left, code, scaled, strata)))
    assert len(ways) == 10 * 5
    assert found.p == pytest.approx(np.mean(np.abs(ratio) >= real * (1 - 1e-9)))
    assert found.p_low == found.p == found.p_high
    assert found.how == f"all {len(ways)} rearrangements of the arms"


def _events(rng, n=60, interaction=1.0):
    arm = np.repeat(["il2", "placebo"], [2 * n // 3, n // 3])
    treated, score = arm == "il2", rng.normal(size=n)
    risk = expit(-0.5 + treated + 0.5 * score + interaction * treated * score)
    return (rng.random(n) < risk).astype(float), arm, score


def _design(arm, score):
    code = (arm == "il2") * 1.0
    scaled = (score - score.mean()) / score.std(ddof=1)
    bend = bends(scaled, knots_of(scaled, 3))
    return np.column_stack([np.ones(len(score)), scaled, bend, code]), code * scaled


def _penalised(X, y, offset=0.0):
    """Maximise the likelihood times Jeffreys' prior with a general optimiser."""

    def loss(b):
        eta = X @ b + offset
        p = expit(eta)
        information = X.T @ ((p * (1 - p))[:, None] * X)
        return np.logaddexp(0, eta).sum() - y @ eta - np.linalg.slogdet(information)[1] / 2

    return minimize(loss, np.zeros(X.shape[1]), method="BFGS", options={"gtol": 1e-7}).x


def test_log_odds_are_those_of_the_penalised_likelihood():
    rng = generator(3, "events")
    event, arm, score = _events(rng)
    found = arm_by_score(event, arm, score, control="placebo", rng=rng, draws=999)
    null, both = _design(arm, score)
    assert found.estimate == pytest.approx(
        _penalised(np.column_stack([null, both]), event)[-1], abs=1e-4
    )
    assert found.scale == "log odds"
    assert found.events == {"placebo": event[40:].sum(), "il2": event[:40].sum()}
    assert found.low < found.estimate < found.high


def test_an_end_of_the_interval_is_where_the_score_test_turns():
    rng = generator(3, "events")
    event, arm, score = _events(rng)
    found = arm_by_score(event, arm, score, control="placebo", rng=rng, draws=999)
    null, both = _design(arm, score)

    def rao(interaction):
        p = expit(null @ _penalised(null, event, interaction * both) + interaction * both)
        weight = p * (1 - p)
        cross = null.T @ (weight[:, None] * np.column_stack([null, both]))
        project = both - null @ np.linalg.solve(cross[:, :-1], cross[:, -1])
        return project @ (event - p) / np.sqrt((weight * project**2).sum())

    assert found.statistic == pytest.approx(rao(0.0), abs=1e-4)
    assert rao(found.low) == pytest.approx(-rao(found.high), abs=1e-3)
    # about two standard errors, less what fitting takes from the spread of residuals
    assert 1.5 < rao(found.low) < 2.2


def test_separated_events_have_an_estimate_and_an_open_end_or_a_far_one():
    score = np.linspace(-2, 2, 40)
    arm = np.tile(["il2", "placebo"], 20)
    event = np.where(arm == "il2", score > 0, np.arange(40) % 4 < 2).astype(float)
    rng = generator(4, "separated")
    found = arm_by_score(event, arm, score, control="placebo", rng=rng, draws=999)
    assert 0 < found.low < found.estimate < 40
    assert found.high is None or found.high > 5
    assert found.p <= 0.01


def test_the_interval_leaves_zero_out_exactly_where_p_is_small():
    rng = generator(5, "duality")
    seen = set()
    for k in range(30):
        event, arm, score = _events(rng, n=36, interaction=0.8)
        y = event if k % 2 else event + rng.normal(size=36)
        found = arm_by_score(y, arm, score, control="placebo", rng=rng, draws=199, level=0.8)
        excluded = (found.low or -1) > 0 or (found.high is not None and found.high < 0)
        assert (found.p <= 0.2 + 1e-9) == excluded
        seen.add(excluded)
    assert seen == {True, False}


def test_neither_a_main_effect_nor_the_units_of_the_score_matter():
    change, score, baseline = _trial(generator(6, "units"), interaction=0.7)
    how = {"control": "placebo", "covariates": baseline, "draws": 499}
    plain = arm_by_score(change, ARM, score, rng=generator(6, "draws"), **how)
    moved = arm_by_score(
        change + 1000 * TREATED - 3 * score + 7 * baseline,
        ARM, 50 - 10 * score, rng=generator(6, "draws"), **how,
    )  # fmt: skip
    assert moved.p == plain.p
    assert moved.estimate == pytest.approx(-plain.estimate)
    assert moved.score_sd == pytest.approx(10 * plain.score_sd)


def test_people_of_further_arms_are_left_out_of_a_pair_and_in_the_whole():
    rng = generator(7, "three arms")
    arm = np.repeat(["il2", "placebo", "nac"], [30, 30, 30])
    score = rng.normal(size=90)
    y = score * (arm == "il2") * 1.5 + rng.normal(size=90)
    how = {"control": "placebo", "draws": 499}
    one = arm_by_score(y, arm, score, rng=generator(7, "a"), treated="il2", **how)
    keep = arm != "nac"
    same = arm_by_score(y[keep], arm[keep], score[keep], rng=generator(7, "a"), **how)
    assert one == same
    none = arm_by_score(y, arm, score, rng=generator(7, "a"), treated="nac", **how)
    assert one.p < 0.01 < none.p
    whole = any_arm_by_score(y, arm, score, rng=generator(7, "a"), **how)
    assert whole.p < 0.01
    assert whole.df == 2
    assert whole.people == {"placebo": 30, "il2": 30, "nac": 30}
    with pytest.raises(AllocationError, match="name the treated arm"):
        arm_by_score(y, arm, score, rng=rng, **how)
    with pytest.raises(AllocationError, match="'drug' is not an arm"):
        arm_by_score(y, arm, score, rng=rng, treated="drug", **how)


@pytest.mark.parametrize("binary", [False, True])
def test_wald_of_all_arms_is_the_regression_s(binary):
    rng = generator(8, "wald")
    arm = np.tile(["placebo", "a", "b"], 25)
    score = rng.normal(size=75)
    scaled = (score - score.mean()) / score.std(ddof=1)
    y = rng.normal(size=75) + score * (arm == "a")
    y = (y > 0).astype(float) if binary else y
    found = any_arm_by_score(y, arm, score, control="placebo", rng=rng, draws=99)
    arms = np.column_stack([arm == "a", arm == "b"]) * 1.0
    null = np.column_stack([np.ones(75), scaled, arms])
    both = arms * scaled[:, None]
    if binary:
        p = expit(null @ _penalised(null, y))
        weight = (p * (1 - p))[:, None]
        z = both - null @ np.linalg.solve(null.T @ (weight * null), null.T @ (weight * both))
        gain = z.T @ (y - p)
        expected = gain @ np.linalg.solve(z.T @ (weight * z), gain)
    else:
        X = np.column_stack([null, both])
        bread = np.linalg.inv(X.T @ X)
        coefficient = bread @ X.T @ y
        error = (y - X @ coefficient) / (1 - np.einsum("ij,jk,ik->i", X, bread, X))
        covariance = bread @ (X.T * error**2) @ X @ bread
        expected = coefficient[-2:] @ np.linalg.solve(covariance[-2:, -2:], coefficient[-2:])
    assert found.statistic == pytest.approx(expected, rel=1e-3)


def test_two_arms_are_the_same_to_both_functions():
    change, score, _ = _trial(generator(9, "same"))
    how = {"control": "placebo", "draws": 199}
    one = arm_by_score(change, ARM, score, rng=generator(9, "draws"), **how)
    whole = any_arm_by_score(change, ARM, score, rng=generator(9, "draws"), **how)
    assert whole.p == one.p
    assert whole.statistic == pytest.approx(one.statistic**2)


@pytest.mark.parametrize("kind", ["continuous", "wide control arm", "event"])
def test_without_interaction_it_rejects_as_often_as_it_says(kind):
    """A twin of the benchmark: a main effect of two standard deviations, 24 against 12 people."""
    rng, rejected, runs = generator(10, kind), 0, 300
    for _ in range(runs):
        if kind == "event":
            y, arm, score = _events(rng, n=36, interaction=0.0)
            covariates = None
        else:
            spread = np.where(TREATED, 1, 1 if kind == "continuous" else 2)
            y, score, covariates = _trial(rng, spread=spread)
            arm = ARM
        found = arm_by_score(
            y, arm, score, control="placebo", rng=rng, covariates=covariates, draws=99
        )
        rejected += found.p <= 0.05
    # beyond these one of a thousand right tests would fall
    assert 0.013 <= rejected / runs <= 0.1


def test_intervals_cover_an_interaction_that_is_there():
    rng, covered, found_it, runs = generator(11, "coverage"), 0, 0, 300
    for _ in range(runs):
        change, score, baseline = _trial(rng, interaction=1)
        found = arm_by_score(
            change, ARM, score, control="placebo", rng=rng, covariates=baseline, draws=199
        )
        covered += found.low <= found.score_sd <= found.high
        found_it += found.p <= 0.05
    assert covered / runs >= 0.91
    assert 0.55 <= found_it / runs <= 0.8


def test_what_cannot_be_tested_is_named():
    rng = generator(12, "errors")
    change, score, baseline = _trial(rng)
    how = {"control": "placebo", "rng": rng, "draws": 19}
    unseen = np.where(np.arange(36) < 3, np.nan, change)
    with pytest.raises(OutcomeError, match="missing or infinite in 3 of 36"):
        arm_by_score(unseen, ARM, score, **how)
    with pytest.raises(OutcomeError, match="the same in all 36"):
        arm_by_score(np.ones(36), ARM, score, **how)
    with pytest.raises(OutcomeError, match="one number per person"):
        arm_by_score(np.ones((36, 2)), ARM, score, **how)
    with pytest.raises(PredictionsError, match="the score must have one value for each of 36"):
        arm_by_score(change, ARM, score[:5], **how)
    with pytest.raises(PredictionsError, match="1 of 36 are missing"):
        arm_by_score(change, ARM, np.where(np.arange(36) == 4, np.nan, score), **how)
    with pytest.raises(PredictionsError, match="no effect can vary"):
        arm_by_score(change, ARM, np.full(36, 0.1), **how)
    with pytest.raises(PredictionsError, match="cannot be told from"):
        arm_by_score(change, ARM, TREATED * 1.0, **how)
    with pytest.raises(PredictionsError, match="covariates are missing or infinite in 36"):
        arm_by_score(change, ARM, score, covariates=baseline * np.nan, **how)
    with pytest.raises(PredictionsError, match="36 people are too few for 34 coefficients"):
        arm_by_score(change, ARM, score, covariates=rng.normal(size=(36, 30)), **how)
    with pytest.raises(ValueError, match="coverage of the interval"):
        arm_by_score(change, ARM, score, level=95, **how)


def test_covariates_that_repeat_each_other_or_the_strata_change_nothing():
    rng = generator(13, "rank")
    change, score, baseline = _trial(rng)
    strata = np.tile(["x", "y"], 18)
    how = {"control": "placebo", "strata": strata, "draws": 99}
    once = arm_by_score(change, ARM, score, covariates=baseline, rng=generator(13, "a"), **how)
    again = np.column_stack([baseline, 2 * baseline + 1, strata == "x", np.ones(36), score])
    twice = arm_by_score(change, ARM, score, covariates=again, rng=generator(13, "a"), **how)
    assert twice.p == once.p
    assert twice.estimate == pytest.approx(once.estimate)


def _lost(rng, n=300, effect=0.0):
    """A prognosis along a curve, and outcomes that the treated lose at its upper end."""
    arm, score = np.tile(["il2", "placebo"], n // 2), rng.normal(size=n)
    treated = arm == "il2"
    y = 2 * treated + score + 0.5 * score**2 + effect * treated * score + rng.normal(size=n)
    seen = 1 - np.where(treated, expit(1.6 * score - 0.5), expit(-1.6))
    known = rng.random(n) < seen
    return y[known], arm[known], score[known], 1 / seen[known]


def test_outcomes_that_one_arm_loses_at_one_end_are_no_interaction():
    """42 and 17 % lost: straight lines reject in half of such trials."""
    found, runs = {"lines": 0, "curve and weights": 0, "there": 0}, 60
    for k in range(runs):
        rng = generator(9, "lost", k)
        y, arm, score, weight = _lost(rng)
        how = {"control": "placebo", "rng": rng, "draws": 199}
        own = np.column_stack([np.ones(len(y)), score, arm == "il2", score * (arm == "il2")])
        inverse = np.linalg.inv(own.T @ own)
        left = y - own @ inverse @ own.T @ y
        error = np.sqrt(left @ left / (len(y) - 4) * inverse[3, 3])
        found["lines"] += abs((inverse @ own.T @ y)[3]) > 1.97 * error
        found["curve and weights"] += arm_by_score(y, arm, score, weight=weight, **how).p <= 0.05
        y, arm, score, weight = _lost(generator(9, "there", k), effect=0.7)
        found["there"] += arm_by_score(y, arm, score, weight=weight, **how).p <= 0.05
    assert found["lines"] > 20
    # 9 of 60 at 5 %: more has a chance of 1 in 500
    assert found["curve and weights"] <= 9
    assert found["there"] > 30


def test_people_who_stand_for_two_count_as_two():
    """Estimates are those of rows written twice, and events' too."""
    rng = generator(10, "weights")
    for make in (lambda: _lost(rng, 80)[:3], lambda: _events(rng, 90)):
        y, arm, score = make()
        twice = np.where(np.arange(len(y)) % 2, 2.0, 1.0)
        rows = np.repeat(np.arange(len(y)), twice.astype(int))
        how = {"control": "placebo", "draws": 19}
        # the unit and the curve's knots are of the rows that are there: hold them still
        one = arm_by_score(y, arm, score, weight=twice, rng=generator(1, "a"), **how)
        X, both = _design(arm, score)
        if one.scale == "outcome":
            design = np.column_stack([X, both])[rows]
            expected = np.linalg.lstsq(design, y[rows], rcond=None)[0][-1]
            assert one.estimate == pytest.approx(expected)
        equal = arm_by_score(y, arm, score, weight=twice * 0 + 3, rng=generator(1, "a"), **how)
        assert equal == arm_by_score(y, arm, score, rng=generator(1, "a"), **how)
    with pytest.raises(PredictionsError, match="weights must be finite and above 0"):
        arm_by_score(y, arm, score, weight=twice * 0, rng=rng, **how)
