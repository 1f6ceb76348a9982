"""The effect of treatment in named groups of people, and whether it differs between them.

Such as CRP of 5 mg/L or more against less, or childhood maltreatment against none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite

import numpy as np
import pandas as pd
from scipy.special import ndtri
from scipy.stats import t as student

from signature.effect.interaction._interaction import check_room, full_rank, null_fit, studentised
from signature.effect.interaction._penalised_logistic import penalised_logistic
from signature.effect.interaction._two_arms import Scale, TwoArms, per_row, summarise, two_arms
from signature.effect.interaction.rearrangements import rearrange, rearrangement_p
from signature.effect.trial.allocation import FEWEST_IN_ARM
from signature.exceptions import PredictionsError


@dataclass(frozen=True)
class LevelEffect:
    """The effect among people of one level.

    Parameters
    ----------
    level : str
    people : dict of int
        By arm.
    effect : float or None
        Treated less control, in units of the outcome or in log-odds; None where an arm has too few
        people of this level.
    low, high : float or None
        Its interval, not corrected for the number of levels.
    """

    level: str
    people: dict[str, int]
    effect: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Moderator:
    """What `moderator` found.

    Parameters
    ----------
    levels : tuple of LevelEffect
    unknown : int
        People of the two arms whose level is not known; they are left out.
    scale : {"outcome", "log odds"}
    difference : float or None
        Effect in the second of two levels less that in the first; None where it is not two that
        are compared.
    difference_low, difference_high : float or None
        Its interval, which excludes 0 exactly where `p` is at most 1 minus its level.
    p : float or None
        Of an effect that is the same in all levels that have enough people; None where these are
        fewer than two.
    p_low, p_high : float or None
        95 % interval for the p-value of endless rearrangements.
    how : str
        What `p` was computed over, or why it was not.
    """

    levels: tuple[LevelEffect, ...]
    unknown: int
    scale: Scale
    difference: float | None
    difference_low: float | None
    difference_high: float | None
    p: float | None
    p_low: float | None
    p_high: float | None
    how: str


def moderator(
    outcome: np.ndarray,
    arm: np.ndarray,
    level: Sequence[str | None] | np.ndarray | pd.Series,
    *,
    control: str,
    rng: np.random.Generator,
    order: Sequence[str] | None = None,
    treated: str | None = None,
    strata: np.ndarray | None = None,
    covariates: np.ndarray | None = None,
    weight: np.ndarray | None = None,
    draws: int = 9_999,
    coverage: float = 0.95,
) -> Moderator:
    """Estimate the effect in each level of a category, and test whether it is the same.

    Parameters
    ----------
    level : sequence of str, shape (n,)
        Of each person, known before treatment; None or NaN where it is not known.
    order : sequence of str, optional
        All levels, the one that others are compared with first; alphabetical when left out.
    coverage : float
        Of the intervals.
    outcome, arm, control, rng, treated, strata, covariates, weight, draws
        As of `signature.effect.interaction.arm_by_score.arm_by_score`.

    Returns
    -------
    Moderator

    Raises
    ------
    AllocationError, OutcomeError
        As of `signature.effect.interaction.arm_by_score.arm_by_score`.
    PredictionsError
        When a level is not in `order`, or coefficients cannot be told.

    Notes
    -----
    Effects come from one model with an effect of its own in each level. A small p-value in one
    level and a large one in another say nothing of a difference; `p` does.

    Examples
    --------
    >>> rng = np.random.default_rng(2)
    >>> arm, crp = np.tile(["infliximab", "placebo"], 30), np.repeat(["below 5", "5 and more"], 30)
    >>> change = 3 * (arm == "infliximab") * (crp == "5 and more") + rng.normal(size=60)
    >>> found = moderator(
    ...     change, arm, crp, control="placebo", rng=rng, order=["below 5", "5 and more"], draws=999
    ... )
    >>> [(one.level, one.low < 0 < one.high) for one in found.levels], found.p
    ([('below 5', True), ('5 and more', False)], 0.001)
    """
    if not 0 < coverage < 1:
        raise ValueError(f"coverage of an interval lies between 0 and 1; got {coverage!r}")
    trial = two_arms(
        outcome,
        arm,
        control=control,
        treated=treated,
        strata=strata,
        covariates=covariates,
        weight=weight,
    )
    given = pd.Series(per_row(np.asarray(level, dtype=object), trial.rows, "the level"))
    known = given.notna().to_numpy()
    label = given.where(given.notna(), "").astype("str").to_numpy()
    names = sorted(set(label[known])) if order is None else list(order)
    odd = sorted(set(label[known]) - set(names))
    if odd:
        raise PredictionsError(
            f"{len(odd)} levels are not declared: {', '.join(map(repr, odd[:5]))}; declared are "
            + ", ".join(map(repr, names))
        )
    people = {
        name: {a: int((known & (label == name) & (trial.code == k)).sum())
               for k, a in enumerate(trial.names)}
        for name in names
    }  # fmt: skip
    enough = [name for name in names if min(people[name].values()) >= FEWEST_IN_ARM]
    scale: Scale = "log odds" if trial.binary else "outcome"
    unknown = int((~known).sum())
    effects: dict[str, tuple[float, float, float]] = {}
    difference = low = high = p = p_low = p_high = None
    how = f"not tested: fewer than two levels have {FEWEST_IN_ARM} people or more in both arms"
    if enough:
        kept = _part(trial, known & np.isin(label, enough))
        of_level = (label[known & np.isin(label, enough)][:, None] == enough).astype("float64")
        effects = dict(zip(enough, _effects(kept, of_level, coverage), strict=True))
    if len(enough) > 1:
        score = of_level[:, 1:]
        columns = full_rank(np.hstack([kept.fixed, score, kept.code[:, None]]))
        check_room(len(columns), columns.shape[1] + score.shape[1])
        ways = rearrange(kept.code, kept.strata, draws, rng)
        fit = null_fit(kept.outcome, columns, weight=kept.weight)
        statistic = np.abs(studentised(fit, kept.fixed, score, ways.arms)[2])
        if not isfinite(statistic[0]):
            raise PredictionsError(
                "the effect in each level cannot be told from strata and covariates"
            )
        found = rearrangement_p(statistic, exact=ways.exact, level=coverage)
        p, p_low, p_high, how = found.p, found.low, found.high, ways.how
        if len(enough) == 2:
            test = summarise(kept, score[:, 0], 1.0, statistic, ways, coverage)
            difference, low, high = test.estimate, test.low, test.high
    lines = [LevelEffect(n, people[n], *effects.get(n, (None, None, None))) for n in names]
    return Moderator(tuple(lines), unknown, scale, difference, low, high, p, p_low, p_high, how)


def _part(trial: TwoArms, inside: np.ndarray) -> TwoArms:
    rows = trial.rows.copy()
    rows[rows] = inside
    strata = None if trial.strata is None else trial.strata[inside]
    fixed = full_rank(trial.fixed[inside])
    weight = None if trial.weight is None else trial.weight[inside]
    return TwoArms(
        trial.names, rows, trial.outcome[inside], trial.code[inside], strata, fixed, weight
    )


def _effects(
    trial: TwoArms, of_level: np.ndarray, coverage: float
) -> list[tuple[float, float, float]]:
    """Effect in each level with its interval, from one model."""
    levels = of_level.shape[1]
    treated = trial.code.astype("float64")[:, None]
    X = np.hstack([full_rank(np.hstack([trial.fixed, of_level])), treated * of_level])
    check_room(len(X), X.shape[1])
    weight = np.ones(len(X)) if trial.weight is None else trial.weight
    if trial.binary:
        coefficient, covariance, p = penalised_logistic(X, trial.outcome, weight=weight)
        if trial.weight is not None:
            pull = covariance @ (X * (weight * (trial.outcome - p))[:, None]).T
            covariance = pull @ pull.T
        error = np.sqrt(np.diag(covariance))[-levels:]
        quantile = np.full(levels, ndtri(0.5 + coverage / 2))
    else:
        root = np.sqrt(weight)
        X, y = X * root[:, None], trial.outcome * root
        bread = np.linalg.inv(X.T @ X)
        coefficient = bread @ X.T @ y
        left = (y - X @ coefficient) ** 2
        room = np.maximum(1 - ((X @ bread) * X).sum(axis=1), 1e-6)
        pull = (bread @ X.T)[-levels:] ** 2
        variance = np.zeros(levels)
        for k in (0, 1):
            for j in range(levels):
                cell = (trial.code == k) & (of_level[:, j] == 1)
                spread = left[cell].sum() / (weight * room)[cell].sum()
                variance += spread * (pull * weight)[:, cell].sum(axis=1)
        error = np.sqrt(np.maximum(variance, pull @ (left / room)))
        quantile = student.ppf(0.5 + coverage / 2, of_level.sum(axis=0) - 2)
    value = coefficient[-levels:]
    low, high = value - quantile * error, value + quantile * error
    return [(float(v), float(a), float(b)) for v, a, b in zip(value, low, high, strict=True)]
