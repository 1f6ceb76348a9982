"""Outcomes shuffled among people of the same site and arm, so that nothing can be found."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from pipelines.question.study import AssembledStudy, lay_out
from signature.exceptions import OutcomeError
from signature.randomness import generator, seed_for
from signature.study.cohort import CohortWithOutcome


@dataclass(frozen=True, eq=False)
class Exchangeable:
    """People whose outcomes may change places.

    Parameters
    ----------
    strata : tuple of tuple of ndarray of int
        By stratum and person, the positions of the person's rows.
    n_fixed : int
        People whose outcome stays in every shuffle, because all of their stratum have the same.
    """

    strata: tuple[tuple[np.ndarray, ...], ...]
    n_fixed: int


def exchangeable(cohort: CohortWithOutcome) -> Exchangeable:
    """Group people by site, by arm, and where it matters by their number of rows.

    Where every person has one outcome on all rows, people of a stratum are exchanged whatever
    their number of rows. Where an outcome changes between a person's rows, as from visit to
    visit, people are exchanged with those who have as many rows, each at the same site and in the
    same arm, so that what a person's rows have in common is kept.

    Parameters
    ----------
    cohort : CohortWithOutcome
        Sites and arms are used where it has them.
    """
    y = cohort.outcome.to_numpy()
    person = cohort.person.to_numpy()
    nowhere = np.full(len(cohort), "")
    site = nowhere if cohort.site is None else cohort.site.astype(str).to_numpy()
    arm = nowhere if cohort.arm is None else cohort.arm.astype(str).to_numpy()
    ends = np.cumsum(np.bincount(person))[:-1]
    people = np.split(np.argsort(person, kind="stable"), ends)
    one_outcome = all(np.ptp(y[rows]) == 0 for rows in people)
    strata: dict[tuple[tuple[str, str], ...], list[np.ndarray]] = {}
    for rows in people:
        places = [(str(site[row]), str(arm[row])) for row in rows]
        key = tuple(sorted(set(places)) if one_outcome else places)
        strata.setdefault(key, []).append(rows)
    fixed = 0
    for members in strata.values():
        if (
            len({y[rows[:1]].tobytes() if one_outcome else y[rows].tobytes() for rows in members})
            == 1
        ):
            fixed += len(members)
    return Exchangeable(tuple(tuple(strata[key]) for key in sorted(strata)), fixed)


def shuffled_outcome(cohort: CohortWithOutcome, rng: np.random.Generator) -> pd.Series:
    """Shuffle the outcome among whole people, within site and within arm.

    Everything else stays where it is: who has which features, plates, visits and weights. How many
    people have the event is kept in every site and arm; how many rows, too, unless people who have
    one outcome on all their rows differ in how many they have.

    Parameters
    ----------
    cohort : CohortWithOutcome
        Sites and arms are used where it has them.
    rng : Generator

    Returns
    -------
    Series of int, shape (n_rows,)
        1 is the event.

    Raises
    ------
    OutcomeError
        When no outcome can change places, because all people of every stratum have the same.
    """
    groups = exchangeable(cohort)
    if groups.n_fixed == cohort.n_people:
        raise OutcomeError(
            f"{cohort.name}: shuffling {cohort.outcome_name} changes nothing, because all people "
            "of the same site and arm, and with as many rows where the outcome changes between "
            "rows, have the same; there is nothing to be compared with"
        )
    y = cohort.outcome.to_numpy()
    shuffled = y.copy()
    for people in groups.strata:
        for rows, giver in zip(people, rng.permutation(len(people)), strict=True):
            given = y[people[giver]]
            shuffled[rows] = given if len(given) == len(rows) else given[0]
    return pd.Series(shuffled, index=cohort.outcome.index, name=cohort.outcome.name)


def shuffled_study(study: AssembledStudy, run: int) -> AssembledStudy:
    """Return the study with shuffled outcomes, its own seed, and folds laid out anew.

    Parameters
    ----------
    study : AssembledStudy
    run : int
        Number of the shuffle, from 0. The same number gives the same shuffle in any order of runs.
    """
    seed = seed_for(study.experiment.seed, "null check", run)
    experiment = study.experiment.model_copy(update={"seed": seed})
    outcome = shuffled_outcome(study.cohort, generator(seed, "shuffle"))
    cohort = replace(study.cohort, outcome=outcome)
    folds = lay_out(experiment, cohort, study.references)
    return replace(study, experiment=experiment, cohort=cohort, folds=folds)
