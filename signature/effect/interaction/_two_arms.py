"""The people of two arms, checked, and what a test of one interaction says of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import inf, isfinite
from typing import Literal

import numpy as np
from scipy.optimize import brentq

from signature.effect.interaction._interaction import (
    NullFit,
    as_outcome,
    check_room,
    dummies,
    fixed_columns,
    full_rank,
    is_binary,
    null_fit,
    studentised,
)
from signature.effect.interaction._penalised_logistic import penalised_logistic
from signature.effect.interaction.rearrangements import Rearrangements, rearrangement_p
from signature.effect.trial.allocation import arm_codes
from signature.exceptions import AllocationError, PredictionsError
from signature.learn.restricted_cubic import bends, knots_of

Scale = Literal["outcome", "log odds"]

Side = Literal["two-sided", "greater", "less"]

Level = Literal["higher", "lower"]

CURVE_FROM = 50
"""People from which on a score's main effect may bend."""

_FAR = 40.0
"""Log-odds beyond which an end of an interval is as good as none."""


@dataclass(frozen=True)
class ArmByScore:
    """How much the effect of treatment differs with a score.

    Parameters
    ----------
    control, treated : str
        Arms that are compared.
    people : dict of int
        By arm.
    events : dict of int or None
        By arm; None for a continuous outcome.
    scale : {"outcome", "log odds"}
        Of `estimate`: units of the outcome, or log-odds of the event.
    score_sd : float
        Standard deviation of the score among these people, its unit in `estimate`.
    estimate : float
        Effect (treated less control) at a score higher by one standard deviation, less that at the
        lower. For an event with the penalty of Firth (1993), which keeps it finite.
    low, high : float or None
        Interval of the level asked for; of a two-sided test it excludes 0 exactly where `p` is at
        most 1 minus that level. None where that end is not known.
    statistic : float
        Estimate over its robust standard error; for an event the score statistic.
    p : float
        Of no interaction; of one in the direction of `side` only, where that is not two-sided.
    p_low, p_high : float
        95 % interval for the p-value of endless rearrangements.
    how : str
        What `p` was computed over.
    side : {"two-sided", "greater", "less"}
        Whether an interaction above 0, or below, was what the test asked for. The interval has two
        ends all the same; where the side is one, each end has its own tail of the rearrangements.
    """

    control: str
    treated: str
    people: dict[str, int]
    events: dict[str, int] | None
    scale: Scale
    score_sd: float
    estimate: float
    low: float | None
    high: float | None
    statistic: float
    p: float
    p_low: float
    p_high: float
    how: str
    side: Side = "two-sided"


