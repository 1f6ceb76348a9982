"""Missing values, from the other columns of the same row and never from the outcome."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

import numpy as np
import pandas as pd
from sklearn.experimental import enable_iterative_imputer  # noqa: F401 - makes the next line legal
from sklearn.impute import IterativeImputer
from sklearn.linear_model import BayesianRidge
from sklearn.utils.validation import check_is_fitted

from signature.prepare.columns import ArrayFunction, TableTransformer
from signature.randomness import seed_for

MISSING = "__missing"
"""Suffix of the 0/1 column that says where a value was missing."""


class OutcomeFreeImputer(TableTransformer):
    """Impute missing values by chained regressions: draws in training, means at prediction.

    Each column in turn is regressed on all others (scikit-learn's `IterativeImputer` with
    `BayesianRidge`; van Buuren 2011 without the outcome), and its missing cells are drawn from the
    posterior. The outcome stays out: `y` is ignored.

    `fit_transform`, which is what a Pipeline calls in training, gives **random draws**;
    `transform` gives the **mean**. They differ on purpose, as those of scikit-learn's
    ``TargetEncoder`` do: with means in training a model would see too little spread and too tight
    correlations; with draws at prediction a score would change from call to call.

    Comes after logarithms and censored values, instead of a median imputer; columns should be
    roughly symmetric, and 0/1 columns get numbers between.

    Parameters
    ----------
    rounds : int
        Rounds through all columns.
    n_nearest_features : int, optional
        Regress each column on that many others, chosen by correlation; on all when left out.
        With hundreds of columns all of them take long.
    add_indicator : bool
        Whether to add a 0/1 column ``<name>__missing`` for each column that some, but not all,
        training rows miss.
    random_state : int
        Seed of the draws.

    Attributes
    ----------
    coef_ : ndarray of shape (n_columns, n_columns)
        Row j regresses column j on the others; averaged over the later half of the rounds.
    intercept_ : ndarray of shape (n_columns,)
    start_, low_, high_ : ndarray of shape (n_columns,)
        Training mean, smallest and largest value of each column; 0 where it was never observed.
    indicated_ : list of str
        Columns that get a 0/1 column.

    Notes
    -----
    A column that training rows never show is filled with 0, in training and later. In `transform`,
    imputed values stay within the range seen in training.

    Examples
    --------
    >>> table = pd.DataFrame({"IL6": [1.0, 2.0, 3.0, 4.0], "CRP": [2.1, 3.9, 6.0, 8.1]})
    >>> new = pd.DataFrame({"IL6": [2.5, float("nan")], "CRP": [float("nan"), 6.0]})
    >>> OutcomeFreeImputer().fit(table).transform(new).round(1)
       IL6  CRP
    0  2.5  5.0
    1  3.0  6.0
    """

    def __init__(
        self,
        rounds: int = 10,
        n_nearest_features: int | None = None,
        add_indicator: bool = False,
        random_state: int = 0,
    ) -> None:
        self.rounds = rounds
        self.n_nearest_features = n_nearest_features
        self.add_indicator = add_indicator
        self.random_state = random_state

    def fit(self, X: pd.DataFrame | np.ndarray, y: object = None) -> Self:
        """Learn the regressions from training rows; the outcome is ignored."""
        self._fit(X)
        return self

    def fit_transform(self, X: pd.DataFrame | np.ndarray, y: object = None) -> pd.DataFrame:
        """Learn the regressions, and return the training rows with draws in their missing cells."""
        table, completed = self._fit(X)
        return self._filled(table, completed)

    def on_arrays(self) -> ArrayFunction:
        """Return the step as a function of numbers: means in missing cells, row by row."""
        indicated = [self.columns_.index(c) for c in self.indicated_]

        def apply(values: np.ndarray) -> np.ndarray:
            gaps = np.isnan(values)
            filled = np.where(gaps, self.start_, values)
            at = [(j, np.flatnonzero(gaps[:, j])) for j in np.flatnonzero(gaps.any(axis=0))]
            for _ in range(self.rounds):
                for j, rows in at:
                    found = filled[rows] @ self.coef_[j] + self.intercept_[j]
                    filled[rows, j] = np.clip(found, self.low_[j], self.high_[j])
            if not indicated:
                return filled
            return np.hstack([filled, gaps[:, indicated].astype("float64")])

        return apply

    def _fit(self, X: pd.DataFrame | np.ndarray) -> tuple[pd.DataFrame, np.ndarray]:
        table = self._table_to_fit(X)
        self.columns_: list[str] = list(table.columns)
        values = table.to_numpy(dtype="float64")
        gaps = np.isnan(values)
        never = gaps.all(axis=0)
        self.indicated_ = _named(self.columns_, gaps.any(axis=0) & ~never & self.add_indicator)
        known = np.where(never, 0.0, values)
        self.start_ = np.nanmean(known, axis=0)
        self.low_, self.high_ = np.nanmin(known, axis=0), np.nanmax(known, axis=0)
        self.coef_ = np.zeros((len(never), len(never)))
        self.intercept_ = self.start_.copy()
        completed = np.where(gaps, self.start_, values)
        seen = np.flatnonzero(~never)
        if len(seen) > 1:
            completed[:, seen] = self._chain(values[:, seen], seen, bool(gaps[:, seen].any()))
        return table, completed

    def _chain(self, values: np.ndarray, seen: np.ndarray, any_gap: bool) -> np.ndarray:
        """Run the chained regressions, keep their coefficients, return the completed table."""
        imputer = IterativeImputer(
            BayesianRidge(),
            sample_posterior=True,
            # without a gap, every round would learn the same
            max_iter=self.rounds if any_gap else 1,
            n_nearest_features=self.n_nearest_features,
            random_state=seed_for(self.random_state, "imputation") % 2**31,
        )
        completed = imputer.fit_transform(values)
        done = imputer.n_iter_
        later = imputer.imputation_sequence_[done // 2 * len(seen) :]
        self.intercept_[seen] = 0.0
        share = 1 / (done - done // 2)
        for step in later:
            j = seen[step.feat_idx]
            self.coef_[j, seen[step.neighbor_feat_idx]] += share * step.estimator.coef_
            self.intercept_[j] += share * step.estimator.intercept_
        return completed

    def _filled(self, table: pd.DataFrame, values: np.ndarray) -> pd.DataFrame:
        out = pd.DataFrame(values, index=table.index, columns=self.columns_)
        flags = {c + MISSING: table[c].isna().astype("float64") for c in self.indicated_}
        return out.assign(**flags)

    def get_feature_names_out(self, input_features: object = None) -> np.ndarray:
        """Names of the columns, and of the 0/1 columns if asked for."""
        check_is_fitted(self)
        return np.asarray([*self.columns_, *(c + MISSING for c in self.indicated_)], dtype=object)


def _named(columns: Sequence[str], chosen: np.ndarray) -> list[str]:
    return [c for c, take in zip(columns, chosen, strict=True) if take]
