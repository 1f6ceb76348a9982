"""Effect of treatment by quantile of predicted benefit, or of predicted risk.

By predicted benefit the table shows whether those promised more gain more. By risk predicted
without treatment it is the risk-based analysis of the PATH statement (Kent 2020): where the
relative effect is the same for all, those at high risk still gain more in absolute terms, and that
is no sign of a predictive signature. Both scales are given for that reason.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, log, sqrt

import numpy as np
from scipy.stats import rankdata

from signature.effect.trial.aipw import benefit_scores
from signature.effect.trial.estimate import clustered_variance, estimate, mean_estimate
from signature.effect.trial.rows import as_weight
from signature.exceptions import AllocationError, PredictionsError
from signature.records.estimates import EffectEstimate
from signature.validation._held_out import as_scores, fold_codes, person_codes

FEWEST_IN_AN_ARM = 5
"""People of each arm below which no effect of a group is given."""


@dataclass(frozen=True)
class GroupEffect:
    """One group of people.

    Parameters
    ----------
    people, treated, controls : int
        In the group, and of them in the two arms compared.
    predicted : float
        Average of what the groups were made by.
    benefit : EffectEstimate or None
        Average benefit, in units of the outcome; positive where treatment does better. None, as are
        the next two, where either arm has too few people.
    mean_treated, mean_control : float or None
        Mean outcome under each arm; of an event, its risk. Estimates, which may fall outside 0 to 1
        in a small group.
    risk_ratio : EffectEstimate or None
        Risk under treatment over risk under control, with p of a ratio of 1; None unless the
        outcome is an event and both risks are between 0 and 1.
    """

    people: int
    treated: int
    controls: int
    predicted: float
    benefit: EffectEstimate | None
    mean_treated: float | None
    mean_control: float | None
    risk_ratio: EffectEstimate | None


@dataclass(frozen=True)
class EffectByGroup:
    """Effects of all groups, and whether the ends differ.

    Parameters
    ----------
    groups : tuple of GroupEffect
        From the lowest prediction to the highest.
    highest_minus_lowest : EffectEstimate or None
        Benefit in the last group less that in the first; None with one group, or where one of
        the two has no effect given.
    """

    groups: tuple[GroupEffect, ...]
    highest_minus_lowest: EffectEstimate | None


def quantile_groups(
    predicted: np.ndarray, n_groups: int = 4, fold: np.ndarray | None = None
) -> np.ndarray:
    """Put people into groups of about the same size by their prediction.

    Parameters
    ----------
    predicted : ndarray of shape (n,)
        Held-out benefit or risk.
    n_groups : int
        2 or more.
    fold : ndarray of shape (n,), optional
        Held-out fold of the row: quantiles are then taken within each, as its model's scale is its
        own. Left out, over all rows.

    Returns
    -------
    ndarray of int, shape (n,)
        From 0, the lowest. Equal predictions (of a fold) are in the same group, so that some may be
        empty.

    Raises
    ------
    PredictionsError
        When there is not one finite prediction, and one fold, per row.
    ValueError
        When there are fewer than two groups.

    Examples
    --------
    >>> quantile_groups(np.array([0.1, 0.9, 0.5, 0.3]), 2)
    array([0, 1, 1, 0])
    """
    x = as_scores(predicted, len(predicted), "the prediction")
    if n_groups < 2:
        raise ValueError(f"n_groups must be 2 or more; got {n_groups!r}")
    part = fold_codes(fold, len(x))
    group = np.empty(len(x), dtype=int)
    for k in np.unique(part):
        members = part == k
        share = (rankdata(x[members]) - 0.5) / members.sum()
        group[members] = np.floor(share * n_groups + 1e-9)
    return group


def effect_by_group(
    scores: np.ndarray,
    arm: np.ndarray,
    predicted: np.ndarray,
    group: np.ndarray,
    *,
    treated: int = 1,
    control: int = 0,
    higher_is_better: bool,
    event: bool = False,
    person: np.ndarray | None = None,
    weight: np.ndarray | None = None,
    level: float = 0.95,
) -> EffectByGroup:
    """Estimate the benefit in each group.

    Parameters
    ----------
    scores : ndarray of shape (n, n_arms)
        Of `signature.effect.trial.aipw.arm_scores`.
    arm : ndarray of int, shape (n,)
        In which arm the person was.
    predicted : ndarray of shape (n,)
        What the groups were made by.
    group : ndarray of int, shape (n,)
        Of `quantile_groups`, or any that was made without these people's outcomes.
    treated, control : int
        Arms that are compared.
    higher_is_better : bool
        Whether a higher outcome is the better one.
    event : bool
        Whether the outcome is 0/1, for the relative scale.
    person : ndarray of shape (n,), optional
        Whose row it is.
    weight : ndarray of shape (n,), optional
        Of the row.
    level : float
        Coverage of intervals.

    Returns
    -------
    EffectByGroup

    Raises
    ------
    AllocationError, PredictionsError
        When arms, scores, groups or predictions do not fit.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> x, arm = rng.normal(size=400), np.arange(400) % 2
    >>> scores = np.column_stack([rng.normal(size=400), x + rng.normal(size=400)])
    >>> found = effect_by_group(scores, arm, x, quantile_groups(x), higher_is_better=True)
    >>> [round(one.benefit.value) for one in found.groups]
    [-1, 0, 0, 1]
    >>> found.highest_minus_lowest.p < 0.001
    True
    """
    benefit = benefit_scores(scores, treated, control, higher_is_better=higher_is_better)
    n = len(benefit)
    x, w = as_scores(predicted, n, "the prediction"), as_weight(weight, n)
    a, g = np.asarray(arm), np.asarray(group)
    if a.shape != (n,):
        raise AllocationError(f"arm must be one number per row, shape ({n},); got shape {a.shape}")
    if g.shape != (n,):
        raise PredictionsError(f"group must be one per row, shape ({n},); got shape {g.shape}")
    who = person_codes(person, n)
    table = np.asarray(scores, dtype="float64")[:, [treated, control]]
    found = []
    members = [(g == one) & (w > 0) for one in np.unique(g[w > 0])]
    for rows in members:
        n_treated, n_controls = (len(np.unique(who[rows & (a == k)])) for k in (treated, control))
        of_group = ratio = r1 = r0 = None
        if min(n_treated, n_controls) >= FEWEST_IN_AN_ARM:
            of_group = mean_estimate(benefit, arm=a, person=who, weight=w, among=rows, level=level)
            r1, r0 = (float(m) for m in w[rows] @ table[rows] / w[rows].sum())
            if event:
                ratio = _risk_ratio(table, (r1, r0), rows, a, who, w, level)
        people, center = len(np.unique(who[rows])), float(np.average(x[rows], weights=w[rows]))
        found.append(GroupEffect(people, n_treated, n_controls, center, of_group, r1, r0, ratio))
    ends = None
    if len(found) > 1 and found[0].benefit and found[-1].benefit:
        ends = _difference(benefit, members[-1], members[0], a, who, w, level)
    return EffectByGroup(tuple(found), ends)


def _risk_ratio(
    table: np.ndarray,
    risks: tuple[float, float],
    rows: np.ndarray,
    arm: np.ndarray,
    person: np.ndarray,
    weight: np.ndarray,
    level: float,
) -> EffectEstimate | None:
    """Ratio with an interval on its logarithm, by the delta method."""
    if not all(0 < risk < 1 for risk in risks):
        return None
    r1, r0 = risks
    share = weight * rows / weight[rows].sum()
    influence = share * (table[:, 0] / r1 - table[:, 1] / r0)
    variance, df = clustered_variance(influence, arm, person, weight, rows)
    of_log = estimate(log(r1 / r0), sqrt(variance), df=df, level=level)
    if of_log.low is None or of_log.high is None:
        return EffectEstimate(value=r1 / r0)
    return EffectEstimate(value=r1 / r0, low=exp(of_log.low), high=exp(of_log.high), p=of_log.p)


def _difference(
    benefit: np.ndarray,
    high: np.ndarray,
    low: np.ndarray,
    arm: np.ndarray,
    person: np.ndarray,
    weight: np.ndarray,
    level: float,
) -> EffectEstimate:
    """Compare two groups; a person with rows in both is in both."""
    influence, means = np.zeros(len(benefit)), []
    for sign, rows in ((1, high), (-1, low)):
        share = weight * rows / weight[rows].sum()
        means.append(float(share @ benefit))
        influence += sign * share * (benefit - means[-1])
    variance, df = clustered_variance(influence, arm, person, weight, high | low)
    return estimate(means[0] - means[1], sqrt(variance), df=df, level=level)
