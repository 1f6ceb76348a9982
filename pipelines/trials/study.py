"""From a trial experiment to the people, arms, features and candidates that it asks for."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from types import ModuleType

import numpy as np
import pandas as pd

from pipelines.question.handling import handling_of
from pipelines.trials.experiment import TrialExperiment
from signature.discovery import load
from signature.effect.trial.after_randomisation import check_early, declared_after
from signature.effect.trial.trial import Trial, make_trial
from signature.endpoints import Endpoint
from signature.exceptions import (
    CohortError,
    DefinitionError,
    ExperimentError,
    SchemaError,
    TrialError,
)
from signature.study.batch_codes import with_batch
from signature.study.cohort import Cohort
from signature.study.schema import Scale
from signature.validation.subgroups import Subgroup, subgroups

DATASET_EXPORTS = ("CITATION", "load")
ENDPOINT_EXPORTS = ("ENDPOINT", "derive")
CANDIDATE_EXPORTS = ("LABEL", "build", "space")


@dataclass(frozen=True, eq=False)
class TrialStudy:
    """What a trial experiment runs on.

    Parameters
    ----------
    experiment : TrialExperiment
    trial : Trial
        All arms that were randomised, and the features that are used.
    candidates : dict of module
        Files of ``models/`` that predict benefit, the headline first.
    dropped_features : dict of str
        Why a feature is not there.
    secondary : dict of Trial
        The same people with further endpoints, by its file's name.
    """

    experiment: TrialExperiment
    trial: Trial
    candidates: dict[str, ModuleType]
    dropped_features: dict[str, str]
    secondary: dict[str, Trial] = field(default_factory=dict)

    @property
    def treated(self) -> int:
        """Position of the arm that the headline compares with the control, among the arms."""
        return self.trial.arms.index(self.experiment.trial.treated)


def assemble_trial(experiment: TrialExperiment) -> TrialStudy:
    """Load the data, attach endpoint and arms, and keep the features.

    Raises
    ------
    ExperimentError
        When the experiment names a data set, endpoint, arm, feature, candidate or record that does
        not exist, a candidate that does not predict benefit, or a landmark that is not before the
        endpoint.
    AllocationError, CohortError, OutcomeError, TableError, DataFolderNotSetError
        When the data cannot answer the question; see their documentation.
    """
    asked, where = experiment.trial, f"experiment {experiment.name!r}"
    try:
        dataset = load("signature.datasets", asked.dataset, DATASET_EXPORTS)
        endpoints = {
            name: load("signature.endpoints", name, ENDPOINT_EXPORTS)
            for name in (asked.endpoint, *asked.secondary)
        }
        candidates = {
            name: load("models", name, CANDIDATE_EXPORTS) for name in experiment.candidates.all
        }
    except DefinitionError as error:
        raise ExperimentError(f"{where}: {error}") from None
    other = [n for n, m in candidates.items() if getattr(m, "PREDICTS", "event") != "benefit"]
    if other:
        raise ExperimentError(
            f"{where}: candidates of a trial must predict benefit, and "
            f"{', '.join(map(repr, other))} predict the probability of an event, which says "
            "nothing of treatment; leave them out of [candidates]"
        )
    whole = dataset.load()
    if experiment.assay.batch is not None:
        whole = with_batch(whole, experiment.assay.batch)
    cohort, dropped = _with_features(whole.where(asked.where), experiment)
    trials = {
        name: _trial_of(experiment, cohort, name, endpoint) for name, endpoint in endpoints.items()
    }
    trial = trials.pop(asked.endpoint)
    study = TrialStudy(experiment, trial, candidates, dropped, trials)
    _check_names(study)
    _check_early(study)
    return study


def _trial_of(
    experiment: TrialExperiment, cohort: Cohort, name: str, endpoint: ModuleType
) -> Trial:
    asked = experiment.trial
    told: Endpoint = endpoint.ENDPOINT
    try:
        values = endpoint.derive(cohort.records)
    except KeyError as error:
        raise ExperimentError(
            f"experiment {experiment.name!r}: endpoint {name!r} asks for the record {error}; "
            f"{cohort.name} has: " + ", ".join(sorted(map(str, cohort.records)))
        ) from None
    return make_trial(
        cohort,
        told,
        values,
        control=asked.control,
        ratio=asked.ratio,
        arms=asked.arms or None,
        strata=asked.strata,
        missing=asked.missing,
        seed=experiment.seed,
        reasons=endpoint.unknown(cohort.records) if hasattr(endpoint, "unknown") else None,
    )


def _with_features(cohort: Cohort, experiment: TrialExperiment) -> tuple[Cohort, dict[str, str]]:
    where = f"experiment {experiment.name!r}"
    try:
        schema = cohort.schema.choose(**experiment.features.model_dump())
    except SchemaError as error:
        raise ExperimentError(f"{where}, features: {error}") from None
    cohort, dropped = cohort.with_features(schema).without_empty_features()
    if not cohort.schema.panel:
        raise ExperimentError(
            f"{where}: nothing is left of the panel; "
            + "; ".join(f"{name} is {why}" for name, why in dropped.items())
        )
    handling = handling_of(experiment.assay, cohort.schema, None, experiment.name)
    return cohort.with_features(replace(cohort.schema, handling=handling)), dropped


def _check_names(study: TrialStudy) -> None:
    """Say before the first fit what is named and not there."""
    experiment, cohort = study.experiment, study.trial.cohort
    where = f"experiment {experiment.name!r}"
    if experiment.trial.treated not in study.trial.arms:
        raise ExperimentError(
            f"{where}: no arm {experiment.trial.treated!r}; there are: "
            + ", ".join(study.trial.arms)
        )
    tested = {*experiment.trial.markers, *cohort.schema.panel}
    absent = [n for n in experiment.trial.markers if n not in cohort.schema.features]
    absent += [n for n in experiment.trial.gains_more if n not in tested]
    if experiment.early is not None:
        absent += [n for n in experiment.early.later if n not in cohort.schema.features]
        lost = [c for c in experiment.early.later.values() if c not in cohort.records]
        if lost:
            raise ExperimentError(
                f"{where}, early: no recorded column {', '.join(map(repr, lost))}; there are: "
                + ", ".join(sorted(map(str, cohort.records)))
            )
    if absent:
        raise ExperimentError(
            f"{where}: {', '.join(map(repr, absent))} is none of the features; there are: "
            + ", ".join(cohort.schema.features)
        )
    moderator_levels(study)


def _check_early(study: TrialStudy) -> None:
    """Hold the early visit to what the data set says of its days."""
    early = study.experiment.early
    if early is None:
        return
    where = f"experiment {study.experiment.name!r}, early"
    later = declared_after(study.trial.cohort)
    try:
        check_early(list(early.later.values()), study.trial.endpoint, later)
    except TrialError as error:
        raise ExperimentError(f"{where}: {error}") from None
    odd = [f"{c!r} (day {later[c]})" for c in early.later.values() if later[c] != early.day]
    if odd:
        raise ExperimentError(
            f"{where}: the visit is said to be on day {early.day:g}, and the data set has other "
            f"days for {', '.join(odd)}; say the day on which all of it was measured"
        )


def moderator_levels(study: TrialStudy) -> dict[str, list[Subgroup]]:
    """Find who belongs to which level of each moderator that the experiment names.

    Raises
    ------
    ExperimentError
        When a column or level is not there, or cut points do not fit their column.
    """
    cohort, asked = study.trial.cohort, study.experiment.moderators
    found: dict[str, list[Subgroup]] = {}
    for name, levels in asked.items():
        try:
            if name in cohort.schema.features:
                values = cohort.X[name]
                if cohort.schema[name].scale is Scale.YES_NO:
                    values = values.map({0.0: "no", 1.0: "yes"})
            elif name in cohort.records:
                values = cohort.records[name]
            else:
                raise CohortError(
                    f"no feature or recorded column {name!r}; there are: "
                    + ", ".join(sorted({*cohort.schema.features, *map(str, cohort.records)}))
                )
            table = pd.DataFrame({name: values}).reset_index(drop=True)
            found[name] = subgroups(table, {name: levels or None})
        except CohortError as error:
            raise ExperimentError(
                f"experiment {study.experiment.name!r}, moderators: {error}"
            ) from None
    return found


def level_of(groups: list[Subgroup], n: int) -> np.ndarray:
    """Return each row's level, None where it has none.

    Parameters
    ----------
    groups : list of Subgroup
        Of one column.
    n : int
        Number of rows.

    Returns
    -------
    ndarray of object, shape (n,)
    """
    level = np.full(n, None, dtype=object)
    for group in groups:
        level[group.rows] = group.level
    return level


def compared(study: TrialStudy) -> np.ndarray:
    """Positions of the people of the two arms whose outcome is known."""
    trial = study.trial
    return np.flatnonzero(trial.known & np.isin(trial.code, (0, study.treated)))


def strata_of(trial: Trial, rows: np.ndarray) -> np.ndarray | None:
    """Strata of some people, None where the trial had none."""
    return None if trial.strata is None else trial.strata[rows]


def weight_of(trial: Trial, rows: np.ndarray) -> np.ndarray:
    """Return for how many people each of some stands in a test."""
    return trial.standing[rows]


def covariates_of(trial: Trial, rows: np.ndarray) -> np.ndarray | None:
    """Return what tests adjust for, None where there is nothing."""
    return trial.covariates[rows] if trial.covariates.shape[1] else None
