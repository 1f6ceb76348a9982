"""What a treatment rule is worth, against giving everybody one arm.

The value of a rule is the mean outcome if everybody got the arm it recommends, estimated from
doubly robust scores of people who had no part in making it (Zhang, Tsiatis, Laber and Davidian
2012). Differences are paired: only people whom the rule gives another arm count.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from signature.effect.benefit.treatment_rule import as_table
from signature.effect.trial.estimate import mean_estimate
from signature.effect.trial.rows import as_weight
from signature.exceptions import AllocationError, PredictionsError
from signature.records.estimates import EffectEstimate


@dataclass(frozen=True)
class RuleValue:
    """Value of a rule, and its gains.

    Parameters
    ----------
    value : EffectEstimate
        Mean outcome under the rule, in units of the outcome; its p means nothing.
    shares : tuple of float
        Of the people, by arm that the rule recommends.
    gains : tuple of EffectEstimate
        By arm: how much better the rule does than giving it to everybody; positive where the rule
        is better. Without spread, and so without interval, where the rule gives all that arm.
    over_best : EffectEstimate
        The smallest of the gains. Its interval reaches from the lowest of their lower ends to the
        lowest of the upper, so that a lower end above 0 is evidence for a gain over every arm. p
        is the largest of theirs where all gains are positive; else None.
    """

    value: EffectEstimate
    shares: tuple[float, ...]
    gains: tuple[EffectEstimate, ...]
    over_best: EffectEstimate


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
        Of `signature.effect.trial.aipw.arm_scores`.
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
    >>> found = rule_value(scores, x > 0, higher_is_better=True)
    >>> round(found.value.value, 1), found.over_best.low > 0
    (0.4, True)
    """
    table = as_table(scores, "scores")
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

    def mean(values: np.ndarray) -> EffectEstimate:
        return mean_estimate(values, arm=arm, person=person, weight=w, level=level)

    sign = 1.0 if higher_is_better else -1.0
    gains = tuple(mean(sign * (own - table[:, k])) for k in range(arms))
    shares = np.bincount(chosen, weights=w, minlength=arms) / w.sum()
    return RuleValue(mean(own), tuple(float(s) for s in shares), gains, _smallest(gains))


def _smallest(gains: tuple[EffectEstimate, ...]) -> EffectEstimate:
    known = [gain for gain in gains if gain.value is not None]
    worst = min(known, key=lambda gain: gain.value or 0.0)
    if any(gain.low is None for gain in known):
        # the rule gives all the same arm, and gains nothing over that one
        return EffectEstimate(value=worst.value)
    return EffectEstimate(
        value=worst.value,
        standard_error=worst.standard_error,
        low=min(gain.low for gain in known if gain.low is not None),
        high=min(gain.high for gain in known if gain.high is not None),
        p=max(gain.p or 0.0 for gain in known) if (worst.value or 0.0) > 0 else None,
    )
