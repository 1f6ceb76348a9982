"""The average of a ridge, an elastic net and a lasso: one linear equation for small studies."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

import numpy as np
import pandas as pd
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted, validate_data

from signature.learn.binary import LogOddsClassifier, two_classes
from signature.learn.elastic_net_path import elastic_net_path
from signature.study.splits import person_folds

L1_RATIOS = (0.0, 0.2, 1.0)
"""Ridge, a net that keeps most columns, and lasso."""

STRENGTHS = np.geomspace(1e-4, 3.0, 16)
"""Values of C, as of scikit-learn's ``LogisticRegression``, for standardised columns."""


class LinearAverage(LogOddsClassifier):
    r"""Average the log-odds of logistic regressions with three penalties.

    Which penalty suits a panel is not known before, and a few dozen people cannot tell: to pick the
    one that did best on inner folds is mostly to pick noise. Each member's strength is chosen by
    the log-loss of people held out; the members then count alike. The mean of linear equations is
    one.

    Parameters
    ----------
    l1_ratios : sequence of float
        One per member: 1 lasso, 0 ridge.
    simpler : float
        A stronger penalty is taken as long as its mean loss exceeds the smallest one by no more
        than this many standard errors of the difference, counted by person.
    folds : int
        In which people are held out to choose the strengths.
    random_state : int
        Seed of the folds.

    Attributes
    ----------
    coef_ : ndarray of shape (1, n_columns)
        Log-odds of the event per unit of each column.
    intercept_ : ndarray of shape (1,)
    C_ : ndarray of shape (n_members,)
        Chosen strengths, of scikit-learn's meaning.
    members_ : ndarray of shape (n_members, n_columns)
        Coefficients of each.
    classes_ : ndarray of shape (2,)
        The class that sorts last is the event.

    Raises
    ------
    ValueError
        In `fit`: when the classes are not two, or a parameter is out of range.
    MissingExtraError
        In `fit`, where numba is not installed; a fitted model does not need it.

    Notes
    -----
    Losses are of log-odds as they are, which is what enters the average: a sigmoid that is fitted
    to the same held-out scores would mend in sample what a weak penalty spoils.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(150, 40))
    >>> y = (X[:, 1] + rng.normal(size=150) > 0).astype(int)
    >>> found = LinearAverage().fit(X, y)
    >>> int(np.abs(found.coef_[0]).argmax()), found.members_.shape
    (1, (3, 40))
    """

    def __init__(
        self,
        l1_ratios: Sequence[float] = L1_RATIOS,
        simpler: float = 0.25,
        folds: int = 5,
        random_state: int = 0,
    ) -> None:
        self.l1_ratios = l1_ratios
        self.simpler = simpler
        self.folds = folds
        self.random_state = random_state

    def fit(
        self,
        X: pd.DataFrame | np.ndarray,
        y: np.ndarray,
        groups: np.ndarray | None = None,
    ) -> Self:
        """Choose the strengths and average the equations.

        Parameters
        ----------
        X : DataFrame or ndarray of shape (n_rows, n_columns)
            Standardised; no gaps.
        y : ndarray of shape (n_rows,)
        groups : ndarray of shape (n_rows,), optional
            Whose row it is; all rows of a person are held out together.
        """
        values, y = validate_data(self, X, y, dtype="float64")
        self.classes_, event = two_classes(y)
        ratios = np.asarray(self.l1_ratios, dtype="float64")
        if not len(ratios) or (ratios < 0).any() or (ratios > 1).any() or self.folds < 2:
            raise ValueError(
                f"l1_ratios lie between 0 and 1, and there are 2 folds or more; got "
                f"{self.l1_ratios!r} and {self.folds}"
            )
        person = np.arange(len(y)) if groups is None else np.asarray(groups)
        rarer = int(min(event.sum(), len(event) - event.sum()))
        splits = []
        if rarer >= 2:
            splits = person_folds(event, person, min(self.folds, rarer), self.random_state)
        whole, chosen = [], []
        for ratio in ratios:
            at = self._strength(values, event, person, splits, float(ratio))
            path = _path(values, event, float(ratio), STRENGTHS[: at + 1])
            whole.append((path[0][-1], path[1][-1]))
            chosen.append(STRENGTHS[at])
        self.members_ = np.array([coef for coef, _ in whole])
        self.C_ = np.array(chosen)
        self.coef_ = self.members_.mean(axis=0)[None]
        self.intercept_ = np.array([np.mean([base for _, base in whole])])
        return self

    def _strength(
        self,
        values: np.ndarray,
        event: np.ndarray,
        person: np.ndarray,
        splits: list[tuple[np.ndarray, np.ndarray]],
        ratio: float,
    ) -> int:
        """Position of the strength to take; the strongest penalty where nobody can be held out."""
        if not splits:
            return 0
        loss = np.full((len(event), len(STRENGTHS)), np.nan)
        for train, held_out in splits:
            if len(np.unique(event[train])) < 2:
                continue
            coef, base = _path(values[train], event[train], ratio, STRENGTHS)
            eta = values[held_out] @ coef.T + base
            loss[held_out] = np.logaddexp(0, eta) - event[held_out, None] * eta
        known = ~np.isnan(loss[:, 0])
        _, who = np.unique(person[known], return_inverse=True)
        by_person = np.zeros((who.max() + 1, len(STRENGTHS)))
        np.add.at(by_person, who, loss[known])
        best = int(np.argmin(by_person.mean(axis=0)))
        for at in range(best):
            more = by_person[:, at] - by_person[:, best]
            if more.mean() <= self.simpler * more.std() / np.sqrt(len(more)):
                return at
        return best

    def decision_function(self, X: pd.DataFrame | np.ndarray) -> np.ndarray:
        """Log-odds of the event, shape (n_rows,)."""
        check_is_fitted(self)
        values = validate_data(self, X, reset=False, dtype="float64")
        return values @ self.coef_[0] + self.intercept_[0]

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        return tags


def _path(
    values: np.ndarray, event: np.ndarray, ratio: float, strengths: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    found = elastic_net_path(
        values, event, list(1 / (len(event) * strengths)), l1_ratio=ratio, tol=_TOLERANCE
    )
    return found.coef, found.intercept


_TOLERANCE = 1e-7
"""By how much the gradient of the mean loss may miss its condition."""
