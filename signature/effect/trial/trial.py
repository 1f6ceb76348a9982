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

from signature.effect.trial._trial_parts import (
    adjustment,
    check_outcome,
    compared,
    joined_strata,
    known_outcome,
)
from signature.effect.trial.after_randomisation import check_features, declared_after
from signature.effect.trial.allocation import AllocationCheck, arm_codes, check_allocation
from signature.effect.trial.outcome_imputation import IMPUTATIONS, imputed_outcomes
from signature.effect.trial.outcome_weights import inverse_probability_weights
from signature.endpoints import Endpoint
from signature.exceptions import AllocationError
from signature.prepare.procedures import linear_steps
from signature.randomness import generator, seed_for
from signature.study.cohort import Cohort

MISSING = ("complete", "inverse probability", "multiple imputation")
"""What may be done about people whose outcome is not known."""


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
    standing : ndarray of shape (n,)
        The same for tests, which weight also where averages are of imputed outcomes.
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
    standing: np.ndarray
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
    cohort, kept, labels = compared(cohort, arms)
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
    outcome, weight, why = known_outcome(endpoint, values, code)
    if reasons is not None:
        given = reasons[kept].to_numpy(dtype=object)
        why = np.where(pd.isna(given), why, given)
    known = ~np.isnan(outcome)
    check_outcome(cohort, outcome, known, found, code)
    notes: list[str] = []
    if weight is not None:
        notes.append(
            "people censored before the horizon are unknown; the others are weighted by one over "
            "the Kaplan–Meier probability of not being censored, by arm"
        )
    elif not known.all():
        weight = _weights(cohort, known, code, missing, seed, notes)
    imputed, standing = None, weight
    if missing == "multiple imputation" and not known.all() and endpoint.kind != "time to event":
        standing = inverse_probability_weights(known, code, _standardised(cohort, seed))[0]
        imputed = imputed_outcomes(
            outcome,
            code,
            _standardised(cohort, seed),
            binary=endpoint.kind == "binary",
            rng=generator(seed, "imputed outcomes"),
        )
        notes.append(
            f"{int((~known).sum())} unknown outcomes were drawn {IMPUTATIONS} times from the "
            "features, by arm, for the average effect; in tests the known stand for them, weighted "
            "by one over their probability of being known; everything else is of the known"
        )
    share = np.array([ratio[name] for name in found], dtype="float64")
    return Trial(
        cohort=cohort,
        endpoint=endpoint,
        outcome=outcome,
        arms=found,
        code=code,
        allocation=np.tile(share / share.sum(), (len(code), 1)),
        strata=joined_strata(cohort, strata),
        covariates=adjustment(cohort, endpoint, notes),
        known=known,
        weight=known.astype("float64") if weight is None else weight,
        standing=known.astype("float64") if standing is None else standing,
        imputed=imputed,
        flow=_flow(found, code, known, why, everybody=imputed is not None),
        balance=balance,
        notes=tuple(notes),
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
