"""Values below a detection limit: turn "below L" into numbers, learning from training rows only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

import numpy as np
import pandas as pd

from signature.prepare.limits import LowValues, LowValueTransformer


class LimitSubstitution(LowValueTransformer):
    r"""Put one number in place of every value below the limit, and say where.

    A marker's substitute is :math:`L/\sqrt{2}` (Hornung and Reed 1990) with L the limit that nearly
    all censored training rows are below (`signature.prepare.limits.COMMON`); on a log2 scale that
    is :math:`L - 1/2`. All rows below L get the same, measured or not, whatever their own limit:
    limits belong to assay lots, lots differ between sites and months, and a substitute that
    followed the limit would let a model read the lot off the marker.

    A limit far above what training rows had says little: "below 4000" is not "low". A row whose
    limit exceeds twice the largest training limit (one unit on a log2 scale), or the training
    median for a marker that training never censored, counts as not measured.

    Where some but not all training rows are censored, a 0/1 column ``<marker>__censored`` is
    added. The limit columns are dropped.

    Parameters
    ----------
    logarithmic : sequence of str
        Markers whose values are logarithms to base 2 already, such as NPX.
    detected_above : float, optional
        Share of the rows measured or below a limit, beyond which only the 0/1 column of a marker
        is left; never, when left out.

    Attributes
    ----------
    substitutes_ : dict of str to float
        Substitute by marker, for markers that were censored in training.
    highest_ : dict of str to float
        Largest limit by marker that is taken to mean "low".
    flagged_ : list of str
        Markers that get a 0/1 column.
    detected_only_ : list of str
        Markers of which only the 0/1 column is left.

    Notes
    -----
    A marker that training rows never show below a limit uses the limit of the row itself.

    Examples
    --------
    >>> table = pd.DataFrame({"IL6": [None, 8.0, None], "IL6__below": [2.0, None, None]})
    >>> LimitSubstitution().fit_transform(table.astype(float)).round(3)
         IL6  IL6__censored
    0  1.414            1.0
    1  8.000            0.0
    2    NaN            NaN
    """

    def __init__(
        self, logarithmic: Sequence[str] = (), detected_above: float | None = None
    ) -> None:
        self.logarithmic = logarithmic
        self.detected_above = detected_above

    def fit(self, X: pd.DataFrame | np.ndarray, y: object = None) -> Self:
        """Learn each marker's substitute and whether it needs a 0/1 column."""
        table = self._table_to_fit(X)
        self._learn_limits(table)
        self.substitutes_: dict[str, float] = {}
        for marker in self._limited:
            if marker in self.common_:
                limit, raw = self._limit_of(table, marker), marker not in self.logarithmic
                self.substitutes_[marker] = limit / float(np.sqrt(2)) if raw else limit - 0.5
        return self

    def _low_values(self) -> LowValues:
        learned = np.array([self.substitutes_.get(m, np.nan) for m in self._limited])
        logarithmic = np.array([m in self.logarithmic for m in self._limited], dtype=bool)
        never = np.isnan(learned)

        def find(limits: np.ndarray, low: np.ndarray) -> np.ndarray:
            if not never.any():
                return np.broadcast_to(learned, limits.shape)
            own = np.where(logarithmic, limits - 0.5, limits / np.sqrt(2))
            return np.where(never, own, learned)

        return find
