"""The early visit: whether treatment moved the panel, and what the change by then goes with."""

from __future__ import annotations

import numpy as np
import pandas as pd

from pipelines.trials.hypotheses import arm_names, filled_features
from pipelines.trials.study import (
    ENDPOINT_EXPORTS,
    TrialStudy,
    compared,
    covariates_of,
    strata_of,
)
from signature.discovery import load
from signature.effect.trial_record import MarkerVisits
from signature.effect.visits.early_change import EarlyChange, early_change
from signature.effect.visits.engagement import Engagement, engagement
from signature.effect.visits.visit_lines import visit_lines
from signature.exceptions import AllocationError, PredictionsError
from signature.randomness import generator, seed_for

HAD_EVENT = "had the event by then"
NOT_FOLLOWED = "no longer followed by then"


def change_by_early_visit(study: TrialStudy) -> pd.DataFrame | None:
    """Change of each feature by the early visit, NaN where it is not known.

    Returns
    -------
    DataFrame of shape (n, n_features) or None
        Later less earlier, or log2 of their ratio; None where the experiment names no early visit.

    Raises
    ------
    PredictionsError
        When a log2 ratio is asked of values that are not positive.
    """
    early, cohort = study.experiment.early, study.trial.cohort
    if early is None:
        return None
    found = {}
    for name, column in early.later.items():
        before = cohort.X[name].to_numpy(dtype="float64")
        after = pd.to_numeric(cohort.records[column]).to_numpy(dtype="float64")
        if early.scale == "log2 ratio":
            odd = int((before <= 0).sum() + (after <= 0).sum())
            if odd:
                raise PredictionsError(
                    f"a log2 ratio needs positive values, and {odd} of {name!r} or {column!r} are "
                    "not; set scale = 'difference' in [early]"
                )
            before, after = np.log2(before), np.log2(after)
        found[name] = after - before
    return pd.DataFrame(found)


def engagement_of(study: TrialStudy) -> Engagement | None:
    """Compare how the panel moved in the two arms; None without an early visit."""
    change = change_by_early_visit(study)
    if change is None:
        return None
    trial, rows = study.trial, two_arms(study)
    return engagement(
        change.iloc[rows],
        arm_names(study, rows),
        control=trial.arms[0],
        treated=trial.arms[study.treated],
        rng=generator(study.experiment.seed, "engagement"),
        strata=strata_of(trial, rows),
    )


def early_record(study: TrialStudy) -> EarlyChange | str | None:
    """Analyse the change by the early visit among people still at risk there.

    Returns
    -------
    EarlyChange or str or None
        None where the experiment names no early visit; a sentence that says why, where too few
        people are left at the visit.
    """
    change, early = change_by_early_visit(study), study.experiment.early
    if change is None or early is None:
        return None
    trial, rows = study.trial, two_arms(study)
    try:
        return early_change(
            trial.outcome[rows],
            arm_names(study, rows),
            filled_features(study, rows),
            change.iloc[rows],
            control=trial.arms[0],
            treated=trial.arms[study.treated],
            label=early.label,
            day=early.day,
            endpoint_day=float(trial.endpoint.day),
            rng=generator(study.experiment.seed, "early change"),
            seed=seed_for(study.experiment.seed, "early change", "folds"),
            gone=[str(why) if why else None for why in gone_by(study, early.day)[rows]],
            strata=strata_of(trial, rows),
            covariates=covariates_of(trial, rows),
            draws=study.experiment.crossfitting.draws,
        )
    except AllocationError as error:
        return f"No analysis of the change by {early.label}: {error}."


def gone_by(study: TrialStudy, day: float) -> np.ndarray:
    """Say of each person why they are no longer at risk on a day; empty where they are.

    An outcome that is not a time to event leaves everybody at risk until it is measured.
    """
    trial, asked = study.trial, study.experiment.trial
    why = np.full(len(trial.code), "", dtype=object)
    if trial.endpoint.kind != "time to event":
        return why
    followed = load("signature.endpoints", asked.endpoint, ENDPOINT_EXPORTS).derive(
        trial.cohort.records
    )
    over = followed["time"].to_numpy(dtype="float64") <= day
    event = followed["event"].to_numpy(dtype="float64") == 1
    why[over & event], why[over & ~event] = HAD_EVENT, NOT_FOLLOWED
    return why


def marker_visits(study: TrialStudy) -> list[MarkerVisits]:
    """Average each marker at baseline and at the early visit, by arm and by later outcome."""
    change, early = change_by_early_visit(study), study.experiment.early
    if change is None or early is None:
        return []
    trial, rows = study.trial, compared(study)
    rows = rows[gone_by(study, early.day)[rows] == ""]
    outcome = trial.outcome[rows]
    if trial.endpoint.kind == "continuous":
        middle = float(np.median(outcome))
        higher = trial.endpoint.higher_is_better
        better = outcome > middle if higher else outcome < middle
        means = f"{'above' if higher else 'below'} the median of {middle:.3g}"
    else:
        better = outcome == (1 if trial.endpoint.higher_is_better else 0)
        means = "the event" if trial.endpoint.higher_is_better else "no event"
    found = []
    for name in early.later:
        before = trial.cohort.X[name].to_numpy(dtype="float64")[rows]
        if early.scale == "log2 ratio":
            before = np.log2(before)
        after = before + change[name].to_numpy()[rows]
        lines = visit_lines(before, after, arm_names(study, rows), better.astype("float64"))
        found.append(MarkerVisits(marker=name, better=means, lines=list(lines)))
    return found


def two_arms(study: TrialStudy) -> np.ndarray:
    """Positions of the people of the two arms, whether their outcome is known or not."""
    return np.flatnonzero(np.isin(study.trial.code, (0, study.treated)))
