"""A landmark analysis: what the change by an early visit adds to what was known at baseline.

Only people count who are still at risk at the landmark and were measured there; the outcome comes
strictly later (Anderson 1983). Two questions are kept apart: whether the change foretells the
outcome among the treated, and whether it goes with the *difference* between arms.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from signature.effect.benefit.prognosis import Prognosis, prognosis
from signature.effect.interaction._interaction import dummies, full_rank
from signature.effect.interaction.arm_by_score import ArmByScore, arm_by_score
from signature.effect.learners.held_out_outcome import held_out_outcome
from signature.effect.trial.allocation import FEWEST_IN_ARM
from signature.effect.trial.estimate import estimate
from signature.effect.trial.robust_regression import robust_regression
from signature.exceptions import AllocationError, PredictionsError, TrialError
from signature.records.estimates import EffectEstimate
from signature.study.splits import person_folds

CAUTION = (
    "The change comes after treatment began. That it goes with the outcome, or with the difference "
    "between arms, is an association among those still in the trial by then: it is no proof that "
    "treatment works through it, and mediation is not claimed."
)

FEWEST_FOR_GAIN = 40
"""People of an arm below whom no held-out gain is given."""

FOLDS, REPEATS = 5, 5


@dataclass(frozen=True)
class ArmSlope:
    """How the outcome goes with the change within one arm.

    Parameters
    ----------
    arm : str
    people : int
        At the landmark, the change of this marker known.
    slope : EffectEstimate
        Outcome per standard deviation of the change, given the marker at baseline and covariates;
        of an event, difference in risk. Undefined where nothing is left to tell.
    """

    arm: str
    people: int
    slope: EffectEstimate


@dataclass(frozen=True)
class MarkerChange:
    """What the change of one marker goes with.

    Parameters
    ----------
    marker : str
    sd : float
        Standard deviation of the change, the unit of slopes.
    slopes : tuple of ArmSlope
        Control first.
    arm_by_change : ArmByScore or None
        Whether the difference between arms goes with the change; None where too few people are
        left.
    """

    marker: str
    sd: float
    slopes: tuple[ArmSlope, ...]
    arm_by_change: ArmByScore | None


@dataclass(frozen=True)
class ArmGain:
    """Held-out gain of all changes over the baseline within one arm.

    None with too few people, or where an event is too rare, or too common, for every fold to have
    some of both.
    """

    arm: str
    people: int
    prognosis: Prognosis | None


@dataclass(frozen=True)
class EarlyChange:
    """What `early_change` found.

    Parameters
    ----------
    label : str
        Of the landmark.
    day, endpoint_day : float
        From randomisation.
    control, treated : str
    people : dict of int
        At the landmark, by arm.
    excluded : dict of dict of int
        By arm, how many were left out for which reason.
    markers : tuple of MarkerChange
    gains : tuple of ArmGain
        Control first.
    caution : str
        To be printed beside every number.
    """

    label: str
    day: float
    endpoint_day: float
    control: str
    treated: str
    people: dict[str, int]
    excluded: dict[str, dict[str, int]]
    markers: tuple[MarkerChange, ...]
    gains: tuple[ArmGain, ...]
    caution: str = CAUTION


def early_change(
    outcome: np.ndarray,
    arm: np.ndarray,
    baseline: pd.DataFrame,
    change: pd.DataFrame,
    *,
    control: str,
    treated: str,
    label: str,
    day: float,
    endpoint_day: float,
    rng: np.random.Generator,
    seed: int,
    gone: Sequence[str | None] | None = None,
    strata: np.ndarray | None = None,
    covariates: np.ndarray | None = None,
    draws: int = 1000,
) -> EarlyChange:
    """Ask what a change by a landmark tells, people of two arms.

    Parameters
    ----------
    outcome : ndarray of shape (n,)
        One person per row. Continuous, or 0/1; NaN where unknown.
    arm : ndarray of str, shape (n,)
        People of other arms are left out.
    baseline : DataFrame of shape (n, k)
        Known before treatment, standardised, without gaps. A column of a marker's name is its value
        at baseline, which its slope is adjusted for.
    change : DataFrame of shape (n, n_markers)
        Later less earlier visit; NaN where unknown.
    control, treated : str
    label : str
        As "week 1".
    day, endpoint_day : float
        From randomisation; the outcome's must be later.
    rng : Generator
    seed : int
        Of the folds.
    gone : sequence of str, shape (n,), optional
        Why a person is no longer at risk at the landmark, as "had the event before"; None where
        they are.
    strata, covariates, draws
        As of `signature.effect.interaction.arm_by_score.arm_by_score`; `draws` are bootstrap draws
        of the gain.

    Returns
    -------
    EarlyChange

    Raises
    ------
    TrialError
        When the outcome is not later than the landmark.
    AllocationError
        When an arm has fewer than four people at the landmark.
    PredictionsError
        When tables do not have one row per person, or a feature has a gap.

    Notes
    -----
    The gain compares two ridge regressions on held-out people of one arm, from the baseline alone
    and with all changes. Slopes have intervals with errors robust to unequal spread (HC3).

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> arm, before = np.repeat(["il2", "placebo"], 100), rng.normal(size=200)
    >>> rise = rng.normal(size=200) + (arm == "il2")
    >>> score = before - rise * (arm == "il2") + rng.normal(size=200)
    >>> found = early_change(
    ...     score, arm, pd.DataFrame({"Treg": before}), pd.DataFrame({"Treg": rise}),
    ...     control="placebo", treated="il2", label="day 5", day=5, endpoint_day=85, rng=rng,
    ...     seed=0, draws=200,
    ... )
    >>> [round(one.slope.value) for one in found.markers[0].slopes]
    [0, -1]
    >>> found.markers[0].arm_by_change.p < 0.001, [one.prognosis.adds for one in found.gains]
    (True, [False, True])
    """
    if not day < endpoint_day:
        raise TrialError(
            f"the outcome is measured on day {endpoint_day:g}, which must be later than the "
            f"landmark {label!r} on day {day:g}"
        )
    n = len(outcome)
    if {len(arm), len(baseline), len(change)} != {n}:
        raise PredictionsError(
            f"arm, baseline and change must have one row for each of {n} people; got {len(arm)}, "
            f"{len(baseline)} and {len(change)}"
        )
    gaps = int(baseline.isna().any(axis=1).sum())
    if gaps:
        raise PredictionsError(f"features at baseline have gaps in {gaps} of {n} people; fill them")
    names = (control, treated)
    why = _reasons(outcome, change, gone)
    at_landmark = np.isin(arm, names) & (why == "")
    people = {name: int((at_landmark & (arm == name)).sum()) for name in names}
    if min(people.values()) < FEWEST_IN_ARM:
        raise AllocationError(
            f"{', '.join(f'{k} in {a!r}' for a, k in people.items())} are at the landmark "
            f"{label!r} with a known change and outcome; an arm needs {FEWEST_IN_ARM} or more"
        )
    excluded = {
        name: {str(r): int(k) for r, k in pd.Series(why[arm == name]).value_counts().items() if r}
        for name in names
    }
    rows = np.flatnonzero(at_landmark)
    told = _Landmark(
        outcome=np.asarray(outcome, dtype="float64")[rows],
        arm=np.asarray(arm, dtype=object)[rows],
        baseline=baseline.iloc[rows].reset_index(drop=True),
        change=change.iloc[rows].reset_index(drop=True),
        strata=None if strata is None else np.asarray(strata)[rows],
        covariates=None if covariates is None else np.asarray(covariates, dtype="float64")[rows],
    )
    return EarlyChange(
        label=label,
        day=day,
        endpoint_day=endpoint_day,
        control=control,
        treated=treated,
        people=people,
        excluded=excluded,
        markers=tuple(_marker(told, str(m), names, rng) for m in change.columns),
        gains=tuple(_gain(told, name, rng, seed, draws) for name in names),
    )


@dataclass(frozen=True, eq=False)
class _Landmark:
    """Who is at the landmark."""

    outcome: np.ndarray
    arm: np.ndarray
    baseline: pd.DataFrame
    change: pd.DataFrame
    strata: np.ndarray | None
    covariates: np.ndarray | None


def _reasons(
    outcome: np.ndarray, change: pd.DataFrame, gone: Sequence[str | None] | None
) -> np.ndarray:
    """Why a person is not in the analysis; empty where they are."""
    why = np.full(len(outcome), "", dtype=object)
    why[np.isnan(np.asarray(outcome, dtype="float64"))] = "outcome not known"
    why[change.isna().any(axis=1).to_numpy()] = "not measured at the landmark"
    if gone is not None:
        given = np.asarray(gone, dtype=object)
        there = ~pd.isna(given)
        why[there] = given[there]
    return why


def _marker(
    told: _Landmark, marker: str, names: tuple[str, str], rng: np.random.Generator
) -> MarkerChange:
    change = told.change[marker].to_numpy(dtype="float64")
    sd = float(change.std(ddof=1))
    # what the change starts from, since what is high falls by itself
    start = told.baseline[[marker]].to_numpy() if marker in told.baseline else None
    parts = [p for p in (start, told.covariates) if p is not None]
    fixed = np.column_stack(parts) if parts else None
    slopes = tuple(_slope(told, name, change / sd if sd > 0 else change, fixed) for name in names)
    try:
        test = arm_by_score(
            told.outcome,
            told.arm,
            change,
            control=names[0],
            treated=names[1],
            rng=rng,
            strata=told.strata,
            covariates=fixed,
        )
    except PredictionsError:
        test = None
    return MarkerChange(marker, sd, slopes, test)


def _slope(told: _Landmark, name: str, change: np.ndarray, fixed: np.ndarray | None) -> ArmSlope:
    own = told.arm == name
    parts = [np.ones((own.sum(), 1))]
    if fixed is not None:
        parts.append(fixed[own])
    if told.strata is not None:
        parts.append(dummies(pd.factorize(told.strata[own])[0]))
    # where the marker is the endpoint's own scale, its start is a covariate already
    known = full_rank(np.hstack(parts))
    X = np.column_stack([change[own], known])
    n, k = X.shape
    if np.linalg.matrix_rank(X) < k or n - k < 2:
        return ArmSlope(name, int(own.sum()), EffectEstimate(value=None))
    coefficient, covariance = robust_regression(X, told.outcome[own])
    error = float(np.sqrt(covariance[0, 0]))
    return ArmSlope(name, int(own.sum()), estimate(float(coefficient[0]), error, df=n - k))


def _gain(told: _Landmark, name: str, rng: np.random.Generator, seed: int, draws: int) -> ArmGain:
    own = told.arm == name
    n = int(own.sum())
    y = told.outcome[own]
    event = bool(np.isin(y, (0, 1)).all())
    few = event and min((y == 0).sum(), (y == 1).sum()) < FOLDS
    if n < FEWEST_FOR_GAIN or few or np.ptp(y) == 0:
        return ArmGain(name, n, None)
    before = told.baseline[own].to_numpy(dtype="float64")
    change = told.change[own].to_numpy(dtype="float64")
    spread = change.std(axis=0)
    both = np.column_stack([before, (change - change.mean(axis=0)) / np.where(spread, spread, 1)])
    events = y if event else np.zeros(n)
    held_out = np.zeros((2, n))
    for repeat in range(REPEATS):
        fold = np.zeros(n, dtype=int)
        for k, (_, out) in enumerate(person_folds(events, np.arange(n), FOLDS, seed + repeat)):
            fold[out] = k
        for which, X in enumerate((before, both)):
            held_out[which] += held_out_outcome(X, y, weight=np.ones(n), fold=fold) / REPEATS
    found = prognosis(
        y, np.zeros(n, dtype=int), held_out[0], held_out[1], rng, folds=FOLDS, draws=draws
    )
    return ArmGain(name, n, found)
