"""Sentinels of the folds: people, samples and statistics that cross from one side to the other."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pipelines.question.folds import Fold
from pipelines.question.study import AssembledStudy
from pipelines.sentinels.canary import canary_checks
from signature.check.report import listed, several
from signature.check.view import View
from signature.records.sentinels import Sentinel
from signature.validation.twins import twins

MANY_VALUES = 0.3
"""Different values per known value from which equal values of two people are no coincidence."""

FEWEST_TO_COMPARE = 5
"""Features with many values that two rows must share to be called twins."""


def person_on_both_sides(study: AssembledStudy, folds: Sequence[Fold]) -> Sentinel:
    """Look for people who are in training and held out in one fold."""
    person = study.cohort.person.to_numpy()
    shared = [len(np.intersect1d(person[f.train], person[f.held_out])) for f in folds]
    broken = sum(n > 0 for n in shared)
    sentence = f"In none of {several(len(folds), 'fold')} is a person in training and held out."
    if broken:
        sentence = (
            f"In {broken} of {several(len(folds), 'fold')} people are in training and held out, up "
            f"to {several(max(shared), 'person', 'people')} in one: lay out the folds by person."
        )
    return Sentinel(
        name="person_on_both_sides",
        status="failed" if broken else "passed",
        sentence=sentence,
        numbers={"folds": broken, "people": max(shared, default=0)},
    )


def twins_across_folds(study: AssembledStudy, folds: Sequence[Fold], seen: View) -> Sentinel:
    """Look for one sample under two names, in training and held out."""
    cohort = study.cohort
    X, n = cohort.X[list(cohort.schema.features)], len(cohort)
    varied = [c for c in X if X[c].nunique() >= MANY_VALUES * max(X[c].notna().sum(), n / 2)]
    if len(varied) < FEWEST_TO_COMPARE:
        return Sentinel(
            name="twins_across_folds",
            status="not applicable",
            sentence=(
                f"{several(len(varied), 'feature')} with many different values: too few to tell "
                "the same sample under two names from two people alike."
            ),
        )
    pairs = twins(X[varied].to_numpy(), cohort.person.to_numpy(), at_least=FEWEST_TO_COMPARE)
    across = np.zeros(len(pairs), dtype=bool)
    for fold in folds:
        side = np.zeros(n)
        side[fold.train], side[fold.held_out] = 1, 2
        across |= side[pairs].prod(axis=1) == 2
    found = int(across.sum())
    rows = len(np.unique(pairs[across]))
    sentence = (
        f"No two people have the same values of {len(varied)} features with many different values."
    )
    if len(pairs):
        sentence = (
            f"{several(rows, 'row')} of different people have as good as the same values of "
            f"{len(varied)} features, in training and held out ({several(found, 'pair')}): settle "
            "whether it is one sample under two names."
            if found
            else f"{several(len(pairs), 'pair')} of rows of different people have as good as the "
            "same values, but never in training and held out."
        )
    return Sentinel(
        name="twins_across_folds",
        status="failed" if found else "look" if len(pairs) else "passed",
        sentence=sentence,
        numbers={"pairs": len(pairs), "across": found, "rows": rows, "features": len(varied)},
    )


def scaled_before_folds(seen: View) -> Sentinel:
    """Look for features that were standardised before anybody was held out."""
    X = seen.cohort.X[list(seen.cohort.schema.features)]
    X = X.loc[:, X.nunique() > 2]
    spread = np.minimum(abs(X.std(ddof=0) - 1), abs(X.std(ddof=1) - 1))
    found = list(X.columns[(X.mean().abs() < 1e-6) & (spread < 1e-6)])
    sentence = "No feature comes with a mean of 0 and a standard deviation of 1 over all rows."
    if found:
        sentence = (
            f"{several(len(found), 'feature')} came standardised over all rows, held-out ones "
            f"included: {listed(found)}; take the values from before."
        )
    return Sentinel(
        name="scaled_before_folds",
        status="look" if found else "passed",
        sentence=sentence,
        columns=tuple(found),
        numbers={"features": len(found)},
    )


def canary(study: AssembledStudy, folds: Sequence[Fold]) -> Sentinel:
    """Look where the preprocessing of each fold learned its statistics."""
    checks = canary_checks(study, folds)
    learn = [c for c in checks if c.learns]
    bad = [c.candidate for c in learn if not c.inside]
    if not learn:
        return Sentinel(
            name="canary",
            status="not applicable",
            sentence="No candidate standardises its features: there is no statistic to look at.",
        )
    means = sum(c.means for c in learn)
    sentence = (
        f"Random columns were carried through the preprocessing of {len(learn)} of "
        f"{several(len(checks), 'candidate')}: each of {several(means, 'mean')} is that of the "
        "fold's own training rows."
    )
    if bad:
        sentence = (
            "Means of random columns are not those of the fold's own training rows, or the same in "
            f"all folds: {listed(bad)}; preprocessing learns outside the fold."
        )
    return Sentinel(
        name="canary",
        status="failed" if bad else "passed",
        sentence=sentence,
        numbers={"means": means, "off": sum(c.off for c in learn)},
    )
