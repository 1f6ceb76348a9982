"""The words of a trial: which result earns which."""

from itertools import product

import pytest

from pipelines.trials.claim import LEVEL, claim_of, too_small
from signature.effect.benefit.prognosis import Prognosis
from signature.effect.interaction.deciding_test import DecidingTest, Member
from signature.effect.trial.small_trial import small_trial
from signature.records.estimates import Estimate

FIRST_WORDS = {
    (True, True): "Predictive, and prognostic: the panel tells who gains more from il2,",
    (True, False): "Predictive: the panel tells who gains more from il2.",
    (False, True): "Prognostic, not predictive: the panel foretells",
    (False, False): "Neither prognostic nor predictive: there is no evidence",
}


def decided(p, test="minimum of these", members=None, markers=("CRP", "IL6")):
    if members is None:
        members = {"score": p, "markers": p, "joint": p} if "of" in test else {test: p}
    return DecidingTest(
        test=test,
        members=tuple(Member(name, 1.0, own) for name, own in members.items()),
        p=p,
        p_low=p,
        p_high=p,
        how="made up",
        markers=markers,
        left_out={},
        clearest=markers[0] if markers else None,
        score=None,
    )


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


def claimed(p=0.01, low=0.05, **how):
    return claim_of(decided(p, **how), foretold(low), "il2", labels={"CRP": "C-reactive protein"})


@pytest.mark.parametrize(
    ("p", "low"), list(product([0.001, 0.05, 0.0501, 0.9], [-0.01, 0.0, 0.01]))
)
def test_each_word_is_earned_by_its_own_test_alone(p, low):
    predictive, prognostic = p <= 0.05, low > 0
    found = claimed(p, low)
    assert (found.predictive, found.prognostic) == (predictive, prognostic)
    assert found.sentence.startswith(FIRST_WORDS[predictive, prognostic])
    assert [check.passed for check in found.checks] == [predictive, prognostic]
    assert found.checks[0].rule.startswith("predictive: ")
    assert found.checks[1].rule.startswith("prognostic: ")


def test_the_level_is_the_usual_one():
    assert LEVEL == 0.05


def test_a_small_member_does_not_decide():
    found = claimed(0.08, members={"score": 0.9, "markers": 0.03, "joint": 0.2})
    assert not found.predictive
    assert "the strongest feature, C-reactive protein, alone p = 0.030" in found.checks[0].measured


def test_an_effect_that_differs_without_a_score_that_says_for_whom_is_no_rule():
    found = claimed(0.02, members={"score": 0.4, "markers": 0.008, "joint": 0.2})
    assert found.predictive
    assert not found.rule
    assert found.advice.endswith("a hypothesis for the next trial, and no rule.")
    assert claimed(0.02).advice.startswith("Treating by this panel is a hypothesis")
    assert claimed(0.02).rule
    untested = claimed(0.02, test="joint")
    assert not untested.rule
    assert untested.advice.endswith("no learned rule was tested.")


def test_a_panel_of_one_feature_is_called_by_its_name():
    found = claimed(0.016, -0.1, test="markers", markers=("CRP",))
    assert found.sentence.startswith("Predictive: C-reactive protein tells who gains more")
    assert "the panel's only feature" in found.checks[0].rule
    assert found.checks[0].measured == "p = 0.016"


@pytest.mark.parametrize("low", [0.05, -0.05])
def test_a_learner_that_predicts_the_same_for_all_claims_nothing(low):
    found = claimed(1.0, low, test="score", members={}, markers=())
    assert not found.predictive
    assert found.checks[0].measured == "the learner predicts the same benefit for all"
    assert found.sentence.startswith(FIRST_WORDS[False, low > 0])


def test_a_gain_without_an_interval_is_not_prognostic():
    """Too few draws of people gave one; the claim must say so and not break."""
    found = claimed(0.9, None)
    assert not found.prognostic
    assert found.checks[1].measured.startswith("+0.1")


@pytest.mark.parametrize("prognostic", [True, False])
def test_advice_goes_with_predictive_alone(prognostic):
    low = 0.05 if prognostic else -0.05
    assert claimed(0.01, low).advice.startswith("Treating by this panel is a hypothesis")
    assert claimed(0.5, low).advice == "Do not select by this panel."


def test_what_was_measured_is_said():
    found = claimed(0.035, test="score")
    assert found.checks[0].measured == "p = 0.035"
    assert found.checks[1].measured == "+0.100 (+0.050 to +0.300)"


def test_a_trial_that_is_too_small_is_not_tested_and_says_why():
    found = too_small(small_trial({"placebo": 12, "il2": 24}, ["Treg"], control="placebo"))
    assert (found.predictive, found.prognostic) == (None, None)
    assert found.sentence.startswith("Not tested: this trial is too small")
    assert found.advice == "Do not select by this panel."
    (check,) = found.checks
    assert check.measured.startswith("36 people analysed, 12 of them in the smallest arm;")
    assert not check.passed
