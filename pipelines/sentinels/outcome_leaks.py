"""Sentinels of the outcome: what tells it that should not."""

from __future__ import annotations

import numpy as np
import pandas as pd

from pipelines.question.study import AssembledStudy
from pipelines.sentinels.outcome_sources import repeated_sources
from signature.check.report import listed, several
from signature.check.view import View
from signature.randomness import generator
from signature.records.sentinels import Sentinel, Status
from signature.study.schema import BATCH
from signature.validation.group_rates import group_auroc
from signature.validation.single_leaks import feature_auroc, missing_aurocs

PERFECT = 0.98
"""AUROC, or one minus it, from which a single feature is too good to be true."""

SURE = 0.9
"""Lower end of its interval from which this is not the luck of a few people."""

LEVEL = 0.01
"""Chance of a false alarm about plates."""

PLATE_GAIN = 0.05
"""AUROC above chance from which plates matter."""

MISSING_GAIN = 0.05
"""Distance of a missing indicator's AUROC from 1/2 from which it matters."""

FEWEST_MISSING = 5
"""People in whom a feature is missing, and known, without whom nothing is compared."""


def perfect_feature(study: AssembledStudy, seen: View) -> Sentinel:
    """Look for a feature that tells the outcome by itself."""
    y, found, sure = _outcome(study, seen), {}, False
    for name in seen.cohort.schema.features:
        one = feature_auroc(seen.ranked(name)[seen.one_each], y)
        if one is not None and max(one.auroc, 1 - one.auroc) >= PERFECT:
            found[name] = one
            sure = sure or max(one.low, 1 - one.high) >= SURE
    parts = [
        f"{name} (AUROC {one.auroc:.3f}, 95 % interval {one.low:.3f} to {one.high:.3f}, "
        f"{one.people:,} people)"
        for name, one in found.items()
    ]
    sentence = "No feature alone tells the outcome with an AUROC of 0.98 or more."
    if found:
        sentence = (
            f"Too good to be true by itself: {listed(parts)}; ask whether it was known before the "
            "outcome was, and whether the outcome is made of it."
        )
    return Sentinel(
        name="perfect_feature",
        status="failed" if sure else "look" if found else "passed",
        sentence=sentence,
        columns=tuple(found),
        numbers={name: round(one.auroc, 4) for name, one in found.items()},
    )


def outcome_source(study: AssembledStudy, seen: View) -> Sentinel:
    """Look for features that the outcome is made of."""
    repeats = repeated_sources(study)
    y = _outcome(study, seen)
    decisive = []
    for name in repeats:
        one = feature_auroc(seen.ranked(name)[seen.one_each], y)
        if one is not None and max(one.auroc, 1 - one.auroc) >= SURE:
            decisive.append(name)
    sentence = "No feature repeats a record from which the outcome is derived."
    if repeats:
        what = listed(f"{name} (record {source!r})" for name, source in repeats.items())
        sentence = f"The outcome is derived from what is also a feature: {what}; " + (
            f"{listed(decisive)} as good as decides it. Leave it out of the features."
            if decisive
            else "say in the report that it was known before the outcome, and that a change from "
            "it goes with it by arithmetic alone."
        )
    return Sentinel(
        name="outcome_source",
        status="failed" if decisive else "look" if repeats else "passed",
        sentence=sentence,
        columns=tuple(repeats),
    )


def plate_tells_outcome(study: AssembledStudy, seen: View) -> Sentinel:
    """Look whether the plate tells the outcome, within sites."""
    plate = study.cohort.plate
    if plate is None and BATCH in study.cohort.schema:
        plate = study.cohort.X[BATCH]
    use = seen.one_each.copy()
    if plate is not None:
        use &= plate.notna().to_numpy()
    y = study.cohort.outcome.to_numpy()[use]
    if plate is None or plate[use].nunique() < 2 or len(np.unique(y)) < 2:
        return Sentinel(
            name="plate_tells_outcome",
            status="not applicable",
            sentence="Plates are not known, or there is one only: nothing was compared by plate.",
        )
    site = study.cohort.site
    where = np.zeros(len(y)) if site is None else pd.factorize(site[use])[0]
    if pd.Series(pd.factorize(plate[use])[0]).groupby(where).nunique().max() < 2:
        return Sentinel(
            name="plate_tells_outcome",
            status="not applicable",
            sentence="Each site has one plate: what plates tell cannot be told from what sites do.",
        )
    rng = generator(study.experiment.seed, "sentinels", "plate")
    found = group_auroc(pd.factorize(plate[use])[0], y, where, rng)
    gain = found.auroc - found.by_chance
    telling = found.pvalue <= LEVEL and gain >= PLATE_GAIN
    status: Status = "failed" if found.pure and telling else "look" if telling else "passed"
    inside = "" if site is None else " within sites"
    sentence = (
        f"The event rate of the others on a person's plate tells the outcome with an AUROC of "
        f"{found.auroc:.2f}; with outcomes permuted{inside} it is {found.by_chance:.2f}, not 0.50, "
        f"because a person's own outcome is left out (p {found.pvalue:.2g}, {found.groups} plates, "
        f"{several(found.people, 'person', 'people')})"
    )
    if telling:
        sentence += "; a model that reads the plate off the markers would look good"
    return Sentinel(
        name="plate_tells_outcome",
        status=status,
        sentence=sentence + ".",
        numbers={
            "auroc": round(found.auroc, 4),
            "by_chance": round(found.by_chance, 4),
            "p": found.pvalue,
            "plates": found.groups,
            "people": found.people,
        },
    )


def missingness_tells_outcome(study: AssembledStudy, seen: View) -> Sentinel:
    """Look whether it tells the outcome that a feature is missing."""
    y, gone = _outcome(study, seen), {}
    for name in seen.cohort.schema.features:
        missing = (np.isnan(seen.values(name)) & ~seen.below(name))[seen.one_each]
        if FEWEST_MISSING <= missing.sum() <= len(missing) - FEWEST_MISSING:
            gone[name] = missing
    if not gone:
        return Sentinel(
            name="missingness_tells_outcome",
            status="not applicable",
            sentence="No feature is missing often enough to compare.",
        )
    looked = missing_aurocs(np.column_stack(list(gone.values())), y)
    found = {
        name: one
        for name, one in zip(gone, looked, strict=True)
        if one.adjusted < 0.05 and abs(one.auroc - 0.5) >= MISSING_GAIN
    }
    sentence = f"Of {several(len(gone), 'feature')} with missing values none is missing by outcome."
    if found:
        parts = (f"{name} (AUROC of being missing {one.auroc:.2f})" for name, one in found.items())
        sentence = (
            f"Missing by outcome, after Holm's correction for {several(len(gone), 'feature')}: "
            f"{listed(parts)}; ask whether it was measured because of what happened."
        )
    return Sentinel(
        name="missingness_tells_outcome",
        status="look" if found else "passed",
        sentence=sentence,
        columns=tuple(found),
        numbers={name: round(one.auroc, 4) for name, one in found.items()},
    )


def _outcome(study: AssembledStudy, seen: View) -> np.ndarray:
    return study.cohort.outcome.to_numpy()[seen.one_each]
