"""What must hold for the rows of a cohort, whoever built it.

Messages name columns and count rows; they never show a cell or a subject.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from signature.exceptions import CohortError
from signature.study.schema import FeatureSchema, source_of

ROW_PARTS = ("records", "subject", "visit", "plate", "arm", "weight", "site")
"""What every cohort has room for beside X, with a line per row."""

Parts = Mapping[str, Any]


def check_rows(name: str, schema: FeatureSchema, X: pd.DataFrame, parts: Parts) -> None:
    """Raise CohortError at the first thing that is wrong.

    Parameters
    ----------
    name : str
        Of the data set.
    schema : FeatureSchema
    X : DataFrame, shape (n_rows, n_columns)
    parts : mapping of `ROW_PARTS` to Series or DataFrame or None, shape (n_rows, any)
        And of the outcome, where there is one.
    """
    _check_columns(name, schema, X)
    _check_alignment(name, X.index, parts)
    _check_values(name, schema, X)
    _check_weight(name, parts["weight"])
    _check_subjects(name, parts["subject"], parts["visit"])


def _check_columns(name: str, schema: FeatureSchema, X: pd.DataFrame) -> None:
    if list(X.columns) != list(schema.names):
        odd = sorted(set(X.columns) ^ set(schema.names))
        raise CohortError(
            f"{name}: the columns of X and of the schema differ"
            + (f" in {', '.join(odd)}" if odd else " in their order")
        )
    if not all(dtype == "float64" for dtype in X.dtypes):
        raise CohortError(f"{name}: all columns of X must be float64")


def _check_alignment(name: str, index: pd.Index, parts: Parts) -> None:
    """Every part has the rows of X, in their order; pandas would misalign without a word."""
    if not index.is_unique:
        raise CohortError(f"{name}: the row index of X repeats; reset it")
    for part, value in parts.items():
        if value is not None and not value.index.equals(index):
            raise CohortError(
                f"{name}: {part} has {len(value)} rows that are not the {len(index)} rows "
                "of X in the same order; build both from one table"
            )


def _check_values(name: str, schema: FeatureSchema, X: pd.DataFrame) -> None:
    infinite = [c for c in X if np.isinf(X[c]).any()]
    if infinite:
        raise CohortError(f"{name}: infinite values in {', '.join(map(repr, infinite))}")
    for limit in schema.limits:
        both = int((X[limit].notna() & X[source_of(limit)].notna()).sum())
        if both:
            raise CohortError(
                f"{name}: {both} rows have both a value of {source_of(limit)!r} and a "
                f"limit in {limit!r}; a row has one or the other"
            )


def _check_weight(name: str, weight: pd.Series | None) -> None:
    if weight is None:
        return
    odd = int((~(np.isfinite(weight) & (weight > 0))).sum())
    if odd:
        raise CohortError(f"{name}: {odd} rows have a weight that is missing or not positive")


def _check_subjects(name: str, subject: pd.Series, visit: pd.Series | None) -> None:
    nobody = int(subject.isna().sum())
    if nobody:
        raise CohortError(f"{name}: {nobody} rows name no subject")
    key = pd.DataFrame({"subject": subject})
    if visit is not None:
        key["visit"] = visit
    repeated = int(key.duplicated(keep=False).sum())
    if repeated:
        what = "subject and visit" if visit is not None else "subject"
        raise CohortError(
            f"{name}: {repeated} rows share their {what} with another row; keep one, or "
            "give each its own visit"
        )
