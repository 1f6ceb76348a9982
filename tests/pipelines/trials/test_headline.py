"""The words of a trial: which result earns which, in either direction of the endpoint."""

from itertools import product

import pytest

from pipelines.trials.headline import LEVEL, claim_of, too_small
from signature.effect.benefit.prognosis import Prognosis
from signature.effect.interaction.arm_by_score import ArmByScore
from signature.effect.trial.small_trial import small_trial
from signature.records.estimates import Estimate

FIRST_WORDS = {
    (True, True): "Predictive, and prognostic: the panel tells who gains more from il2,",
    (True, False): "Predictive: the panel tells who gains more from il2.",
    (False, True): "Prognostic, not predictive: the panel foretells",
    (False, False): "Neither prognostic nor predictive: there is no evidence",
}


def interaction(p, estimate):
    return ArmByScore(
        control="placebo", treated="il2", people={"placebo": 50, "il2": 50}, events=None,
        scale="outcome", score_sd=1.0, estimate=estimate, low=None, high=None, statistic=estimate,
        p=p, p_low=p, p_high=p, how="made up",
    )  # fmt: skip


def foretold(low):
    """A panel whose gain has this lower end; None where there is no interval."""
    high = None if low is None else 0.3
    baseline = Estimate(value=0.2, low=0.1, high=0.3)
    return Prognosis(
        100,
        baseline,
        Estimate(value=0.3, low=0.2, high=0.4),
        Estimate(value=0.1, low=low, high=high),
    )


def claimed(p=0.01, estimate=1.0, low=0.05, *, higher_is_better=True):
    test = None if p is None else interaction(p, estimate)
    return claim_of(test, foretold(low), "il2", higher_is_better=higher_is_better)


@pytest.mark.parametrize(
    ("p", "estimate", "low", "higher_is_better"),
    list(product([0.001, 0.05, 0.0501, 0.9], [-1.0, 1.0], [-0.01, 0.0, 0.01], [True, False])),
)
def test_each_word_is_earned_by_its_own_test_alone(p, estimate, low, higher_is_better):
    predictive = p <= 0.05 and (estimate > 0) == higher_is_better
    prognostic = low > 0
    found = claimed(p, estimate, low, higher_is_better=higher_is_better)
    assert (found.predictive, found.prognostic) == (predictive, prognostic)
    assert found.sentence.startswith(FIRST_WORDS[predictive, prognostic])
    assert [check.passed for check in found.checks] == [predictive, prognostic]
    assert found.checks[0].rule.startswith("predictive: ")
    assert found.checks[1].rule.startswith("prognostic: ")


def test_the_level_is_the_usual_one():
    assert LEVEL == 0.05


@pytest.mark.parametrize("higher_is_better", [True, False])
def test_a_sure_interaction_in_the_wrong_direction_is_no_evidence(higher_is_better):
    estimate = -2.0 if higher_is_better else 2.0
    found = claimed(0.005, estimate, -0.1, higher_is_better=higher_is_better)
    assert not found.predictive
    assert "in the wrong direction" in found.checks[0].measured
    assert found.sentence.startswith("Neither")
    right = claimed(0.005, -estimate, -0.1, higher_is_better=higher_is_better)
    assert "in the right direction" in right.checks[0].measured
    assert right.predictive


def test_no_interaction_at_all_is_in_no_direction():
    for better in (True, False):
        assert not claimed(0.01, 0.0, higher_is_better=better).predictive


@pytest.mark.parametrize("low", [0.05, -0.05])
def test_a_learner_that_predicts_the_same_for_all_claims_nothing(low):
    found = claimed(None, low=low)
    assert not found.predictive
    assert found.checks[0].measured == "the learner predicts the same benefit for all"
    assert found.sentence.startswith(FIRST_WORDS[False, low > 0])


def test_a_gain_without_an_interval_is_not_prognostic():
    """Too few draws of people gave one; the claim must say so and not break."""
    found = claimed(0.9, low=None)
    assert not found.prognostic
    assert found.checks[1].measured.startswith("+0.1")


@pytest.mark.parametrize("prognostic", [True, False])
def test_advice_goes_with_predictive_alone(prognostic):
    low = 0.05 if prognostic else -0.05
    assert claimed(0.01, low=low).advice.startswith("Treating by this panel is a hypothesis")
    assert claimed(0.5, low=low).advice == "Do not select by this panel."


def test_what_was_measured_is_said():
    found = claimed(0.035, low=0.05)
    assert "0.035" in found.checks[0].measured
    assert found.checks[1].measured == "+0.100 (+0.050 to +0.300)"


def test_a_trial_that_is_too_small_gets_neither_word_and_the_reason():
    found = too_small(small_trial({"placebo": 12, "il2": 24}, ["Treg"], control="placebo"))
    assert not found.predictive
    assert not found.prognostic
    assert found.sentence.startswith(
        "Neither prognostic nor predictive: this trial is too small for either word."
    )
    assert found.advice == "Do not select by this panel."
    (check,) = found.checks
    assert check.measured.startswith("36 people analysed, 12 of them in the smallest arm;")
    assert not check.passed
