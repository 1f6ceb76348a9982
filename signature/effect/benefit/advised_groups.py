"""Benefit among those a rule would treat, and harm among those it advises against.

Where the latter would have benefited, the rule harms by what it withholds; where the former would
not have, by what it does.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from signature.effect.trial.estimate import mean_estimate
from signature.effect.trial.rows import as_members, as_weight
from signature.records.estimates import EffectEstimate
from signature.validation._held_out import as_scores


@dataclass(frozen=True)
class AdvisedGroup:
    """People who get the same advice.

    Parameters
    ----------
    people : int
        Rows of a positive weight.
    share : float
        Of all, by weight.
    benefit : EffectEstimate
        Of the arm over control among them: positive where treatment does better.
    """

    people: int
    share: float
    benefit: EffectEstimate


@dataclass(frozen=True)
class Advice:
    """Benefit among those advised to be treated and those advised against.

    Parameters
    ----------
    treat, against : AdvisedGroup
    difference : EffectEstimate
        Benefit among the first less that among the second; undefined when one has nobody.
    harm_p : float or None
        One-sided p-value of no harm: that treatment does not do worse than control among those
        advised against. None where no spread was seen.
    """

    treat: AdvisedGroup
    against: AdvisedGroup
    difference: EffectEstimate
    harm_p: float | None


def advice(
    benefit: np.ndarray,
    treat: np.ndarray,
    *,
    arm: np.ndarray | None = None,
    person: np.ndarray | None = None,
    weight: np.ndarray | None = None,
    shift: np.ndarray | None = None,
    level: float = 0.95,
) -> Advice:
    """Estimate the benefit among those a rule would treat, and among those it would not.

    Parameters
    ----------
    benefit : ndarray of shape (n,)
        Scores, as of `signature.effect.trial.aipw.benefit_scores`.
    treat : ndarray of bool, shape (n,)
        Whom the rule would treat.
    shift : ndarray of shape (n,), optional
        By how much a person's prediction is higher or lower than others' for reasons that say
        nothing of the person, as the level of a fold, which runs against the fold's own outcomes.
        The difference between the groups is of people alike in it, along a line.
    arm, person, weight, level
        As of `signature.effect.benefit.rule_value.rule_value`.

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
    >>> round(found.harm_p, 2)
    0.11
    """
    b = as_scores(benefit, len(benefit), "the benefit")
    w, advised = as_weight(weight, len(b)), as_members(treat, len(b))

    def mean(values: np.ndarray, among: np.ndarray | None = None) -> EffectEstimate:
        return mean_estimate(values, arm=arm, person=person, weight=w, among=among, level=level)

    groups = [
        AdvisedGroup(int((members & (w > 0)).sum()), float(w @ members / w.sum()), mean(b, members))
        for members in (advised, ~advised)
    ]
    first, second = (group.benefit.value for group in groups)
    harm = _below_0(groups[1].benefit)
    if first is None or second is None:
        return Advice(groups[0], groups[1], EffectEstimate(value=None), harm)
    known = [np.ones(len(b))] if shift is None else [np.ones(len(b)), np.asarray(shift)]
    contrast = _contrast(b, advised, np.column_stack(known), w)
    difference = EffectEstimate(value=None) if contrast is None else mean(contrast)
    return Advice(groups[0], groups[1], difference, harm)


def _contrast(
    benefit: np.ndarray, advised: np.ndarray, alike: np.ndarray, weight: np.ndarray
) -> np.ndarray | None:
    """Values whose average is the difference of benefit, and whose spread is its influence's.

    None where nobody is advised otherwise among people alike.
    """
    root = np.sqrt(weight)[:, None]

    def beyond(values: np.ndarray, columns: np.ndarray) -> np.ndarray:
        found = np.linalg.lstsq(columns * root, values * root[:, 0], rcond=None)[0]
        left: np.ndarray = values - columns @ found
        return left

    own = beyond(advised.astype("float64"), alike)
    size = float(weight @ own**2 / weight.sum())
    if size < 1e-12:
        return None
    difference = float(weight @ (own * benefit) / weight.sum()) / size
    left = beyond(benefit, np.column_stack([alike, advised]))
    return difference + own * left / size


def _below_0(benefit: EffectEstimate) -> float | None:
    if benefit.value is None or benefit.p is None:
        return None
    return benefit.p / 2 if benefit.value < 0 else 1 - benefit.p / 2
