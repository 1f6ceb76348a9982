"""A logistic model of markers that are named, not selected."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

import numpy as np
import pandas as pd
from sklearn.utils.validation import validate_data

from signature.learn.binary import two_classes
from signature.learn.sparse_logistic import SparseLogistic
from signature.prepare.columns import as_table
from signature.study.schema import source_of


class FixedSignature(SparseLogistic):
    """Ridge logistic regression on named markers and on all columns that are no marker.

    What `signature.select.stable_signature.StableSignature` does after its selection.

    Parameters
    ----------
    markers : sequence of str, optional
        Markers to use; all columns when left out. A column ``<marker>__…`` belongs to its marker.
    panel : sequence of str, optional
        All markers there are; those that are not among `markers` are left out. Columns of no
        marker are covariates and stay.
    strength : float
        Inverse of the penalty.

    Attributes
    ----------
    coef_ : ndarray of shape (1, n_columns)
        Log-odds of the event per unit of each column, zero for what is not in the model.
    intercept_ : ndarray of shape (1,)
    classes_ : ndarray of shape (2,)
        The class that sorts last is the event.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> X = pd.DataFrame(rng.normal(size=(120, 3)), columns=["age", "IL6", "TNF"])
    >>> y = (X["IL6"] + rng.normal(size=120) > 0).astype(int)
    >>> FixedSignature(["IL6"], panel=["IL6", "TNF"]).fit(X, y).coef_.round(1)
    array([[0.2, 1.3, 0. ]])
    """

    def __init__(
        self,
        markers: Sequence[str] | None = None,
        panel: Sequence[str] = (),
        strength: float = 1.0,
    ) -> None:
        self.markers = markers
        self.panel = panel
        self.strength = strength

    def fit(self, X: pd.DataFrame | np.ndarray, y: np.ndarray) -> Self:
        """Fit on the rows given; columns should be standardised."""
        values, y = validate_data(self, X, y, dtype="float64")
        self.classes_, event = two_classes(y)
        names = [str(c) for c in as_table(X if isinstance(X, pd.DataFrame) else values).columns]
        if self.markers is None:
            used = np.arange(len(names))
        else:
            out = set(self.panel) - set(self.markers)
            used = np.array([i for i, n in enumerate(names) if source_of(n) not in out], dtype=int)
        self._fit_columns(values, event, used, self.strength)
        return self
