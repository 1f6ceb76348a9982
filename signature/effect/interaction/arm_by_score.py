"""Whether the effect of treatment differs with one score that was chosen beforehand.

The score must not have been learned from how these people's outcomes differ between arms: a single
marker, a signature of another study, or a cross-fitted prognostic score. For a score of benefit
that was cross-fitted on the same trial see `signature.effect.interaction.crossfitted_score`.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite

import numpy as np

from signature.effect.interaction._interaction import (
    as_outcome,
    check_room,
    dummies,
    fixed_columns,
    null_fit,
    studentised,
)
from signature.effect.interaction._two_arms import (
    ArmByScore,
    Level,
    Side,
    null_statistics,
    per_row,
    side_that_gains,
    standardised,
    summarise,
    two_arms,
)
from signature.effect.interaction.rearrangements import rearrange, rearrangement_p
from signature.effect.trial.allocation import arm_codes
from signature.exceptions import PredictionsError

__all__ = [
    "AnyArmByScore",
    "ArmByScore",
    "Level",
    "any_arm_by_score",
    "arm_by_score",
    "side_that_gains",
]


@dataclass(frozen=True)
class AnyArmByScore:
    """Whether the effect of any arm differs with a score.

    Parameters
    ----------
    control : str
    people : dict of int
        By arm, the control first.
    statistic : float
        Wald's chi-squared of all interactions, with robust standard errors.
    df : int
        Arms less one.
    p : float
        Of no interaction with any arm.
    p_low, p_high : float
        95 % interval for the p-value of endless rearrangements.
    how : str
        What `p` was computed over.
    """

    control: str
    people: dict[str, int]
    statistic: float
    df: int
    p: float
    p_low: float
    p_high: float
    how: str


def arm_by_score(
    outcome: np.ndarray,
    arm: np.ndarray,
    score: np.ndarray,
    *,
    control: str,
    rng: np.random.Generator,
    treated: str | None = None,
    strata: np.ndarray | None = None,
    covariates: np.ndarray | None = None,
    weight: np.ndarray | None = None,
    draws: int = 9_999,
    level: float = 0.95,
    side: Side = "two-sided",
) -> ArmByScore:
    """Test one interaction of arm and score, by rearranging the arms within strata.

    Parameters
    ----------
    outcome : ndarray of shape (n,)
        One person per row. Continuous, or all 0/1 with 1 for an event.
    arm : ndarray of str, shape (n,)
        To which each person was randomised.
    score : ndarray of shape (n,)
        Known before treatment.
    control : str
        Arm that the other is compared with.
    rng : Generator
    treated : str, optional
        The other arm; needed where there are more than two. People of further arms are left out.
    strata : ndarray of shape (n,), optional
        Within which people were randomised; also adjusted for.
    covariates : ndarray of shape (n,) or (n, k), optional
        Adjusted for by a straight line each, such as the outcome at baseline and a prognostic
        score. None may come from after randomisation.
    weight : ndarray of shape (n,), optional
        For how many people each stands, where outcomes of others are not known.
    draws : int
        Rearrangements drawn where there are too many to list.
    level : float
        Coverage of the interval.
    side : {"two-sided", "greater", "less"}
        "greater" asks only whether the effect is larger where the score is, as was said before the
        data were seen.

    Returns
    -------
    ArmByScore

    Raises
    ------
    AllocationError
        When the arms cannot be compared.
    OutcomeError
        When an outcome is missing, or all are the same.
    PredictionsError
        When the score or a covariate is missing, does not vary, or leaves too little to tell.

    Notes
    -----
    Beside its straight line the score's main effect has a bend (from `CURVE_FROM` people on), and
    people are weighted: where outcomes are lost more often at one end of a score in one arm, a
    curve would look like an interaction otherwise.

    The null hypothesis is an effect that is the same for all on the scale of the test, large or
    none: what is rearranged is what a model without interaction leaves of the outcome. The p-value
    is exact if that model's coefficients are known, and close otherwise. On the log-odds scale an
    interaction may be absent where it is present in risks, and the reverse.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> arm = np.repeat(["il2", "placebo"], [24, 12])
    >>> marker = rng.normal(size=36)
    >>> change = 3 * marker * (arm == "il2") + rng.normal(size=36)
    >>> found = arm_by_score(change, arm, marker, control="placebo", rng=rng, draws=999)
    >>> found.people, found.p < 0.01, found.low > 0
    ({'placebo': 12, 'il2': 24}, True, True)
    """
    trial = two_arms(
        outcome,
        arm,
        control=control,
        treated=treated,
        strata=strata,
        covariates=covariates,
        weight=weight,
    )
    s, sd = standardised(per_row(score, trial.rows, "the score"), "the score")
    ways = rearrange(trial.code, trial.strata, draws, rng)
    statistic = null_statistics(trial, s, ways.arms)
    return summarise(trial, s, sd, statistic, ways, level, side)


def any_arm_by_score(
    outcome: np.ndarray,
    arm: np.ndarray,
    score: np.ndarray,
    *,
    control: str,
    rng: np.random.Generator,
    strata: np.ndarray | None = None,
    covariates: np.ndarray | None = None,
    draws: int = 9_999,
) -> AnyArmByScore:
    """Test all interactions of arms and score at once, for trials of more than two arms.

    Parameters
    ----------
    outcome, arm, score, control, rng, strata, covariates, draws
        As of `arm_by_score`.

    Returns
    -------
    AnyArmByScore

    Raises
    ------
    AllocationError, OutcomeError, PredictionsError
        As of `arm_by_score`.

    Notes
    -----
    With two arms the p-value is that of `arm_by_score`. With more, test first whether any effect
    differs, and only then which, each arm against the control.
    """
    names, code = arm_codes(arm, control)
    y = as_outcome(outcome)
    s = standardised(score, "the score")[0]
    everybody = np.ones(len(code), dtype=bool)
    for values, what in ((y, "the outcome"), (s, "the score")):
        per_row(values, everybody, what)
    fixed = fixed_columns(len(y), strata, covariates)
    columns = np.hstack([fixed, s[:, None], dummies(code)])
    check_room(len(y), columns.shape[1] + len(names) - 1)
    ways = rearrange(code, strata, draws, rng)
    statistic = studentised(null_fit(y, columns), fixed, s[:, None], ways.arms)[2]
    if not isfinite(statistic[0]):
        raise PredictionsError(
            "the interactions of arms and score cannot be told from strata, covariates and main "
            "effects; the score varies too little within an arm"
        )
    # with two arms the statistic is signed
    found = rearrangement_p(np.abs(statistic), exact=ways.exact)
    return AnyArmByScore(
        control=control,
        people={name: int((code == k).sum()) for k, name in enumerate(names)},
        statistic=float(statistic[0] ** 2 if len(names) == 2 else statistic[0]),
        df=len(names) - 1,
        p=found.p,
        p_low=found.low,
        p_high=found.high,
        how=ways.how,
    )
