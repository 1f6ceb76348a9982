"""Whether the effect of treatment differs with a score of benefit learned on the same trial.

Cross-fitting keeps a person's own outcome out of the score, and yet the scores of one fold are
learned from the outcomes of the others: an interaction that is stronger by chance in some people is
weaker in the rest. A test that takes such a score as given rejects too often, also one that
rearranges the arms and leaves the score as it is: about twice as often as it says, for a penalised
model of twenty markers (``experiments/benchmarks/interaction_type_one.json``). Here the score is
learned anew in each rearrangement.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from signature.effect.interaction._interaction import check_room
from signature.effect.interaction._penalised_logistic import penalised_logistic
from signature.effect.interaction._two_arms import (
    ArmByScore,
    Side,
    TwoArms,
    standardised,
    summarise,
    two_arms,
)
from signature.effect.interaction.rearrangements import Rearrangements, rearrange
from signature.exceptions import PredictionsError

ScoreOf = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""From outcome (n,) and arm (n,), 1 treated and 0 control, to held-out scores (n,).

The arms passed in are the only ones it may look at. Folds must be the same each time, or depend on
these arms alone. Scores may all be the same, as when a selection keeps nothing.
"""

Arranged = Sequence[tuple[np.ndarray, np.ndarray]]
"""Outcome and arm of every rearrangement."""

ManyScores = Callable[[ScoreOf, Arranged], Iterable[np.ndarray]]
"""What calls a `ScoreOf` for all of them and returns the scores in their order."""


def one_by_one(score_of: ScoreOf, arranged: Arranged) -> Iterable[np.ndarray]:
    """Learn the scores in this process, one after the other."""
    return (score_of(outcome, code) for outcome, code in arranged)


