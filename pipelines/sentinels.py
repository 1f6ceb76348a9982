"""Look for leakage in a study and its folds, and say what was found."""

from __future__ import annotations

from collections.abc import Sequence

from pipelines import fold_sentinels, outcome_sentinels
from pipelines.folds import Fold
from pipelines.study import Study
from signature.check.view import view
from signature.validation.sentinel_record import Sentinels


def run_sentinels(study: Study, folds: Sequence[Fold]) -> Sentinels:
    """Look for leakage.

    Parameters
    ----------
    study : Study
        With the columns that candidates see.
    folds : sequence of Fold
        Outer folds; those of `study` unless others are to be looked at.

    Returns
    -------
    Sentinels
        ``sentinels.json``; nothing in it is of a person.

    Notes
    -----
    Passing proves nothing: what leaks in a way that nobody thought of is not looked for. What the
    laboratory's files are like is the matter of `signature.check.check_study`.
    """
    seen = view(study.cohort)
    return Sentinels(
        experiment=study.experiment.name,
        people=study.cohort.n_people,
        rows=len(study.cohort),
        folds=len(folds),
        sentinels=(
            fold_sentinels.person_on_both_sides(study, folds),
            fold_sentinels.twins_across_folds(study, folds, seen),
            outcome_sentinels.perfect_feature(seen),
            outcome_sentinels.outcome_source(study, seen),
            outcome_sentinels.plate_tells_outcome(study, seen),
            outcome_sentinels.missingness_tells_outcome(seen),
            fold_sentinels.scaled_before_folds(seen),
            fold_sentinels.canary(study, folds),
        ),
    )
