"""A score of benefit learned on the same trial: tested by learning it anew."""

import numpy as np
import pytest

from signature.effect.interaction._two_arms import two_arms
from signature.effect.interaction.arm_by_score import arm_by_score
from signature.effect.interaction.crossfitted_score import _Counterfactual, arm_by_crossfitted_score
from signature.exceptions import PredictionsError
from signature.randomness import generator

ARM = np.repeat(["il2", "placebo"], [24, 12])


class Benefit:
    """Ridge of the outcome on (arm − share) × markers, over five folds."""

    def __init__(self, markers, fold, share):
        self.markers, self.fold, self.share = markers, fold, share

    def __call__(self, outcome, arm):
        score = np.zeros(len(outcome))
        for k in np.unique(self.fold):
            train = self.fold != k
            m, t = self.markers[train], arm[train] - self.share
            main = np.column_stack([np.ones(train.sum()), m, t])
            left = outcome[train] - main @ np.linalg.lstsq(main, outcome[train], rcond=None)[0]
            x = m * t[:, None]
            coefficient = np.linalg.solve(x.T @ x + 5 * np.eye(x.shape[1]), x.T @ left)
            score[~train] = self.markers[~train] @ coefficient
        return score


def _trial(rng, interaction=0.0, arm=ARM, markers=4):
    n, treated = len(arm), arm == "il2"
    markers = rng.normal(size=(n, markers))
    y = 2 * treated + markers[:, 0] + interaction * treated * markers[:, 1] + rng.normal(size=n)
    return y, markers, Benefit(markers, rng.permutation(n) % 5, treated.mean())


def test_a_score_that_learns_nothing_is_tested_as_if_given():
    """The rearrangements are then the same, and what they are made from, if it is a covariate."""
    y, markers, _ = _trial(generator(1, "given"))
    how = {"control": "placebo", "draws": 199, "covariates": markers[:, :2]}
    given = arm_by_score(y, ARM, markers[:, 0], rng=generator(1, "a"), **how)
    learned = arm_by_crossfitted_score(
        y, ARM, lambda outcome, arm: markers[:, 0], rng=generator(1, "a"), **how
    )
    assert (learned.p, learned.how) == (given.p, given.how)
    ends = (learned.low, learned.estimate, learned.high)
    assert ends == pytest.approx((given.low, given.estimate, given.high))


def test_it_finds_a_benefit_that_is_there_and_says_its_direction():
    arm = np.repeat(["il2", "placebo"], [80, 40])
    rng = generator(2, "power")
    y, _, benefit = _trial(rng, interaction=1.5, arm=arm)
    found = arm_by_crossfitted_score(y, arm, benefit, control="placebo", rng=rng, draws=99)
    assert found.p == 0.01
    assert 0 < found.low < found.estimate
    turned = arm_by_crossfitted_score(
        y, arm, lambda o, a: -benefit(o, a), control="placebo", rng=rng, draws=99
    )
    assert turned.estimate == pytest.approx(-found.estimate)


def test_taking_the_score_as_given_rejects_too_often_and_learning_it_anew_does_not():
    rng, given, anew, runs = generator(3, "level"), 0, 0, 150
    arm = np.repeat(["il2", "placebo"], [40, 20])
    for _ in range(runs):
        y, markers, benefit = _trial(rng, arm=arm, markers=8)
        how = {"control": "placebo", "rng": rng, "covariates": markers[:, 0]}
        score = benefit(y, (arm == "il2").astype(int))
        given += arm_by_score(y, arm, score, draws=99, **how).p <= 0.05
        anew += arm_by_crossfitted_score(y, arm, benefit, draws=19, **how).p <= 0.05
    assert given / runs > 0.075
    # beyond this one of a thousand right tests would fall
    assert anew / runs <= 0.11


def test_a_score_that_is_the_same_for_all_claims_nothing():
    y, _, _ = _trial(generator(4, "nothing"))
    rng = generator(4, "draws")
    none = arm_by_crossfitted_score(
        y, ARM, lambda o, a: np.full(36, 0.3), control="placebo", rng=rng, draws=9
    )
    assert none is None


def test_rearrangements_without_a_score_count_as_no_interaction():
    y, markers, _ = _trial(generator(5, "seldom"))
    own = y.copy()

    def seldom(outcome, arm):
        return markers[:, 0] if np.array_equal(outcome, own) else np.zeros(36)

    found = arm_by_crossfitted_score(
        y, ARM, seldom, control="placebo", rng=generator(5, "draws"), draws=99
    )
    assert found.p == 0.01


def test_counterfactual_events_follow_the_fitted_risks():
    rng = generator(6, "events")
    n = 3000
    arm = np.tile(["il2", "placebo"], n // 2)
    event = (rng.random(n) < np.where(arm == "il2", 0.6, 0.2)).astype(float)
    trial = two_arms(event, arm, control="placebo", treated=None, strata=None, covariates=None)
    elsewhere = _Counterfactual(trial)
    assert (elsewhere.outcome(trial.code, rng) == event).all()
    swapped = elsewhere.outcome(1 - trial.code, rng)
    assert swapped[arm == "placebo"].mean() == pytest.approx(0.6, abs=0.05)
    assert swapped[arm == "il2"].mean() == pytest.approx(0.2, abs=0.05)
    # treatment helps nobody the other way round
    assert (swapped >= event)[arm == "placebo"].all()
    assert (swapped <= event)[arm == "il2"].all()


def test_only_the_people_of_the_two_arms_are_passed_on():
    rng = generator(7, "two of three")
    arm = np.tile(["il2", "placebo", "nac"], 12)
    seen = []

    def score(outcome, code):
        seen.append((len(outcome), set(code.tolist())))
        return outcome * 0 + np.arange(24.0)

    arm_by_crossfitted_score(
        rng.normal(size=36), arm, score, control="placebo", treated="nac", rng=rng, draws=4
    )
    assert seen == [(24, {0, 1})] * 5


@pytest.mark.parametrize("wrong", [np.zeros(5), np.full(36, np.nan)])
def test_scores_must_be_one_number_per_person(wrong):
    y, _, _ = _trial(generator(8, "wrong"))
    with pytest.raises(PredictionsError, match="one finite number for each of 36 people"):
        arm_by_crossfitted_score(
            y, ARM, lambda o, a: wrong, control="placebo", rng=generator(8, "x"), draws=9
        )
