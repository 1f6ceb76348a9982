"""Whether benefit rises along a marker, or steps up at a cut that was named before.

Infliximab helped only at CRP of 5 mg/L or more: if benefit steps, the cut is a group to treat; if
it rises in a line, no cut is better than another. Both are fitted with the same main effects, and
each is asked whether data as it has them would favour the other as much as the real ones do (Cox
1962).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from signature.effect.interaction._interaction import check_room, full_rank
from signature.effect.interaction._two_arms import CURVE_FROM, per_row, two_arms
from signature.effect.trial.allocation import FEWEST_IN_ARM
from signature.effect.trial.estimate import estimate
from signature.effect.trial.robust_regression import robust_regression
from signature.exceptions import PredictionsError
from signature.learn.restricted_cubic import bends, knots_of
from signature.records.estimates import EffectEstimate

Shape = Literal["line", "step", "not told apart", "neither"]

POINTS = 25
LEVEL = 0.05


@dataclass(frozen=True)
class LineOrStep:
    """What was found of a marker and its cut.

    Parameters
    ----------
    cut : float
    people : int
        Of both arms, the marker known.
    shape : {"line", "step", "not told apart", "neither"}
        What the data do not contradict at 5 %.
    p_line, p_step : float
        Of benefit as a line, and as a step: how often data of that shape favour the other so much.
    slope : EffectEstimate
        Effect at a marker higher by one standard deviation less that at the lower, as a line.
    step : EffectEstimate
        Effect at and above the cut less that below it.
    values : tuple of float
        Of the marker, from its 5th to its 95th percentile; just below the cut, and the cut itself.
    along_line, along_step : tuple of EffectEstimate
        Effect there: treated less control, in units of the outcome.
    """

    cut: float
    people: int
    shape: Shape
    p_line: float
    p_step: float
    slope: EffectEstimate
    step: EffectEstimate
    values: tuple[float, ...]
    along_line: tuple[EffectEstimate, ...]
    along_step: tuple[EffectEstimate, ...]


def line_or_step(
    outcome: np.ndarray,
    arm: np.ndarray,
    marker: np.ndarray,
    cut: float,
    *,
    control: str,
    rng: np.random.Generator,
    treated: str | None = None,
    strata: np.ndarray | None = None,
    covariates: np.ndarray | None = None,
    weight: np.ndarray | None = None,
    draws: int = 1_999,
) -> LineOrStep | None:
    """Compare both shapes.

    Parameters
    ----------
    marker : ndarray of shape (n,)
        Before treatment; NaN where it is not known.
    cut : float
        People at it count as above.
    draws : int
        Data sets of either shape.
    outcome, arm, control, rng, treated, strata, covariates, weight
        As of `signature.effect.interaction.arm_by_score.arm_by_score`. An event counts as 0 and 1,
        its effect as a difference in risk.

    Returns
    -------
    LineOrStep or None
        None where fewer than `CURVE_FROM` people are left, an arm has fewer than four on one side
        of the cut, or the marker has two values: the shapes cannot be told apart then.

    Raises
    ------
    AllocationError, OutcomeError, PredictionsError
        As of `signature.effect.interaction.arm_by_score.arm_by_score`.

    Notes
    -----
    Data of a shape are its fit and what that leaves, dealt anew among the people of an arm.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> arm, crp = np.tile(["drug", "placebo"], 150), rng.normal(5, 2, size=300)
    >>> change = 2.5 * (arm == "drug") * (crp >= 5) + rng.normal(size=300)
    >>> found = line_or_step(change, arm, crp, 5, control="placebo", rng=rng)
    >>> found.shape, found.p_line < 0.01
    ('step', True)
    """
    known = np.isfinite(np.asarray(marker, dtype="float64"))
    kept: list[np.ndarray | None] = [
        None if given is None else np.asarray(given)[known]
        for given in (strata, covariates, weight)
    ]
    trial = two_arms(
        np.asarray(outcome)[known],
        np.asarray(arm)[known],
        control=control,
        treated=treated,
        strata=kept[0],
        covariates=kept[1],
        weight=kept[2],
    )
    value = per_row(np.asarray(marker, dtype="float64")[known], trial.rows, "the marker")
    above = (value >= cut).astype("float64")
    sides = [((above == side) & (trial.code == k)).sum() for side in (0, 1) for k in (0, 1)]
    if len(value) < CURVE_FROM or min(sides) < FEWEST_IN_ARM:
        return None
    middle, sd = value.mean(), value.std(ddof=1)
    scaled = (value - middle) / sd
    treated_ = trial.code.astype("float64")
    main = full_rank(
        np.column_stack([trial.fixed, scaled, bends(scaled, knots_of(scaled, 3)), above])
    )
    shared = np.column_stack([main, treated_])
    check_room(len(value), shared.shape[1] + 1)
    line, step = (np.column_stack([shared, treated_ * x]) for x in (scaled, above))
    if min(np.linalg.matrix_rank(X) - X.shape[1] for X in (line, step)) < 0:
        raise PredictionsError(
            "line and step cannot be told from strata, covariates and arm; use fewer of them"
        )
    if np.linalg.matrix_rank(np.column_stack([line, step[:, -1]])) == line.shape[1]:
        return None
    weights = np.ones(len(value)) if trial.weight is None else trial.weight
    p_line, p_step = _each_against_the_other(
        trial.outcome, trial.code, weights, line, step, draws, rng
    )
    held = {"line": p_line > LEVEL, "step": p_step > LEVEL}
    shape: Shape = "not told apart" if all(held.values()) else "neither"
    if held["line"] != held["step"]:
        shape = "line" if held["line"] else "step"
    first, last = np.quantile(value, [0.05, 0.95])
    at = np.linspace(first, last, POINTS)
    if first < cut < last:
        at = np.sort(np.r_[at, np.nextafter(cut, -np.inf), cut])
    slope, along_line = _effects(line, trial.outcome, weights, (at - middle) / sd)
    rise, along_step = _effects(step, trial.outcome, weights, (at >= cut).astype("float64"))
    return LineOrStep(
        cut=float(cut),
        people=len(value),
        shape=shape,
        p_line=p_line,
        p_step=p_step,
        slope=slope,
        step=rise,
        values=tuple(float(v) for v in at),
        along_line=along_line,
        along_step=along_step,
    )


def _each_against_the_other(
    y: np.ndarray,
    code: np.ndarray,
    weight: np.ndarray,
    line: np.ndarray,
    step: np.ndarray,
    draws: int,
    rng: np.random.Generator,
) -> tuple[float, float]:
    """P-values of the line, and of the step."""
    root = np.sqrt(weight)
    bases = [np.linalg.qr(X * root[:, None])[0] for X in (line, step)]

    def in_favour_of_step(outcomes: np.ndarray) -> np.ndarray:
        explained = [((outcomes @ q) ** 2).sum(axis=-1) for q in bases]
        found: np.ndarray = explained[1] - explained[0]
        return found

    scaled = y * root
    real = in_favour_of_step(scaled)
    found = []
    for q, sign in zip(bases, (1.0, -1.0), strict=True):
        fitted = q @ (q.T @ scaled)
        left = (scaled - fitted) / root
        dealt = np.tile(left, (draws, 1))
        for k in (0, 1):
            own = np.flatnonzero(code == k)
            dealt[:, own] = rng.permuted(dealt[:, own], axis=1)
        as_much = sign * in_favour_of_step(fitted + dealt * root) >= sign * real - 1e-9 * abs(real)
        found.append(float((1 + as_much.sum()) / (1 + draws)))
    return found[0], found[1]


def _effects(
    X: np.ndarray, y: np.ndarray, weight: np.ndarray, at: np.ndarray
) -> tuple[EffectEstimate, tuple[EffectEstimate, ...]]:
    """Interaction, and effect at values of it; arm and interaction are the last columns."""
    coefficient, covariance = robust_regression(X, y, weight)
    df = len(X) - X.shape[1]
    own = estimate(float(coefficient[-1]), float(np.sqrt(covariance[-1, -1])), df=df)
    points = np.column_stack([np.ones(len(at)), at])
    values = points @ coefficient[-2:]
    errors = np.sqrt(((points @ covariance[-2:, -2:]) * points).sum(axis=1))
    return own, tuple(
        estimate(float(v), float(e), df=df) for v, e in zip(values, errors, strict=True)
    )
