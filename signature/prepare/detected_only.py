"""Detected or not: what is left of a marker that lies below its limit too often."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

import numpy as np
import pandas as pd

from signature.prepare.limits import LimitTransformer
from signature.study.schema import BELOW


class DetectedOnly(LimitTransformer):
    """Replace markers that training rows mostly censor by 0/1, and leave the others alone.

    The value and limit columns of such a marker give way to ``<marker>__censored``: 1 below the
    limit, 0 detected, missing where nothing was measured. All other markers keep their limits for
    the step that follows. The steps that turn limits into values have the same rule as a parameter
    of the same name; alone, with ``detected_above=0``, this step reads every marker that training
    rows censored as detected or not.

    Parameters
    ----------
    logarithmic : sequence of str
        Markers whose values are logarithms to base 2 already, such as NPX.
    detected_above : float
        Share of the rows measured or below a limit, beyond which a marker becomes 0/1 (Lubin 2004
        and Helsel 2012 warn of imputing more than about half of a column).

    Attributes
    ----------
    detected_only_ : list of str
        Markers that became 0/1.
    highest_ : dict of str to float
        Largest limit by marker that is taken to mean "low".

    Examples
    --------
    >>> table = pd.DataFrame({"IL6": [None, 8.0, None], "IL6__below": [2.0, None, 2.0]})
    >>> DetectedOnly().fit_transform(table.astype(float))
       IL6__censored
    0            1.0
    1            0.0
    2            1.0
    """

    def __init__(self, logarithmic: Sequence[str] = (), detected_above: float = 0.6) -> None:
        self.logarithmic = logarithmic
        self.detected_above = detected_above

    def fit(self, X: pd.DataFrame | np.ndarray, y: object = None) -> Self:
        """Learn which markers are censored too often."""
        self._learn_limits(self._table_to_fit(X))
        self.flagged_ = list(self.detected_only_)
        gone = {name for m in self.detected_only_ for name in (m, m + BELOW)}
        self.dropped_ = [c for c in self.columns_ if c in gone]
        return self

    def transform(self, X: pd.DataFrame | np.ndarray) -> pd.DataFrame:
        """Replace the values of these markers by their 0/1 columns."""
        table = self._table_to_transform(X)
        return self._with_flags(table, self._values(table))
