"""From which records an outcome is derived, and which features repeat one of them."""

from __future__ import annotations

import numpy as np
import pandas as pd

from pipelines.question.assembly import OUTCOME_EXPORTS
from pipelines.question.study import AssembledStudy
from signature.discovery import load

SAME_ORDER = 0.99
"""Spearman correlation, in absolute value, from which two columns of numbers say the same."""

FEWEST_BOTH = 20
"""Rows in which two columns must both be known to be compared."""

MOST_LEVELS = 10
"""Different values up to which columns are compared level by level, as well as by order."""


def outcome_sources(study: AssembledStudy) -> tuple[str, ...]:
    """Name the records without which the outcome could not be derived, or would be another.

    Each is taken away in turn, so that the definition need not say what it reads.
    """
    module = load("signature.outcomes", study.experiment.data.outcome, OUTCOME_EXPORTS)
    records = study.cohort.records
    whole = module.derive(records)
    found = []
    for name in map(str, records.columns):
        try:
            without = module.derive(records.drop(columns=name))
        except KeyError:
            found.append(name)
            continue
        if not without.equals(whole):
            found.append(name)
    return tuple(found)


def repeated_sources(study: AssembledStudy) -> dict[str, str]:
    """Find features that are records from which the outcome is derived.

    Returns
    -------
    dict of feature name to record name
        By the same name, the same order of numbers, or a one-to-one relation of a few levels. The
        outcome itself counts as a record.
    """
    sources: dict[str, pd.Series] = {n: study.cohort.records[n] for n in outcome_sources(study)}
    sources.setdefault(study.cohort.outcome_name, study.cohort.outcome)
    found: dict[str, str] = {}
    for feature in study.cohort.schema.features:
        values = study.cohort.X[feature]
        for name, source in sources.items():
            if feature == name or _same(values, source):
                found.setdefault(feature, name)
    return found


def _same(values: pd.Series, source: pd.Series) -> bool:
    both = (values.notna() & source.notna()).to_numpy()
    if both.sum() < FEWEST_BOTH:
        return False
    mine, other = values[both].reset_index(drop=True), source[both].reset_index(drop=True)
    levels = mine.nunique(), other.nunique()
    if min(levels) < 2:
        return False
    if max(levels) <= MOST_LEVELS:
        pairs = len(pd.DataFrame({"mine": mine, "other": other.astype("str")}).drop_duplicates())
        return pairs == levels[0] == levels[1]
    if not pd.api.types.is_numeric_dtype(other):
        return False
    return bool(abs(np.corrcoef(mine.rank(), other.astype("float64").rank())[0, 1]) >= SAME_ORDER)
