"""A randomised trial: who was dealt which arm, and what became of them.

Everybody who was randomised is there, in the arm that was dealt (intention to treat). An outcome
that is not known is not a number, and is never filled in silently.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.pipeline import Pipeline

from signature.cohort import Cohort
from signature.effect.after_randomisation import check_features, declared_after
from signature.effect.allocation import AllocationCheck, arm_codes, check_allocation
from signature.effect.outcome_imputation import IMPUTATIONS, imputed_outcomes
from signature.effect.outcome_weights import censoring_weights, inverse_probability_weights
from signature.endpoints import Endpoint
from signature.exceptions import AllocationError, CohortError, OutcomeError
from signature.procedures import linear_steps
from signature.randomness import generator, seed_for

MISSING = ("complete", "inverse probability", "multiple imputation")
"""What may be done about people whose outcome is not known."""

CENSORED = "end of observation before the horizon"

NOT_KNOWN = "not measured"


@dataclass(frozen=True)
class ArmFlow:
    """What became of the people of one arm (CONSORT 2010).

    Parameters
    ----------
    arm : str
    randomised : int
    known : int
        Whose outcome is known.
    unknown : dict of int
        Of the others, by reason.
    analysed : int
        In estimates: the known, standing for all where they are weighted; everybody where unknown
        outcomes are imputed.
    """

    arm: str
    randomised: int
    known: int
    unknown: dict[str, int]
    analysed: int


@dataclass(frozen=True, eq=False, repr=False)
class Trial:
    """The people of a trial, one row each, with their arms and outcomes.

    Parameters
    ----------
    cohort : Cohort
        Everybody randomised to an arm that is compared; features are of before randomisation.
    endpoint : Endpoint
    outcome : ndarray of shape (n,)
        In the endpoint's unit; 0/1 for an event, which for a time to event is one by the horizon.
        NaN where unknown.
    arms : tuple of str
        The control first.
    code : ndarray of int, shape (n,)
        Position of each person's arm in `arms`.
    allocation : ndarray of shape (n, n_arms)
        Probability of each arm by design; lines sum to 1.
    strata : ndarray of str, shape (n,), or None
        Within which arms were dealt.
    covariates : ndarray of shape (n, k)
        What tests adjust for: the endpoint's value at baseline, where it has one.
    known : ndarray of bool, shape (n,)
    weight : ndarray of shape (n,)
        One over the probability of a known outcome; 0 where it is unknown, 1 where nothing is
        weighted.
    imputed : ndarray of shape (m, n), or None
        Outcomes of everybody, the unknown ones drawn.
    flow : tuple of ArmFlow
        In the order of `arms`.
    balance : AllocationCheck
        Sizes of the arms against the declared ratio.
    notes : tuple of str
        What was filled, cut or assumed, to be said in a report.
    """

    cohort: Cohort
    endpoint: Endpoint
    outcome: np.ndarray
    arms: tuple[str, ...]
    code: np.ndarray
    allocation: np.ndarray
    strata: np.ndarray | None
    covariates: np.ndarray
    known: np.ndarray
    weight: np.ndarray
    imputed: np.ndarray | None
    flow: tuple[ArmFlow, ...]
    balance: AllocationCheck
    notes: tuple[str, ...]

    def __repr__(self) -> str:
        # the default would print rows into logs and stack traces
        return f"Trial({self.endpoint.label!r}, {len(self.code)} people, {len(self.arms)} arms)"


def make_trial(
    cohort: Cohort,
    endpoint: Endpoint,
    values: pd.Series | pd.DataFrame,
    *,
    control: str,
    ratio: Mapping[str, float],
    seed: int,
    arms: Mapping[str, Sequence[str]] | None = None,
    strata: Sequence[str] = (),
    missing: str = "complete",
    reasons: pd.Series | None = None,
) -> Trial:
    """Put a trial together and check it.

    Parameters
    ----------
    cohort : Cohort
        One row per person, with `arm`; its features are those that may tell who benefits.
    endpoint : Endpoint
    values : Series or DataFrame, shape (n, ...)
        What the endpoint's ``derive`` returned for these rows.
    control : str
        Arm that others are compared with.
    ratio : mapping of float
        Declared share of every arm that is compared.
    seed : int
        Of imputations.
    arms : mapping of sequence of str, optional
        New name to recorded arms, which are pooled. Recorded arms that are not named are left out
        and counted. As recorded when left out, and then all must be in `ratio`.
    strata : sequence of str
        Recorded columns within which people were randomised.
    missing : {"complete", "inverse probability", "multiple imputation"}
        A time to event is weighted for censoring whatever is chosen.
    reasons : Series of str, optional
        Why an outcome is not known, missing elsewhere.

    Returns
    -------
    Trial

    Raises
    ------
    AllocationError
        When an arm is missing or has fewer than four people, the control is no arm, arms and ratio
        differ, or a person has two rows.
    TrialError
        When a feature came after randomisation.
    CohortError
        When a stratum is not recorded, or not of everybody.
    OutcomeError
        When nobody's outcome is known in an arm, or it is the same in all.

    Warns
    -----
    UserWarning
        When sizes of arms contradict the ratio; the p-value is said.
    """
    if missing not in MISSING:
        raise ValueError(f"missing must be one of {', '.join(MISSING)}; got {missing!r}")
    check_features(cohort.schema, declared_after(cohort))
    cohort, kept, labels = _compared(cohort, arms)
    values = values[kept]
    twice = int(cohort.subject.duplicated().sum())
    found, code = arm_codes(labels, control, person=cohort.subject)
    if twice:
        raise AllocationError(
            f"{cohort.name}: {twice} rows are of a person who has another; a trial has one row per "
            "person, so choose the visit before treatment with 'where'"
        )
    if set(ratio) != set(found):
        raise AllocationError(
            f"{cohort.name}: the ratio is declared for {', '.join(map(repr, ratio))}, and people "
            f"were randomised to {', '.join(map(repr, found))}; name the same arms in both"
        )
    sizes = {name: int((code == k).sum()) for k, name in enumerate(found)}
    balance = check_allocation(sizes, ratio)
    if balance.contradicts:
        warnings.warn(
            f"{cohort.name}: {', '.join(f'{n} in {a!r}' for a, n in sizes.items())} contradict the "
            f"declared ratio (p = {balance.p:.2g}); check the ratio, and whether everybody who was "
            "randomised is there",
            UserWarning,
            stacklevel=2,
        )
    outcome, weight, why = _outcome(endpoint, values, code)
    if reasons is not None:
        given = reasons[kept].to_numpy(dtype=object)
        why = np.where(pd.isna(given), why, given)
    known = ~np.isnan(outcome)
    _check_outcome(cohort, outcome, known, found, code)
    notes: list[str] = []
    if weight is not None:
        notes.append(
            "people censored before the horizon are unknown; the others are weighted by one over "
            "the Kaplan–Meier probability of not being censored, by arm"
        )
    elif not known.all():
        weight = _weights(cohort, known, code, missing, seed, notes)
    imputed = None
    if missing == "multiple imputation" and not known.all() and endpoint.kind != "time to event":
        imputed = imputed_outcomes(
            outcome,
            code,
            _standardised(cohort, seed),
            binary=endpoint.kind == "binary",
            rng=generator(seed, "imputed outcomes"),
        )
        notes.append(
            f"{int((~known).sum())} unknown outcomes were drawn {IMPUTATIONS} times from the "
            "features, by arm, for the average effect; everything else is of people whose outcome "
            "is known"
        )
    share = np.array([ratio[name] for name in found], dtype="float64")
    return Trial(
        cohort=cohort,
        endpoint=endpoint,
        outcome=outcome,
        arms=found,
        code=code,
        allocation=np.tile(share / share.sum(), (len(code), 1)),
        strata=_strata(cohort, strata),
        covariates=_covariates(cohort, endpoint, notes),
        known=known,
        weight=known.astype("float64") if weight is None else weight,
        imputed=imputed,
        flow=_flow(found, code, known, why, everybody=imputed is not None),
        balance=balance,
        notes=tuple(notes),
    )


def _compared(
    cohort: Cohort, arms: Mapping[str, Sequence[str]] | None
) -> tuple[Cohort, np.ndarray, pd.Series]:
    """Return people of the arms that are compared, who of the cohort they are, and their arms."""
    if cohort.arm is None:
        raise AllocationError(f"{cohort.name}: no arm is recorded; this data set is no trial")
    kept = np.ones(len(cohort), dtype=bool)
    labels = cohort.arm
    if arms is not None:
        pooled = {old: new for new, many in arms.items() for old in many}
        if len(pooled) != sum(len(many) for many in arms.values()):
            raise AllocationError(f"{cohort.name}: a recorded arm is pooled into two; name it once")
        absent = sorted(set(pooled) - set(labels.dropna().astype(str)))
        if absent:
            raise AllocationError(
                f"{cohort.name}: nobody was randomised to {', '.join(map(repr, absent))}; there "
                f"are: {', '.join(sorted(set(labels.dropna().astype(str))))}"
            )
        kept = (labels.isna() | labels.astype(str).isin(pooled)).to_numpy()
        if not kept.all():
            cohort = cohort.keep(kept, "randomised to an arm that is compared")
        assert cohort.arm is not None
        labels = cohort.arm.map(pooled)
    return cohort, kept, labels


def _outcome(
    endpoint: Endpoint, values: pd.Series | pd.DataFrame, code: np.ndarray
) -> tuple[np.ndarray, np.ndarray | None, np.ndarray]:
    """Outcomes, weights where there is censoring, and why an outcome is unknown."""
    if endpoint.kind != "time to event":
        outcome = values.to_numpy(dtype="float64")
        return outcome, None, np.full(len(outcome), NOT_KNOWN, dtype=object)
    assert endpoint.horizon is not None
    time, event = (values[c].to_numpy(dtype="float64") for c in ("time", "event"))
    unseen = np.isnan(time) | np.isnan(event)
    if unseen.any():
        raise OutcomeError(
            f"follow-up or event is missing in {int(unseen.sum())} of {len(time)} people; give the "
            "last day on which each was seen, and 0 where the event was not"
        )
    by_horizon = (event == 1) & (time <= endpoint.horizon)
    free = (time > endpoint.horizon) | ((time == endpoint.horizon) & (event != 1))
    outcome = np.where(by_horizon, 1.0, np.where(free, 0.0, np.nan))
    weight = censoring_weights(time, event, code, endpoint.horizon)
    return outcome, weight, np.full(len(time), CENSORED, dtype=object)


def _check_outcome(
    cohort: Cohort,
    outcome: np.ndarray,
    known: np.ndarray,
    arms: tuple[str, ...],
    code: np.ndarray,
) -> None:
    for k, name in enumerate(arms):
        if not known[code == k].any():
            raise OutcomeError(
                f"{cohort.name}: the outcome is known of nobody of {int((code == k).sum())} people "
                f"in arm {name!r}; leave the arm out, or choose an earlier endpoint"
            )
    if np.ptp(outcome[known]) == 0:
        raise OutcomeError(
            f"{cohort.name}: the outcome is the same in all {int(known.sum())} people of whom it "
            "is known; nothing can be compared"
        )


def _weights(
    cohort: Cohort,
    known: np.ndarray,
    code: np.ndarray,
    missing: str,
    seed: int,
    notes: list[str],
) -> np.ndarray | None:
    lost = int((~known).sum())
    if missing == "complete":
        notes.append(
            f"those {lost} whose outcome is not known are left out of estimates, as if nothing of "
            "importance had decided who they are"
        )
    if missing != "inverse probability":
        return None
    weight, cut = inverse_probability_weights(known, code, _standardised(cohort, seed))
    notes.append(
        f"the outcome of {lost} is not known; the others are weighted by one over their "
        f"probability of being known, by arm, from the features; {cut} weights were cut to the "
        "99th percentile"
    )
    return weight


def _standardised(cohort: Cohort, seed: int) -> np.ndarray:
    """Features without gaps, from neither arm nor outcome."""
    steps = linear_steps(cohort.schema, random_state=seed_for(seed, "features of the lost"))
    return np.asarray(Pipeline(steps).fit_transform(cohort.X), dtype="float64")


def _strata(cohort: Cohort, columns: Sequence[str]) -> np.ndarray | None:
    if not columns:
        return None
    absent = [c for c in columns if c not in cohort.records]
    if absent:
        raise CohortError(
            f"{cohort.name}: no recorded column {', '.join(map(repr, absent))} to stratify by; "
            f"there are: {', '.join(sorted(map(str, cohort.records.columns)))}"
        )
    table = cohort.records[list(columns)]
    unknown = int(table.isna().any(axis=1).sum())
    if unknown:
        raise CohortError(
            f"{cohort.name}: {', '.join(columns)} is missing in {unknown} of {len(table)} people, "
            "who cannot have been randomised within it"
        )
    return table.astype(str).agg(" / ".join, axis=1).to_numpy()


def _covariates(cohort: Cohort, endpoint: Endpoint, notes: list[str]) -> np.ndarray:
    name = endpoint.baseline
    if name is None or name not in cohort.X:
        return np.empty((len(cohort), 0))
    values = cohort.X[name]
    gaps = int(values.isna().sum())
    if gaps:
        notes.append(
            f"{name} at baseline, which tests adjust for, is missing in {gaps} people and was "
            "filled with the median"
        )
    return values.fillna(values.median()).to_numpy(dtype="float64")[:, None]


def _flow(
    arms: tuple[str, ...],
    code: np.ndarray,
    known: np.ndarray,
    why: np.ndarray,
    *,
    everybody: bool,
) -> tuple[ArmFlow, ...]:
    lines = []
    for k, name in enumerate(arms):
        own = code == k
        lost = pd.Series(why[own & ~known], dtype=object).value_counts()
        n = int((own & known).sum())
        unknown = {str(reason): int(count) for reason, count in sorted(lost.items())}
        lines.append(ArmFlow(name, int(own.sum()), n, unknown, int(own.sum()) if everybody else n))
    return tuple(lines)
