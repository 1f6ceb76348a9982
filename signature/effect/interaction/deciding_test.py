"""The one test that decides whether a panel tells who gains more, fixed before the data.

A score of benefit learned anew in every rearrangement, the strongest marker, all markers together,
or the least likely of these three by the same rearrangements: which of them is best depends on how
benefit goes with the panel, and that is not known before.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf, isfinite
from typing import Literal, get_args

import numpy as np
import pandas as pd

from signature.effect.interaction._marker_statistics import marker_statistics
from signature.effect.interaction._two_arms import (
    ArmByScore,
    Level,
    Side,
    TwoArms,
    facing,
    right_side,
    side_that_gains,
    summarise,
    two_arms,
)
from signature.effect.interaction.crossfitted_score import (
    LearnedAnew,
    ManyScores,
    ScoreOf,
    learned_anew,
    one_by_one,
)
from signature.effect.interaction.rearrangements import (
    RearrangementP,
    Rearrangements,
    rearrange,
    rearrangement_p,
)
from signature.exceptions import PredictionsError

Test = Literal["score", "markers", "joint", "minimum of these"]

FEW_MARKERS = 5
"""Up to so many are looked at one by one, the strongest against the strongest by chance."""

OF_MARKERS = 9_999
"""Rearrangements of a test that learns nothing."""


@dataclass(frozen=True)
class Member:
    """One of the tests that were looked at.

    Parameters
    ----------
    test : {"score", "markers", "joint"}
    statistic : float or None
        Larger is further from chance; None for a score on the wrong side, or the same for all.
    p : float
        Of this member alone; it decides only where it is the only one.
    """

    test: Test
    statistic: float | None
    p: float


@dataclass(frozen=True)
class DecidingTest:
    """Whether the effect of treatment goes with the panel.

    Parameters
    ----------
    test : {"score", "markers", "joint", "minimum of these"}
        Which test it was.
    members : tuple of Member
        What was looked at; more than one for the minimum.
    p : float
        The number that decides.
    p_low, p_high : float
        95 % interval for the p-value of endless rearrangements.
    how : str
        What `p` was computed over.
    markers : tuple of str
        Those looked at; empty where the score alone was.
    left_out : dict of str
        Why a marker was not.
    clearest : str or None
        Marker of the largest statistic.
    score : ArmByScore or None
        The score's own test, where it was looked at and is not the same for all.
    """

    test: Test
    members: tuple[Member, ...]
    p: float
    p_low: float
    p_high: float
    how: str
    markers: tuple[str, ...]
    left_out: dict[str, str]
    clearest: str | None
    score: ArmByScore | None


def usual_test(n_markers: int) -> Test:
    """Say which test decides where none was declared, by the size of the panel alone.

    Examples
    --------
    >>> usual_test(1), usual_test(40)
    ('markers', 'minimum of these')
    """
    return "markers" if n_markers <= FEW_MARKERS else "minimum of these"


def deciding_test(
    outcome: np.ndarray,
    arm: np.ndarray,
    markers: pd.DataFrame,
    score_of: ScoreOf | None,
    *,
    test: Test,
    control: str,
    rng: np.random.Generator,
    treated: str | None = None,
    strata: np.ndarray | None = None,
    covariates: np.ndarray | None = None,
    weight: np.ndarray | None = None,
    better: Level = "higher",
    gains_more: Mapping[str, Level] | None = None,
    draws: int = 199,
    many: ManyScores = one_by_one,
) -> DecidingTest:
    """Test whether treatment does more for some people, as the panel has it.

    Parameters
    ----------
    markers : DataFrame of shape (n, n_markers)
        The panel before treatment, gaps filled without outcome and arm.
    score_of : callable or None
        As of `signature.effect.interaction.crossfitted_score.arm_by_crossfitted_score`: predicted
        benefit, higher where people are to gain more. None where the score has no part in the test.
    test : {"score", "markers", "joint", "minimum of these"}
        The score, one-sided: larger predicted benefit goes with larger benefit. The strongest of
        the markers against the strongest by chance. The sum of all markers' squared statistics. Or
        the smallest of the three p-values against the smallest by chance.
    better : {"higher", "lower"}
        Of the outcome.
    gains_more : mapping of str, optional
        By marker, whether people in whom it is higher, or lower, were said beforehand to gain more:
        that marker is looked at on this side only.
    draws : int
        Rearrangements in which the score is learned anew; `OF_MARKERS` where it has no part.
    outcome, arm, control, rng, treated, strata, covariates, weight, many
        As of `signature.effect.interaction.crossfitted_score.arm_by_crossfitted_score`.

    Returns
    -------
    DecidingTest

    Raises
    ------
    AllocationError, OutcomeError
        As of `signature.effect.interaction.arm_by_score.arm_by_score`.
    PredictionsError
        When a marker has gaps, none can be tested where the test is of markers, or the score is
        missing where the test is of it.

    Notes
    -----
    All members see the same rearrangements, so the minimum allows for what they have in common. A
    score that is the same for all, or on the wrong side, gives a p-value of 1.

    Examples
    --------
    >>> rng = np.random.default_rng(3)
    >>> arm = np.repeat(["il2", "placebo"], [40, 40])
    >>> markers = pd.DataFrame(rng.normal(size=(80, 5)), columns=["IL6", "CRP", "TNF", "a", "b"])
    >>> change = 1.5 * markers["CRP"] * (arm == "il2") + rng.normal(size=80)
    >>> found = deciding_test(
    ...     change, arm, markers, None, test="markers", control="placebo", rng=rng
    ... )
    >>> found.p < 0.01, found.clearest
    (True, 'CRP')
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
    if test not in get_args(Test):
        raise ValueError(f"test must be one of {get_args(Test)}, got {test!r}")
    odd = set(gains_more or {}) - set(map(str, markers.columns))
    if odd and test != "score":
        raise PredictionsError(
            f"gains_more names {', '.join(map(repr, sorted(odd)))}, none of the markers"
        )
    learned = test in ("score", "minimum of these")
    if learned and score_of is None:
        raise PredictionsError(f"the test {test!r} needs a score; none was given")
    ways = rearrange(
        trial.code, trial.strata, draws if learned else OF_MARKERS, rng, list_all=not learned
    )
    statistics: dict[Test, np.ndarray] = {}
    own, panel = None, _Panel({}, None, (), {})
    if learned and score_of is not None:
        # whether it is the same for all depends on the arms: the minimum must know of it, too
        always = test == "minimum of these"
        found = learned_anew(trial, score_of, ways, rng, many, always=always)
        side: Side = "greater" if better == "higher" else "less"
        if found is not None:
            statistics["score"] = right_side(found.statistic, side)
            own = _summary(trial, found, ways, side)
    if test != "score":
        panel = _panel(trial, markers, ways, better, gains_more or {})
        statistics |= panel.statistics
        if not panel.statistics and test != "minimum of these":
            raise PredictionsError("no marker can be tested: " + "; ".join(panel.left_out.values()))
    if test != "minimum of these":
        statistics = {name: values for name, values in statistics.items() if name == test}
    members = tuple(
        Member(
            name,
            float(values[0]) if isfinite(values[0]) else None,
            rearrangement_p(values, exact=ways.exact).p,
        )
        for name, values in statistics.items()
    )
    decided = RearrangementP(1.0, 1.0, 1.0, inf)
    if statistics:
        # of one member this is its own p-value
        rarest = np.min([_p_of_each(values) for values in statistics.values()], axis=0)
        decided = rearrangement_p(-rarest, exact=ways.exact)
    return DecidingTest(
        test=test,
        members=members,
        p=decided.p,
        p_low=decided.low,
        p_high=decided.high,
        how=ways.how,
        markers=panel.markers,
        left_out=panel.left_out,
        clearest=panel.clearest,
        score=own,
    )