def arm_by_crossfitted_score(
    outcome: np.ndarray,
    arm: np.ndarray,
    score_of: ScoreOf,
    *,
    control: str,
    rng: np.random.Generator,
    treated: str | None = None,
    strata: np.ndarray | None = None,
    covariates: np.ndarray | None = None,
    weight: np.ndarray | None = None,
    draws: int = 199,
    level: float = 0.95,
    side: Side = "two-sided",
    many: ManyScores = one_by_one,
) -> ArmByScore | None:
    """Test one interaction of arm and a cross-fitted score, learned anew in each rearrangement.

    Parameters
    ----------
    outcome, arm, control, rng, treated, strata, covariates, weight, level
        As of `signature.effect.interaction.arm_by_score.arm_by_score`.
    score_of : callable
        As of `ScoreOf`, for the people of the two arms in their order: everything that is learned,
        tuned or selected with the outcome happens inside. It is called `draws` + 1 times.
    draws : int
        Rearrangements; no p-value falls below 1 / (draws + 1).
    side : {"two-sided", "greater", "less"}
        For a score of benefit "greater", where a higher outcome is better. A score that is learned
        anew falls further below 0 by chance than above it, so that a two-sided test has its
        critical value from the wrong tail.
    many : callable
        As of `ManyScores`: in which processes the scores are learned. The result is the same.

    Returns
    -------
    ArmByScore or None
        A positive `estimate` says that the effect is larger where the score is: for a score of
        benefit that is what "predictive" means, and a negative one, however sure, is no evidence of
        it. None where the real score is the same for all: nothing is claimed then.

    Raises
    ------
    AllocationError, OutcomeError, PredictionsError
        As of `signature.effect.interaction.arm_by_score.arm_by_score`.

    Notes
    -----
    In a rearrangement people get the outcome that the model without interaction foretells: a
    continuous outcome moves by the average effect where the arm is another. An event stays as it is
    where the arm is the same, and otherwise changes in so many people, drawn at random, as the
    fitted risks under the two arms ask for (none against the direction of the effect).
    Rearrangements in which the score is the same for all count as no interaction.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> arm, marker = np.repeat(["il2", "placebo"], [40, 40]), rng.normal(size=80)
    >>> change = marker * (arm == "il2") + rng.normal(size=80)
    >>> fold = np.tile([0, 1], 40)
    >>> def gap(outcome, arm, rows):
    ...     slope = [np.polyfit(marker[rows & (arm == k)], outcome[rows & (arm == k)], 1)[0]
    ...              for k in (0, 1)]
    ...     return slope[1] - slope[0]
    >>> def held_out(outcome, arm):
    ...     other = [gap(outcome, arm, fold != k) for k in (0, 1)]
    ...     return marker * np.take(other, fold)
    >>> found = arm_by_crossfitted_score(
    ...     change, arm, held_out, control="placebo", rng=rng, draws=99
    ... )
    >>> found.p < 0.05, found.estimate > 0
    (True, True)
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
    # listing all would cost more fits than were asked for
    ways = rearrange(trial.code, trial.strata, draws, rng, list_all=False)
    found = learned_anew(trial, score_of, ways, rng, many)
    if found is None:
        return None
    return summarise(trial, found.score, found.sd, found.statistic, ways, level, side, learned=True)


@dataclass(frozen=True, eq=False)
class LearnedAnew:
    """A score learned from the trial, and what it gives in each rearrangement.

    Parameters
    ----------
    score : ndarray of shape (n,)
        Held out, standardised; zeros where it is the same for all.
    sd : float
        Its standard deviation before.
    statistic : ndarray of shape (n_arrangements,)
        Of the interaction with the arm, signed, the observed one first; 0 where a rearrangement
        gives all the same score.
    """

    score: np.ndarray
    sd: float
    statistic: np.ndarray


def learned_anew(
    trial: TwoArms,
    score_of: ScoreOf,
    ways: Rearrangements,
    rng: np.random.Generator,
    many: ManyScores = one_by_one,
    *,
    always: bool = False,
) -> LearnedAnew | None:
    """Learn a score in the trial as it was and in every rearrangement of its arms.

    Parameters
    ----------
    trial : TwoArms
    score_of, many : callable
        As of `arm_by_crossfitted_score`.
    ways : Rearrangements
    rng : Generator
        Of events that change with the arm.
    always : bool
        Whether to learn it in the rearrangements, too, where the real one is the same for all.

    Returns
    -------
    LearnedAnew or None
        None where the real score is the same for all, unless it is wanted `always`.

    Raises
    ------
    PredictionsError
        When the score cannot be tested.
    """
    real = _checked(score_of(trial.outcome.copy(), trial.code.copy()), trial.outcome)
    constant = _same(real)
    if constant and not always:
        return None
    statistic = np.zeros(len(ways.arms))
    s, sd = np.zeros(len(real)), 0.0
    if not constant:
        s, sd = standardised(real, "the held-out score")
        statistic[0] = _statistic(trial, trial.outcome, trial.code, s)
    if np.isnan(statistic[0]):
        raise PredictionsError(
            "the interaction of arm and held-out score cannot be told from strata, covariates and "
            "main effects; the score varies too little within an arm"
        )
    elsewhere = _Counterfactual(trial)
    arranged = [(elsewhere.outcome(code, rng), code) for code in ways.arms[1:]]
    scores = many(score_of, [(y.copy(), code.copy()) for y, code in arranged])
    for k, ((y, code), found) in enumerate(zip(arranged, scores, strict=True), start=1):
        score = _checked(found, y)
        if not _same(score):
            s_k = standardised(score, "the held-out score")[0]
            statistic[k] = _statistic(trial, y, code, s_k)
    return LearnedAnew(s, sd, statistic)


class _Counterfactual:
    """Outcomes under other arms, from the model without interaction."""

    def __init__(self, trial: TwoArms) -> None:
        self._trial = trial
        columns = trial.null_columns(None)
        check_room(len(trial.outcome), columns.shape[1] + 2)
        weight = np.ones(len(columns)) if trial.weight is None else trial.weight
        if trial.binary:
            found = penalised_logistic(columns, trial.outcome, weight=weight)[0]
            base = columns[:, :-1] @ found[:-1]
            self._risk = 1 / (1 + np.exp(-np.array([base, base + found[-1]])))
        else:
            root = np.sqrt(weight)
            found = np.linalg.lstsq(columns * root[:, None], trial.outcome * root, rcond=None)[0]
            self._effect = found[-1]

    def outcome(self, code: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        y, own = self._trial.outcome, self._trial.code
        if not self._trial.binary:
            return y + self._effect * (code.astype(int) - own)
        people = np.arange(len(y))
        there, here = self._risk[code, people], self._risk[own, people]
        gained = np.clip((there - here) / (1 - here), 0, 1)
        kept = np.clip(there / here, 0, 1)
        return (rng.random(len(y)) < np.where(y == 1, kept, gained)).astype("float64")


def _statistic(trial: TwoArms, y: np.ndarray, code: np.ndarray, score: np.ndarray) -> float:
    if np.ptp(y) == 0:
        return float("nan")
    arranged = replace(trial, outcome=y, code=code)
    check_room(len(y), arranged.null_columns(score).shape[1] + 1)
    return float(arranged.tested(arranged.fit(score), score, code[None])[2][0])


def _checked(found: np.ndarray, outcome: np.ndarray) -> np.ndarray:
    score = np.asarray(found, dtype="float64")
    if score.shape != outcome.shape or not np.isfinite(score).all():
        raise PredictionsError(
            f"score_of must return one finite number for each of {len(outcome)} people; got shape "
            f"{score.shape}, {int((~np.isfinite(score)).sum())} of them not finite"
        )
    return score


def _same(score: np.ndarray) -> bool:
    return bool(score.std() <= 1e-12 * (1 + np.abs(score).max()))
