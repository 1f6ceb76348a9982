"""What was named beforehand, markers and groups of people, and the table of all markers."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from sklearn.pipeline import Pipeline

from pipelines.trials.study import (
    TrialStudy,
    compared,
    covariates_of,
    level_of,
    moderator_levels,
    strata_of,
    weight_of,
)
from signature.effect.interaction.arm_by_score import Level, arm_by_score, side_that_gains
from signature.effect.interaction.interaction_table import InteractionTable, interaction_table
from signature.effect.interaction.line_or_step import LineOrStep, line_or_step
from signature.effect.interaction.moderators import moderator
from signature.effect.trial_record import NamedMarker, NamedModerator
from signature.prepare.procedures import linear_steps
from signature.randomness import generator, seed_for
from signature.study.schema import Scale


def arm_names(study: TrialStudy, rows: np.ndarray) -> np.ndarray:
    """Names of the arms of some people."""
    return np.array(study.trial.arms, dtype=object)[study.trial.code[rows]]


def filled_features(study: TrialStudy, rows: np.ndarray) -> pd.DataFrame:
    """Fill and standardise the features of some people; neither arm nor outcome is seen."""
    schema = study.trial.cohort.schema
    steps = Pipeline(linear_steps(schema, random_state=seed_for(study.experiment.seed, "filled")))
    return steps.fit_transform(study.trial.cohort.X.reset_index(drop=True).iloc[rows])


def named_markers(study: TrialStudy) -> list[NamedMarker]:
    """Test the interaction of each marker that the experiment names."""
    names = study.experiment.trial.markers
    if not names:
        return []
    trial, rows = study.trial, compared(study)
    table, gains = filled_features(study, rows), study.experiment.trial.gains_more
    better: Level = "higher" if trial.endpoint.higher_is_better else "lower"
    return [
        NamedMarker(
            marker=name,
            test=arm_by_score(
                trial.outcome[rows],
                arm_names(study, rows),
                table[name].to_numpy(),
                control=trial.arms[0],
                treated=trial.arms[study.treated],
                rng=generator(study.experiment.seed, "marker", name),
                strata=strata_of(trial, rows),
                covariates=covariates_of(trial, rows),
                weight=weight_of(trial, rows),
                side=side_that_gains(name, gains, better),
            ),
        )
        for name in names
    ]


def marker_table(study: TrialStudy) -> InteractionTable:
    """Test the interactions of all panel features, with the error rate of the family kept."""
    trial, rows = study.trial, compared(study)
    table = filled_features(study, rows)
    panel = [n for n in trial.cohort.schema.panel if n in table.columns]
    return interaction_table(
        trial.outcome[rows],
        arm_names(study, rows),
        table[panel],
        control=trial.arms[0],
        treated=trial.arms[study.treated],
        rng=generator(study.experiment.seed, "markers"),
        strata=strata_of(trial, rows),
        covariates=covariates_of(trial, rows),
        weight=weight_of(trial, rows),
    )


def moderator_records(study: TrialStudy) -> list[NamedModerator]:
    """Estimate the effect by level of each moderator that the experiment names."""
    trial, rows = study.trial, compared(study)
    schema = trial.cohort.schema
    found = []
    for name, groups in moderator_levels(study).items():
        told: dict[str, Any] = {
            "control": trial.arms[0],
            "treated": trial.arms[study.treated],
            "strata": strata_of(trial, rows),
            "covariates": covariates_of(trial, rows),
            "weight": weight_of(trial, rows),
        }
        outcome, arm = trial.outcome[rows], arm_names(study, rows)
        found.append(
            NamedModerator(
                column=name,
                label=schema[name].label if name in schema else name.replace("_", " "),
                found=moderator(
                    outcome,
                    arm,
                    level_of(groups, len(trial.code))[rows],
                    order=[group.level for group in groups],
                    rng=generator(study.experiment.seed, "moderator", name),
                    **told,
                ),
                shape=_shape(study, name, rows, outcome, arm, told),
            )
        )
    return found


def _shape(
    study: TrialStudy,
    name: str,
    rows: np.ndarray,
    outcome: np.ndarray,
    arm: np.ndarray,
    told: dict[str, Any],
) -> LineOrStep | None:
    """Compare line and step where the moderator is a number with one cut."""
    cuts, cohort = study.experiment.moderators[name], study.trial.cohort
    if len(cuts) != 1 or isinstance(cuts[0], str):
        return None
    column = cohort.X[name] if name in cohort.schema.features else cohort.records[name]
    values = pd.to_numeric(column, errors="coerce").to_numpy(dtype="float64", na_value=np.nan)
    rng = generator(study.experiment.seed, "line or step", name)
    cut, log2 = float(cuts[0]), name in cohort.schema and cohort.schema[name].scale is Scale.LOG2
    if log2:
        # on the scale of all tests: a line in the logarithm is a curve in the units
        values, cut = np.log2(np.where(values > 0, values, np.nan)), float(np.log2(cut))
    found = line_or_step(outcome, arm, values[rows], cut, rng=rng, **told)
    if found is None or not log2:
        return found
    return replace(found, cut=float(cuts[0]), values=tuple(2.0**v for v in found.values))
