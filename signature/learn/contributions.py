"""Split a fitted procedure's log-odds into one part per feature, without any explainer library."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from signature.learn.calibration import CalibratedProcedure
from signature.records.results import BASE
from signature.study.schema import source_of


def contributions(procedure: CalibratedProcedure, X: pd.DataFrame) -> pd.DataFrame:
    """Return what each feature adds to the log-odds of the event.

    Parameters
    ----------
    procedure : CalibratedProcedure
        Fitted; its estimator is a Pipeline that ends in a linear model on standardised columns,
        in `ShallowBoosting`, or in a model that ignores its features.
    X : DataFrame
        Raw schema columns.

    Returns
    -------
    DataFrame of shape (n_rows, n_features + 1)
        One column per source feature (a marker and its derived 0/1 column are one feature) and
        `BASE`; each row adds up to ``procedure.decision_function``. For a linear model a part is
        coefficient × distance from the training mean; for trees it is the exact path-dependent
        Shapley value.

    Raises
    ------
    TypeError
        For an estimator of another kind.
    """
    pipeline = procedure.estimator_
    final = pipeline[-1]
    Z = pipeline[:-1].transform(X)
    parts = group_by_source(
        raw_contributions(final, Z), list(pipeline[:-1].get_feature_names_out())
    )
    parts = parts * procedure.slope_
    parts[BASE] += procedure.intercept_
    return parts.set_index(X.index)


def raw_contributions(final: Any, Z: Any) -> np.ndarray:
    """Contributions of derived columns and, last, the base, before calibration."""
    values = np.asarray(Z, dtype="float64")
    if hasattr(final, "contributions"):
        return final.contributions(Z)
    if hasattr(final, "coef_"):
        base = np.full((len(values), 1), float(final.intercept_[0]))
        return np.hstack([values * final.coef_[0], base])
    if hasattr(final, "class_prior_"):
        p = float(final.class_prior_[1])
        base = np.full((len(values), 1), np.log(p / (1 - p)))
        return np.hstack([np.zeros_like(values), base])
    raise TypeError(f"no contributions are known for {type(final).__name__}")


def group_by_source(raw: np.ndarray, names: list[str]) -> pd.DataFrame:
    """Add up the columns that stem from the same feature; the last column of `raw` is the base."""
    sources, sums = source_sums(names)
    return pd.DataFrame(raw @ sums, columns=[*sources, BASE])


def source_sums(names: Sequence[str]) -> tuple[list[str], np.ndarray]:
    """Return the features that columns stem from, and the matrix that adds columns up to them.

    Returns
    -------
    sources : list of str
    sums : ndarray of shape (n_columns + 1, n_sources + 1)
        1 where a column stems from the source; the base is last in both.
    """
    sources = list(dict.fromkeys(source_of(n) for n in names))
    sums = np.zeros((len(names) + 1, len(sources) + 1))
    sums[range(len(names)), [sources.index(source_of(n)) for n in names]] = 1.0
    sums[-1, -1] = 1.0
    return sources, sums
