"""The pieces a trial is put together from: arms, outcomes, strata, and what is adjusted for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from signature.effect.trial.outcome_weights import censoring_weights
from signature.endpoints import Endpoint
from signature.exceptions import AllocationError, CohortError, OutcomeError
from signature.study.cohort import Cohort

CENSORED = "end of observation before the horizon"

NOT_KNOWN = "not measured"


def compared(
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


def known_outcome(
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


def check_outcome(
    cohort: Cohort,
    outcome: np.ndarray,
    known: np.ndarray,
    arms: tuple[str, ...],
    code: np.ndarray,
) -> None:
    """Raise where nobody's outcome is known in an arm, or all have the same."""
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


def joined_strata(cohort: Cohort, columns: Sequence[str]) -> np.ndarray | None:
    """Join the levels of the columns within which people were randomised."""
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


def adjustment(cohort: Cohort, endpoint: Endpoint, notes: list[str]) -> np.ndarray:
    """Return the endpoint at baseline as a column, gaps filled; no column where it has none."""
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
