"""What a treatment rule is worth: against giving everybody one arm, and among those it sorts.

The value of a rule is the mean outcome if everybody got the arm it recommends, estimated from
doubly robust scores of people who had no part in making it (Zhang, Tsiatis, Laber and Davidian
2012). Differences are paired: only people whom the rule gives another arm count.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from signature.effect.estimate import Estimate, as_members, as_weight, mean_estimate
from signature.exceptions import AllocationError, PredictionsError
from signature.validation._held_out import as_scores


@dataclass(frozen=True)
class RuleValue:
    """Value of a rule, and its gains.

    Parameters
    ----------
    value : Estimate
        Mean outcome under the rule, in units of the outcome; its p means nothing.
    shares : tuple of float
        Of the people, by arm that the rule recommends.
    gains : tuple of Estimate
        By arm: how much better the rule does than giving it to everybody; positive where the rule
        is better. Without spread, and so without interval, where the rule gives all that arm.
    over_best : Estimate
        The smallest of the gains. Its interval reaches from the lowest of their lower ends to the
        lowest of the upper, so that a lower end above 0 is evidence for a gain over every arm. p
        is the largest of theirs where all gains are positive; else None.
    """

    value: Estimate
    shares: tuple[float, ...]
    gains: tuple[Estimate, ...]
    over_best: Estimate


@dataclass(frozen=True)
class AdvisedGroup:
    """People who get the same advice.

    Parameters
    ----------
    people : int
        Rows of a positive weight.
    share : float
        Of all, by weight.
    benefit : Estimate
        Of the arm over control among them: positive where treatment does better.
    """

    people: int
    share: float
    benefit: Estimate


@dataclass(frozen=True)
class Advice:
    """Benefit among those advised to be treated and those advised against.

    Parameters
    ----------
    treat, against : AdvisedGroup
        Where those advised against would have benefited, the rule harms by what it withholds.
    difference : Estimate
        Benefit among the first less that among the second; undefined when one has nobody.
    """

    treat: AdvisedGroup
    against: AdvisedGroup
    difference: Estimate


def treat_if(predicted: np.ndarray, threshold: float = 0.0) -> np.ndarray:
    """Advise treatment for those whose predicted benefit is above a threshold.

    Parameters
    ----------
    predicted : ndarray of shape (n,)
        Held-out benefit of treatment over control; positive where treatment does better.
    threshold : float
        In units of the outcome: the least benefit that is worth the treatment's burden. Name it
        before outcomes are seen; one that was searched for has no interval.

    Returns
    -------
    ndarray of bool, shape (n,)

    Raises
    ------
    PredictionsError
        When a prediction is missing.

    Examples
    --------
    >>> treat_if(np.array([0.3, -0.1, 0.1]), 0.1).tolist()
    [True, False, False]
    """
    return as_scores(predicted, len(predicted), "the predicted benefit") > threshold


def best_arm(
    predicted: np.ndarray, *, higher_is_better: bool, control: int = 0, margin: float = 0.0
) -> np.ndarray:
    """Recommend the arm of the best predicted outcome, and control unless it is beaten.

    Parameters
    ----------
    predicted : ndarray of shape (n, n_arms)
        Held-out outcome under each arm.
    higher_is_better : bool
        Whether a higher outcome is the better one.
    control : int
        Given where no other arm is predicted to be better by more than the margin.
    margin : float
        In units of the outcome.

    Returns
    -------
    ndarray of int, shape (n,)
        Column of the arm; of two equally good, the first.

    Raises
    ------
    AllocationError
        When control is none of the arms.
    PredictionsError
        When a prediction is missing.

    Examples
    --------
    >>> best_arm(np.array([[1.0, 2, 3], [1, 0.9, 1]]), higher_is_better=True).tolist()
    [2, 0]
    """
    table = _as_table(predicted, "predicted")
    if not 0 <= control < table.shape[1]:
        raise AllocationError(
            f"control must be one of the {table.shape[1]} arms, from 0; got {control!r}"
        )
    gain = table - table[:, [control]]
    gain = gain if higher_is_better else -gain
    gain[:, control] = margin
    best = gain.argmax(axis=1)
    beaten = gain[np.arange(len(gain)), best] > margin
    return np.where(beaten, best, control)


def rule_value(
    scores: np.ndarray,
    recommended: np.ndarray,
    *,
    higher_is_better: bool,
    arm: np.ndarray | None = None,
    person: np.ndarray | None = None,
    weight: np.ndarray | None = None,
    level: float = 0.95,
) -> RuleValue:
    """Estimate what a rule is worth.

    Parameters
    ----------
    scores : ndarray of shape (n, n_arms)
        Of `signature.effect.aipw.arm_scores`.
    recommended : ndarray of int or bool, shape (n,)
        Column of the arm that the rule gives, made without these people's outcomes; of two arms,
        True is treatment in column 1.
    higher_is_better : bool
        Whether a higher outcome is the better one.
    arm : ndarray of shape (n,), optional
        In which the person was: spread is then counted within arms, as a trial fixes their sizes.
    person : ndarray of shape (n,), optional
        Whose row it is; left out, every row is a person.
    weight : ndarray of shape (n,), optional
        Of the row.
    level : float
        Coverage of intervals.

    Returns
    -------
    RuleValue

    Raises
    ------
    AllocationError
        When a recommendation is none of the arms.
    PredictionsError
        When a score is missing, or recommendations, persons or weights do not fit.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> x = rng.normal(size=2000)
    >>> scores = np.column_stack([np.zeros(2000), x]) + rng.normal(size=(2000, 2))
    >>> found = rule_value(scores, treat_if(x), higher_is_better=True)
    >>> round(found.value.value, 1), found.over_best.low > 0
    (0.4, True)
    """
    table = _as_table(scores, "scores")
    n, arms = table.shape
    chosen = np.asarray(recommended)
    if chosen.shape != (n,):
        raise PredictionsError(
            f"recommended must be one arm per row, shape ({n},); got shape {chosen.shape}"
        )
    odd = int((~np.isin(chosen, np.arange(arms))).sum())
    if odd:
        raise AllocationError(
            f"recommended must be one of the {arms} arms that scores have as columns, from 0; it "
            f"is not in {odd} of {n} rows"
        )
    chosen, w = chosen.astype(int), as_weight(weight, n)
    own = table[np.arange(n), chosen]

    def mean(values: np.ndarray) -> Estimate:
        return mean_estimate(values, arm=arm, person=person, weight=w, level=level)

    sign = 1.0 if higher_is_better else -1.0
    gains = tuple(mean(sign * (own - table[:, k])) for k in range(arms))
    shares = np.bincount(chosen, weights=w, minlength=arms) / w.sum()
    return RuleValue(mean(own), tuple(float(s) for s in shares), gains, _smallest(gains))


def advice(
    benefit: np.ndarray,
    treat: np.ndarray,
    *,
    arm: np.ndarray | None = None,
    person: np.ndarray | None = None,
    weight: np.ndarray | None = None,
    level: float = 0.95,
) -> Advice:
    """Estimate the benefit among those a rule would treat, and among those it would not.

    Parameters
    ----------
    benefit : ndarray of shape (n,)
        Scores, as of `signature.effect.aipw.benefit_scores`.
    treat : ndarray of bool, shape (n,)
        Whom the rule would treat.
    arm, person, weight, level
        As of `rule_value`.

    Returns
    -------
    Advice

    Raises
    ------
    PredictionsError
        When scores, advice, arms, persons or weights do not fit.

    Examples
    --------
    >>> found = advice(np.array([1.0, 3, 0, -2, -1, 0]), np.array([1, 1, 0, 0, 0, 0], dtype=bool))
    >>> found.treat.benefit.value, found.against.benefit.value, round(found.against.share, 2)
    (2.0, -0.75, 0.67)
    """
    b = as_scores(benefit, len(benefit), "the benefit")
    w, advised = as_weight(weight, len(b)), as_members(treat, len(b))

    def mean(values: np.ndarray, among: np.ndarray | None = None) -> Estimate:
        return mean_estimate(values, arm=arm, person=person, weight=w, among=among, level=level)

    groups = [
        AdvisedGroup(int((members & (w > 0)).sum()), float(w @ members / w.sum()), mean(b, members))
        for members in (advised, ~advised)
    ]
    first, second = (group.benefit.value for group in groups)
    if first is None or second is None:
        return Advice(groups[0], groups[1], Estimate(None))
    # a contrast whose average is the difference and whose spread is that of its influence
    contrast = np.where(advised, (b - first) / groups[0].share, -(b - second) / groups[1].share) + (
        first - second
    )
    return Advice(groups[0], groups[1], mean(contrast))


def _smallest(gains: tuple[Estimate, ...]) -> Estimate:
    known = [gain for gain in gains if gain.value is not None]
    worst = min(known, key=lambda gain: gain.value or 0.0)
    if any(gain.low is None for gain in known):
        # the rule gives all the same arm, and gains nothing over that one
        return Estimate(worst.value)
    return Estimate(
        worst.value,
        worst.standard_error,
        min(gain.low for gain in known if gain.low is not None),
        min(gain.high for gain in known if gain.high is not None),
        max(gain.p or 0.0 for gain in known) if (worst.value or 0.0) > 0 else None,
    )


def _as_table(values: np.ndarray, what: str) -> np.ndarray:
    table = np.asarray(values, dtype="float64")
    if table.ndim != 2 or table.shape[1] < 2 or not len(table) or not np.isfinite(table).all():
        raise PredictionsError(
            f"{what} must have one finite number for each of the rows and of two or more arms; got "
            f"shape {table.shape} with {int((~np.isfinite(table)).sum())} missing or infinite"
        )
    return table
