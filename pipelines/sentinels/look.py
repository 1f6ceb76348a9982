"""Look for leakage in a study and its folds, and say what was found."""

from __future__ import annotations

from collections.abc import Sequence

from pipelines.question.folds import Fold
from pipelines.question.study import AssembledStudy
from pipelines.sentinels import fold_leaks, outcome_leaks
from signature.check.view import view
from signature.records.sentinels import Sentinels


def run_sentinels(study: AssembledStudy, folds: Sequence[Fold]) -> Sentinels:
    """Look for leakage.

    Parameters
    ----------
    study : AssembledStudy
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
            fold_leaks.person_on_both_sides(study, folds),
            fold_leaks.twins_across_folds(study, folds, seen),
            outcome_leaks.perfect_feature(study, seen),
            outcome_leaks.outcome_source(study, seen),
            outcome_leaks.plate_tells_outcome(study, seen),
            outcome_leaks.missingness_tells_outcome(study, seen),
            fold_leaks.scaled_before_folds(seen),
            fold_leaks.canary(study, folds),
        ),
    )