@dataclass(frozen=True, eq=False)
class _Panel:
    """What a panel's markers give, without any learning."""

    statistics: dict[Test, np.ndarray]
    clearest: str | None
    markers: tuple[str, ...]
    left_out: dict[str, str]


def _panel(
    trial: TwoArms,
    markers: pd.DataFrame,
    ways: Rearrangements,
    better: Level,
    gains_more: Mapping[str, Level],
) -> _Panel:
    """Take the strongest marker, and all of them together."""
    found = marker_statistics(trial, markers, ways.arms)
    names = tuple(found.statistics)
    if not names:
        return _Panel({}, None, (), found.left_out)
    sided = _sided(found.statistics, better, gains_more)
    return _Panel(
        {"markers": sided.max(axis=1), "joint": (np.maximum(sided, 0) ** 2).sum(axis=1)},
        names[int(np.argmax(sided[0]))],
        names,
        found.left_out,
    )


def _summary(
    trial: TwoArms, found: LearnedAnew, ways: Rearrangements, side: Side
) -> ArmByScore | None:
    """Say what the score gives alone; None where it is the same for all."""
    if found.sd <= 0:
        return None
    return summarise(trial, found.score, found.sd, found.statistic, ways, 0.95, side, learned=True)


def _sided(
    by_marker: Mapping[str, np.ndarray],
    better: Level,
    gains_more: Mapping[str, Level],
) -> np.ndarray:
    """Statistics that are larger where they are further from chance, on the side declared.

    Where all who have a rare feature are in one arm there is no statistic, and no evidence.
    """
    found = []
    for name, values in by_marker.items():
        told = facing(values, side_that_gains(name, gains_more, better))
        found.append(np.where(np.isnan(told), -inf, told))
    return np.column_stack(found)


def _p_of_each(values: np.ndarray) -> np.ndarray:
    """P-value that each rearrangement would have had as the observed one."""
    reached = np.where(np.isnan(values), np.inf, values)
    in_order = np.sort(reached)
    least = reached.copy()
    least[np.isfinite(reached)] -= 1e-9 * np.abs(reached[np.isfinite(reached)])
    p: np.ndarray = (len(reached) - np.searchsorted(in_order, least)) / len(reached)
    return p
