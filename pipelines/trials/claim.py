"""The words that a trial's result has earned, and the rules that they follow."""

from __future__ import annotations

from collections.abc import Mapping

from signature.effect.benefit.prognosis import Prognosis
from signature.effect.interaction.deciding_test import DecidingTest, Member
from signature.effect.trial.small_trial import FEWEST_IN_ARM, MOST_PEOPLE, SmallTrial
from signature.effect.trial_record import TrialCheck, TrialClaim
from signature.page.numbers import number, p_is

LEVEL = 0.05
"""Of the test that decides."""

_ANEW = "when the whole learning is repeated in rearranged arms"

_RULES = {
    "score": f"held-out predicted benefit goes with benefit, {_ANEW}; one-sided",
    "markers": "benefit goes with one of the panel's features, the strongest against the strongest "
    "by chance",
    "joint": "benefit goes with the panel's features, all of them looked at together",
    "minimum of these": "benefit goes with held-out predicted benefit, with the strongest feature "
    "or with all features together, the least likely of the three against the least likely by "
    f"chance, {_ANEW}",
}
_MEMBERS = {"score": "the score", "markers": "the strongest feature", "joint": "all together"}


def claim_of(
    decided: DecidingTest,
    foretold: Prognosis,
    treated: str,
    *,
    labels: Mapping[str, str] | None = None,
) -> TrialClaim:
    """Say what the result has earned: by the deciding test alone, predictive.

    Parameters
    ----------
    decided : DecidingTest
    foretold : Prognosis
    treated : str
        Name of the arm.
    labels : mapping of str, optional
        How features are printed.
    """
    told = labels or {}
    predictive = decided.p <= LEVEL
    panel = "the panel"
    if decided.test == "markers" and len(decided.markers) == 1:
        (only,) = decided.markers
        panel = told.get(only, only)
    return TrialClaim(
        predictive=predictive,
        rule=predictive and _rule_shown(decided),
        prognostic=foretold.adds,
        checks=[
            TrialCheck(
                rule=f"predictive: {_rule(decided, panel)}; p at most {LEVEL}",
                measured=_measured(decided, told),
                passed=predictive,
            ),
            TrialCheck(
                rule="prognostic: on held-out people the panel adds to what the baseline says of "
                "the outcome, whatever the arm; the interval of the explained variance gained lies "
                "above 0",
                measured=f"{number(foretold.gain.value, 3, sign=True)} "
                f"({number(foretold.gain.low, 3, sign=True)} to "
                f"{number(foretold.gain.high, 3, sign=True)})",
                passed=foretold.adds,
            ),
        ],
        sentence=_sentence(predictive, foretold.adds, treated, panel),
        advice=_advice(predictive, decided, panel),
    )


def too_small(size: SmallTrial) -> TrialClaim:
    """Say that neither word was tested."""
    return TrialClaim(
        predictive=None,
        rule=False,
        prognostic=None,
        checks=[
            TrialCheck(
                rule="a trial large enough for a signature to be learned and held out",
                measured=f"{sum(size.people.values())} people analysed, "
                f"{min(size.people.values())} of them in the smallest arm; needed are more than "
                f"{MOST_PEOPLE}, and {FEWEST_IN_ARM} in each arm",
                passed=False,
            )
        ],
        sentence="Not tested: this trial is too small to learn a signature and hold it out. It "
        "shows what was named beforehand, whether treatment moved the panel, and effects with "
        "their intervals.",
        advice="Do not select by this panel.",
    )


def _rule(decided: DecidingTest, panel: str) -> str:
    if decided.test == "markers" and len(decided.markers) == 1:
        return f"benefit goes with {panel}, the panel's only feature"
    return _RULES[decided.test]


def _measured(decided: DecidingTest, labels: Mapping[str, str]) -> str:
    if not decided.members:
        return "the learner predicts the same benefit for all"
    told = p_is(decided.p)
    if len(decided.members) > 1:
        told += f" ({'; '.join(_alone(m, decided, labels) for m in decided.members)})"
    elif decided.test == "markers" and len(decided.markers) > 1 and decided.clearest:
        told += f" ({labels.get(decided.clearest, decided.clearest)})"
    return told


def _alone(member: Member, decided: DecidingTest, labels: Mapping[str, str]) -> str:
    name = _MEMBERS[member.test]
    if member.test == "markers" and decided.clearest:
        name += f", {labels.get(decided.clearest, decided.clearest)},"
    return f"{name} alone {p_is(member.p)}"


def _sentence(predictive: bool, prognostic: bool, treated: str, panel: str) -> str:
    if predictive and prognostic:
        return (
            f"Predictive, and prognostic: {panel} tells who gains more from {treated}, and the "
            "panel what becomes of people whatever they are given."
        )
    if predictive:
        return (
            f"Predictive: {panel} tells who gains more from {treated}. It says nothing certain "
            "of what becomes of people otherwise."
        )
    if prognostic:
        return (
            "Prognostic, not predictive: the panel foretells what becomes of people in all arms; "
            f"there is no evidence that it tells who gains more from {treated}."
        )
    return (
        "Neither prognostic nor predictive: there is no evidence of heterogeneity that the panel "
        f"knows of, of the effect of {treated} or of the outcome."
    )


def _rule_shown(decided: DecidingTest) -> bool:
    return any(member.test == "score" and member.p <= LEVEL for member in decided.members)


def _advice(predictive: bool, decided: DecidingTest, panel: str) -> str:
    if not predictive:
        return "Do not select by this panel."
    if _rule_shown(decided):
        return (
            "Treating by this panel is a hypothesis for the next trial; it was found in this one, "
            "not yet in others."
        )
    if all(member.test != "score" for member in decided.members):
        return (
            f"That benefit goes with {panel} is a hypothesis for the next trial; no learned rule "
            "was tested."
        )
    return (
        "The effect differs with the panel, but predicted benefit was not shown to say for whom "
        "it is larger: a hypothesis for the next trial, and no rule."
    )
