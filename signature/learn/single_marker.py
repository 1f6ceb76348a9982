"""The best single marker: what a panel must beat to deserve its name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

import numpy as np
import pandas as pd
from scipy.stats import rankdata
from sklearn.utils.validation import validate_data

from signature.learn.binary import two_classes
from signature.learn.sparse_logistic import SparseLogistic
from signature.prepare.columns import as_table
from signature.study.schema import CENSORED, source_of


class BestSingleMarker(SparseLogistic):
    """Logistic regression on the one column whose training AUROC is furthest from one half.

    Parameters
    ----------
    among : sequence of str, optional
        Columns to choose from; all when left out. A chosen marker that has a 0/1 column
        ``<marker>__censored`` brings it along; one of which only that column is left stands by it.

    Attributes
    ----------
    chosen_ : list of str
        The marker, and its 0/1 column where there is one.
    coef_ : ndarray of shape (1, n_features)
        Log-odds per unit of each column, zero for all but the chosen.
    intercept_ : ndarray of shape (1,)

    Notes
    -----
    The class that sorts last is the event. Ties in the training AUROC go to the column that comes
    first.
    """

    def __init__(self, among: Sequence[str] | None = None) -> None:
        self.among = among

    def fit(self, X: pd.DataFrame | np.ndarray, y: np.ndarray) -> Self:
        """Choose the marker and fit its coefficient."""
        values, y = validate_data(self, X, y)
        classes, event = two_classes(y)
        self.classes_ = classes
        names = list(as_table(X if isinstance(X, pd.DataFrame) else values).columns)
        pool = names if self.among is None else _eligible(names, set(self.among))
        if not pool:
            raise ValueError(f"none of the {len(names)} columns is among those to choose from")
        at = [names.index(n) for n in pool]
        best = pool[int(np.argmax(np.abs(column_auroc(values[:, at], event) - 0.5)))]
        self.chosen_ = [n for n in (best, f"{best}{CENSORED}") if n in names]
        chosen_at = [names.index(n) for n in self.chosen_]
        self._fit_columns(values, event, np.array(chosen_at), strength=1.0)
        return self


def _eligible(names: list[str], among: set[str]) -> list[str]:
    """Columns to choose from: a 0/1 column only where its marker's values are gone."""
    return [n for n in names if n in among or (source_of(n) in among and source_of(n) not in names)]


def column_auroc(X: np.ndarray, event: np.ndarray) -> np.ndarray:
    """AUROC of each column taken as a score, ties counted half.

    Examples
    --------
    >>> column_auroc(np.array([[1.0, 5.0], [2.0, 5.0], [3.0, 4.0]]), np.array([0, 0, 1]))
    array([1., 0.])
    """
    ranks = rankdata(X, axis=0)
    n1 = int(event.sum())
    n0 = len(event) - n1
    return (ranks[event == 1].sum(axis=0) - n1 * (n1 + 1) / 2) / (n0 * n1)
