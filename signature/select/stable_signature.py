"""A few markers that were selected with an error rate, and their shrunken weights."""

from __future__ import annotations

from typing import Self

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.utils.validation import validate_data

from signature.learn.binary import two_classes
from signature.learn.sparse_logistic import SparseLogistic
from signature.select.stability_selection import StabilitySelection


class StableSignature(SparseLogistic):
    """Select markers on half-samples, then fit a ridge logistic regression on those alone.

    Covariates of the selector are part of the model, selected or not. Where no marker is selected
    the model is that of the covariates, or the event rate.

    Parameters
    ----------
    selector : StabilitySelection, optional
        The default selector when left out.
    strength : float
        Inverse of the penalty: with standardised columns, the variance of a normal prior of each
        log-odds per SD. Weights stay finite when a marker separates the classes.

    Attributes
    ----------
    selector_ : StabilitySelection
        Fitted.
    selected_ : list of str
        The markers of the signature; empty when nothing passes.
    declared_bound_ : float
        Bound of the expected number of false markers among them.
    coef_ : ndarray of shape (1, n_columns)
        Log-odds of the event per unit of each column, zero for what is not in the model.
    intercept_ : ndarray of shape (1,)
    classes_ : ndarray of shape (2,)
        The class that sorts last is the event.

    Raises
    ------
    ValueError, MissingExtraError
        As `StabilitySelection`; a fitted signature needs no compiled code.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> X = pd.DataFrame(rng.normal(size=(120, 30)), columns=[f"m{i}" for i in range(30)])
    >>> y = (X["m3"] - X["m7"] + rng.normal(size=120) > 0).astype(int)
    >>> fitted = StableSignature().fit(X, y)
    >>> dict(zip(fitted.selected_, fitted.coef_[0][[3, 7]].round(1).tolist(), strict=True))
    {'m3': 1.7, 'm7': -1.5}
    """

    def __init__(self, selector: StabilitySelection | None = None, strength: float = 1.0) -> None:
        self.selector = selector
        self.strength = strength

    def fit(
        self,
        X: pd.DataFrame | np.ndarray,
        y: np.ndarray,
        groups: np.ndarray | None = None,
        sites: np.ndarray | None = None,
    ) -> Self:
        """Select and fit.

        Parameters
        ----------
        X : DataFrame or ndarray of shape (n_rows, n_columns)
            Standardised where columns are to be shrunken alike; no gaps.
        y : ndarray of shape (n_rows,)
        groups : ndarray of shape (n_rows,), optional
            Whose row it is.
        sites : ndarray of shape (n_rows,), optional
            Where that person was seen; sites have a part in the selection, none in the weights.
        """
        values, y = validate_data(self, X, y, dtype="float64")
        self.classes_, event = two_classes(y)
        selector = StabilitySelection() if self.selector is None else clone(self.selector)
        table = X if isinstance(X, pd.DataFrame) else values
        self.selector_ = selector.fit(table, event, groups, sites)
        self.selected_ = list(self.selector_.selected_)
        self.declared_bound_ = self.selector_.declared_bound_
        used = np.flatnonzero(self.selector_.get_support())
        self._fit_columns(values, event, used, self.strength)
        return self
