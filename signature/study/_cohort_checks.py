"""What must hold for the rows of a cohort, whoever built it.

Messages name columns and count rows; they never show a cell or a subject.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from signature.exceptions import CohortError
from signature.study.schema import source_of

if TYPE_CHECKING:
    from signature.study.cohort import Cohort

_PARTS = ("records", "subject", "visit", "plate", "arm", "weight", "site", "outcome")


def check(cohort: Cohort) -> None:
    """Raise CohortError at the first thing that is wrong."""
    _check_columns(cohort)
    _check_alignment(cohort)
    _check_values(cohort)
    _check_weight(cohort)
    _check_subjects(cohort)


def _check_columns(cohort: Cohort) -> None:
    X, names = cohort.X, cohort.schema.names
    if list(X.columns) != list(names):
        odd = sorted(set(X.columns) ^ set(names))
        raise CohortError(
            f"{cohort.name}: the columns of X and of the schema differ"
            + (f" in {', '.join(odd)}" if odd else " in their order")
        )
    if not all(dtype == "float64" for dtype in X.dtypes):
        raise CohortError(f"{cohort.name}: all columns of X must be float64")


def _check_alignment(cohort: Cohort) -> None:
    """Every part has the rows of X, in their order; pandas would misalign without a word."""
    index = cohort.X.index
    if not index.is_unique:
        raise CohortError(f"{cohort.name}: the row index of X repeats; reset it")
    for part in _PARTS:
        value = getattr(cohort, part)
        if value is not None and not value.index.equals(index):
            raise CohortError(
                f"{cohort.name}: {part} has {len(value)} rows that are not the {len(index)} rows "
                "of X in the same order; build both from one table"
            )


def _check_values(cohort: Cohort) -> None:
    X = cohort.X
    infinite = [c for c in X if np.isinf(X[c]).any()]
    if infinite:
        raise CohortError(f"{cohort.name}: infinite values in {', '.join(map(repr, infinite))}")
    for limit in cohort.schema.limits:
        both = int((X[limit].notna() & X[source_of(limit)].notna()).sum())
        if both:
            raise CohortError(
                f"{cohort.name}: {both} rows have both a value of {source_of(limit)!r} and a "
                f"limit in {limit!r}; a row has one or the other"
            )


def _check_weight(cohort: Cohort) -> None:
    if cohort.weight is None:
        return
    odd = int((~(np.isfinite(cohort.weight) & (cohort.weight > 0))).sum())
    if odd:
        raise CohortError(
            f"{cohort.name}: {odd} rows have a weight that is missing or not positive"
        )


def _check_subjects(cohort: Cohort) -> None:
    nobody = int(cohort.subject.isna().sum())
    if nobody:
        raise CohortError(f"{cohort.name}: {nobody} rows name no subject")
    key = pd.DataFrame({"subject": cohort.subject})
    if cohort.visit is not None:
        key["visit"] = cohort.visit
    repeated = int(key.duplicated(keep=False).sum())
    if repeated:
        what = "subject and visit" if cohort.visit is not None else "subject"
        raise CohortError(
            f"{cohort.name}: {repeated} rows share their {what} with another row; keep one, or "
            "give each its own visit"
        )