@dataclass(frozen=True)
class TwoArms:
    """People of the control arm and of another.

    Parameters
    ----------
    names : tuple of two str
        Control and treated.
    rows : ndarray of bool, shape (n_all,)
        Who they are among all people.
    outcome : ndarray of shape (n,)
    code : ndarray of int, shape (n,)
        1 treated, 0 control.
    strata : ndarray of shape (n,), or None
    fixed : ndarray of shape (n, k)
        Strata and covariates as columns.
    weight : ndarray of shape (n,), or None
        For how many people each stands; None where each stands for one.
    """

    names: tuple[str, str]
    rows: np.ndarray
    outcome: np.ndarray
    code: np.ndarray
    strata: np.ndarray | None
    fixed: np.ndarray
    weight: np.ndarray | None = None

    @property
    def binary(self) -> bool:
        """Whether the outcome is an event."""
        return is_binary(self.outcome)

    def beside(self, score: np.ndarray) -> np.ndarray:
        """Return what the interaction is tested beside: fixed columns, the score and its curve.

        What goes with the outcome along a curve, and is lost more often in one arm at one end,
        would look like an interaction of arm and straight line.
        """
        curve = np.empty((len(score), 0))
        if len(score) >= CURVE_FROM:
            curve = bends(score, knots_of(score, 3))
        return full_rank(np.hstack([self.fixed, score[:, None], curve]))

    def null_columns(self, score: np.ndarray | None) -> np.ndarray:
        """Columns of the model without interaction: fixed, score and its curve, arm."""
        known = self.fixed if score is None else self.beside(score)
        return np.hstack([known, self.code[:, None].astype("float64")])

    def fit(self, score: np.ndarray, offset: np.ndarray | float = 0.0) -> NullFit:
        """Fit the outcome without the interaction of arm and score."""
        return null_fit(self.outcome, self.null_columns(score), offset, self.weight)

    def tested(
        self, fit: NullFit, score: np.ndarray, arms: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Test the interaction in each arrangement, as `studentised`."""
        return studentised(fit, self.beside(score), score[:, None], arms)

    def people(self) -> dict[str, int]:
        """Count them by arm."""
        return {name: int((self.code == k).sum()) for k, name in enumerate(self.names)}

    def events(self) -> dict[str, int] | None:
        """Count events by arm."""
        if not self.binary:
            return None
        return {name: int(self.outcome[self.code == k].sum()) for k, name in enumerate(self.names)}


def two_arms(
    outcome: np.ndarray,
    arm: np.ndarray,
    *,
    control: str,
    treated: str | None,
    strata: np.ndarray | None,
    covariates: np.ndarray | None,
    weight: np.ndarray | None = None,
) -> TwoArms:
    """Take the people of two arms.

    Raises
    ------
    AllocationError
        As of `arm_codes`; when `treated` is not an arm, or is needed to choose among several.
    OutcomeError, PredictionsError
        When an outcome, a covariate or a weight is not usable.
    """
    names, code = arm_codes(arm, control)
    if treated is None and len(names) > 2:
        raise AllocationError(
            f"there are {len(names) - 1} arms beside the control {control!r}; name the treated arm "
            f"that is compared with it, one of {', '.join(map(repr, names[1:]))}"
        )
    other = names[1] if treated is None else treated
    if other not in names[1:]:
        raise AllocationError(
            f"{other!r} is not an arm beside the control {control!r}; there are "
            + ", ".join(map(repr, names[1:]))
        )
    rows = np.isin(code, (0, names.index(other)))
    where, x, w = (
        None if given is None else per_row(given, rows, what)
        for given, what in ((strata, "strata"), (covariates, "covariates"), (weight, "weights"))
    )
    if w is not None:
        w = np.asarray(w, dtype="float64")
        if not (np.isfinite(w) & (w > 0)).all():
            raise PredictionsError(
                "weights must be finite and above 0; leave out who counts nothing"
            )
        # equal weights are none: the spread of events is then known
        w = None if np.ptp(w) <= 1e-12 * w.max() else w / w.mean()
    y = as_outcome(per_row(outcome, rows, "the outcome"))
    fixed = fixed_columns(len(y), where, x)
    return TwoArms((control, other), rows, y, (code[rows] > 0).astype("int8"), where, fixed, w)


def per_row(values: np.ndarray, rows: np.ndarray, what: str) -> np.ndarray:
    """Return those of the chosen rows.

    Raises
    ------
    PredictionsError
        When there is not one value per row.
    """
    array = np.asarray(values)
    if len(array) != len(rows):
        raise PredictionsError(
            f"{what} must have one value for each of {len(rows)} people; got {len(array)}"
        )
    return array[rows]


def standardised(score: np.ndarray, what: str) -> tuple[np.ndarray, float]:
    """Return a score with mean 0 and standard deviation 1, and what that was.

    Raises
    ------
    PredictionsError
        When a value is missing or infinite, or all are the same.
    """
    s = np.asarray(score, dtype="float64")
    odd = int((~np.isfinite(s)).sum())
    if s.ndim != 1 or odd:
        raise PredictionsError(
            f"{what} must be one finite number per person; {odd} of {len(s)} are missing or "
            f"infinite, in shape {s.shape}"
        )
    sd = float(s.std(ddof=1))
    if not sd > 1e-12 * (1 + np.abs(s).max()):
        raise PredictionsError(f"{what} is the same in all {len(s)} people; no effect can vary")
    return (s - s.mean()) / sd, sd


def null_statistics(trial: TwoArms, score: np.ndarray, arms: np.ndarray) -> np.ndarray:
    """Statistic of each rearrangement, the score going along with the person, shape (n_arms,).

    Raises
    ------
    PredictionsError
        When the observed one is not defined.
    """
    columns = trial.null_columns(score)
    check_room(len(score), columns.shape[1] + 1)
    statistic = trial.tested(trial.fit(score), score, arms)[2]
    if not isfinite(statistic[0]):
        raise PredictionsError(
            "the interaction of arm and score cannot be told from strata, covariates and main "
            "effects; the score varies too little within an arm"
        )
    return statistic


def summarise(
    trial: TwoArms,
    score: np.ndarray,
    score_sd: float,
    statistic: np.ndarray,
    ways: Rearrangements,
    level: float,
    side: Side = "two-sided",
    *,
    learned: bool = False,
) -> ArmByScore:
    """Turn the statistics of all rearrangements into what is said, the observed one first.

    Of a score that was `learned` from the trial, a statistic on the wrong side is no evidence,
    however rare: by chance most lie there.
    """
    if not 0 < level < 1:
        raise ValueError(f"level is the coverage of the interval, between 0 and 1; got {level!r}")
    values = right_side(statistic, side) if learned else facing(statistic, side)
    found = rearrangement_p(values, exact=ways.exact, level=level)
    above = below = found.critical
    if side != "two-sided":
        # a score learned anew falls further below 0 by chance than above it
        half = (1 + level) / 2
        above = max(0.0, rearrangement_p(statistic, exact=ways.exact, level=half).critical)
        below = max(0.0, rearrangement_p(-statistic, exact=ways.exact, level=half).critical)
    if trial.binary:
        estimate, low, high = _log_odds(trial, score, above, below)
    else:
        values, errors, _ = trial.tested(trial.fit(score), score, trial.code[None])
        estimate, error = float(values[0]), float(errors[0])
        low = estimate - above * error if above < inf else None
        high = estimate + below * error if below < inf else None
    return ArmByScore(
        control=trial.names[0],
        treated=trial.names[1],
        people=trial.people(),
        events=trial.events(),
        scale="log odds" if trial.binary else "outcome",
        score_sd=score_sd,
        estimate=estimate,
        low=low,
        high=high,
        statistic=float(statistic[0]),
        p=found.p,
        p_low=found.low,
        p_high=found.high,
        how=ways.how,
        side=side,
    )


def facing(statistic: np.ndarray, side: Side) -> np.ndarray:
    """Turn statistics so that larger ones are further from chance.

    Examples
    --------
    >>> facing(np.array([1.0, -2.0]), "less")
    array([-1.,  2.])
    """
    if side == "two-sided":
        return np.abs(statistic)
    return statistic if side == "greater" else -statistic


def side_that_gains(name: str, gains_more: Mapping[str, Level], better: Level) -> Side:
    """Say on which side a marker's statistic is looked at, by who was said to gain more.

    Examples
    --------
    >>> side_that_gains("CRP", {"CRP": "higher"}, "lower"), side_that_gains("TNF", {}, "lower")
    ('less', 'two-sided')
    """
    if name not in gains_more:
        return "two-sided"
    return "greater" if gains_more[name] == better else "less"


def right_side(statistic: np.ndarray, side: Side) -> np.ndarray:
    """Turn statistics likewise; those on the wrong side are as far from evidence as can be.

    Examples
    --------
    >>> right_side(np.array([1.0, -2.0]), "less")
    array([-inf,   2.])
    """
    values = facing(statistic, side)
    return np.where(np.isnan(values) | (values > 0), values, -inf)


def _log_odds(
    trial: TwoArms, score: np.ndarray, above: float, below: float
) -> tuple[float, float | None, float | None]:
    """Penalised estimate, and the interactions that the score test does not reject."""
    both = dummies(trial.code)[:, 0] * score
    columns = trial.null_columns(score)
    weight = 1.0 if trial.weight is None else trial.weight
    design = np.column_stack([columns, both])
    estimate = float(penalised_logistic(design, trial.outcome, weight=weight)[0][-1])

    def statistic(interaction: float) -> float:
        fit = trial.fit(score, interaction * both)
        return float(trial.tested(fit, score, trial.code[None])[2][0])

    low = _crossing(lambda b: statistic(b) - above, estimate) if above < inf else None
    high = _crossing(lambda b: statistic(b) + below, estimate) if below < inf else None
    return estimate, low, high


def _crossing(falling: Callable[[float], float], start: float) -> float | None:
    """Find where a falling function is 0; None where it does not get there."""
    value = falling(start)
    side = 1.0 if value > 0 else -1.0
    inner, step = start, 0.5
    while abs(inner) < _FAR:
        outer = inner + side * step
        value = falling(outer)
        if not isfinite(value):
            return None
        if value * side <= 0:
            try:
                return float(brentq(falling, min(inner, outer), max(inner, outer), xtol=1e-6))
            except ValueError:  # no fit is to be had somewhere on the way: the end is open
                return None
        inner, step = outer, step * 2
    return None
