"""What every treatment of detection limits shares: which limits count, which columns come out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import pandas as pd
from sklearn.utils.validation import check_is_fitted

from signature.prepare.columns import ArrayFunction, TableTransformer
from signature.study.schema import BELOW, CENSORED, source_of

COMMON = 0.9
"""Share of the censored training rows whose limit is not above the one that counts for all."""

SPARED = 0.25
"""Share of the measured values that may be read as low for it."""

LowValues = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""From limits, and where a value lies below its own, to what stands for it; all (n, k)."""


@dataclass(frozen=True, eq=False)
class _Places:
    """Where some markers and their limits stand in a matrix, and which limits count."""

    marker: np.ndarray
    limit: np.ndarray
    highest: np.ndarray
    common: np.ndarray

    @classmethod
    def of(
        cls,
        markers: Sequence[str],
        at: Mapping[str, int],
        highest: Mapping[str, float],
        common: Mapping[str, float],
    ) -> Self:
        """Look them up once."""
        return cls(
            np.array([at[m] for m in markers], dtype=int),
            np.array([at[m + BELOW] for m in markers], dtype=int),
            np.array([highest[m] for m in markers], dtype="float64"),
            np.array([common.get(m, -np.inf) for m in markers], dtype="float64"),
        )

    def low(self, values: np.ndarray) -> np.ndarray:
        """Cells whose limit counts, and those measured below the one of all."""
        below: np.ndarray = values[:, self.limit] <= self.highest
        return below | (values[:, self.marker] < self.common)


class LimitTransformer(TableTransformer):
    """Bookkeeping of a step that turns ``<marker>`` and ``<marker>__below`` into numbers.

    A limit far above what training rows had says little: "below 4000" is not "low". A row whose
    limit exceeds twice the largest training limit (one unit on a log2 scale), or the training
    median for a marker that training never censored, counts as not measured.

    Where some but not all training rows are censored, a 0/1 column ``<marker>__censored`` is
    added. It says whether a value is below the limit that nearly all censored training rows are
    below (`COMMON`), measured or not: limits belong to assay lots, and whether a value is below its
    own would let a model read the lot. That limit is lower, or there is none, where too many
    measured values would be read as low (`SPARED`). Where a share above `detected_above` is
    censored, the column is all that remains of the marker: most values would be the model's and not
    the laboratory's.

    Attributes
    ----------
    highest_ : dict of str to float
        Largest limit by marker that is taken to mean "low".
    common_ : dict of str to float
        Limit by marker that counts for all rows, for markers that were censored in training.
    flagged_ : list of str
        Markers that get a 0/1 column.
    detected_only_ : list of str
        Markers of which only the 0/1 column is left.
    dropped_ : list of str
        Columns that do not come out.
    """

    logarithmic: Sequence[str]
    detected_above: float | None

    def _learn_limits(self, table: pd.DataFrame) -> None:
        """Learn which limits count and which columns come out."""
        most = 1.0 if self.detected_above is None else self.detected_above
        if not 0 <= most <= 1:
            raise ValueError(
                f"detected_above is a share of rows, 0 to 1 or None; got {self.detected_above!r}"
            )
        self.columns_ = list(table.columns)
        self.highest_: dict[str, float] = {}
        self.common_: dict[str, float] = {}
        self.flagged_: list[str] = []
        self.detected_only_: list[str] = []
        limits = limit_columns(self.columns_)
        for limit in limits:
            marker = source_of(limit)
            own, value = (table[c].to_numpy(dtype="float64") for c in (limit, marker))
            below, measured = ~np.isnan(own), ~np.isnan(value)
            if not below.any():
                middle = np.median(value[measured]) if measured.any() else np.inf
                self.highest_[marker] = float(middle)
                continue
            largest = float(own[below].max())
            self.common_[marker] = _common_limit(own[below], value[measured])
            self.highest_[marker] = largest + 1 if marker in self.logarithmic else 2 * largest
            share = below.sum() / (below | measured).sum()
            if share > most:
                self.detected_only_.append(marker)
            if share > most or measured.any():
                self.flagged_.append(marker)
        gone = {*self.detected_only_, *limits}
        self.dropped_ = [c for c in self.columns_ if c in gone]

    @property
    def _limited(self) -> list[str]:
        """Markers with a limit column whose values come out."""
        return [m for m in self.highest_ if m not in self.detected_only_]

    def _is_below(self, table: pd.DataFrame, marker: str) -> pd.Series:
        """Rows whose limit counts."""
        return table[marker + BELOW] <= self.highest_[marker]

    def _is_low(self, table: pd.DataFrame, marker: str) -> pd.Series:
        """Rows below their own limit, and those measured below the one of all."""
        common = self.common_.get(marker, -np.inf)
        return self._is_below(table, marker) | (table[marker] < common)

    def _with_flags(self, table: pd.DataFrame, values: pd.DataFrame) -> pd.DataFrame:
        """Add the 0/1 columns to the values; they are missing where nothing was measured."""
        flags: dict[str, pd.Series] = {}
        for marker in self.flagged_:
            low = self._is_low(table, marker)
            known = low | table[marker].notna()
            flags[marker + CENSORED] = low.astype("float64").where(known)
        if not flags:
            return values
        return pd.concat([values, pd.DataFrame(flags, index=values.index)], axis=1)

    def _values(self, table: pd.DataFrame) -> pd.DataFrame:
        """Copy the columns that come out, 0/1 columns aside."""
        return table[[c for c in self.columns_ if c not in self.dropped_]].copy()

    def get_feature_names_out(self, input_features: object = None) -> np.ndarray:
        """Names of the columns after `transform`."""
        check_is_fitted(self)
        names = [c for c in self.columns_ if c not in self.dropped_]
        return np.asarray([*names, *(m + CENSORED for m in self.flagged_)], dtype=object)


class LowValueTransformer(LimitTransformer, ABC):
    """A step that puts a number in place of each value below its limit, row by row."""

    def on_arrays(self) -> ArrayFunction:
        """Return the step as a function of numbers: values below a limit replaced, and flagged."""
        at = {name: place for place, name in enumerate(self.columns_)}
        kept = [at[c] for c in self.columns_ if c not in self.dropped_]
        limited = _Places.of(self._limited, at, self.highest_, self._shared_limits())
        flagged = _Places.of(self.flagged_, at, self.highest_, self.common_)
        target = [kept.index(place) for place in limited.marker]
        low_values = self._low_values()
        n_kept, n_out = len(kept), len(kept) + len(self.flagged_)

        def apply(values: np.ndarray) -> np.ndarray:
            out = np.empty((len(values), n_out), order="F")
            out[:, :n_kept] = values[:, kept]
            low = limited.low(values)
            if low.any():
                found = low_values(values[:, limited.limit], low)
                out[:, target] = np.where(low, found, values[:, limited.marker])
            flags = flagged.low(values)
            known = flags | ~np.isnan(values[:, flagged.marker])
            out[:, n_kept:] = np.where(known, flags, np.nan)
            return out

        return apply

    def _shared_limits(self) -> dict[str, float]:
        """Limits below which a measured value is replaced, too; by marker."""
        return self.common_

    def _limit_of(self, table: pd.DataFrame, marker: str) -> float:
        """Return the limit that a substitute is made of: the common one, or else the median."""
        common = self.common_[marker]
        return common if np.isfinite(common) else float(table[marker + BELOW].median())

    @abstractmethod
    def _low_values(self) -> LowValues:
        """Return what stands for values of the limited markers below their limits."""


def _common_limit(limits: np.ndarray, measured: np.ndarray) -> float:
    """Find the limit for all rows: as `COMMON` says, or as high as measured values can be spared.

    No more of them may lie below it than rows are censored, or than `SPARED`; else there is none.
    """
    usual = limits[limits <= np.quantile(limits, COMMON, method="higher")]
    each = np.unique(usual)
    lost = np.searchsorted(np.sort(measured), each, side="left")
    spared = each[lost <= max(len(limits), SPARED * len(measured))]
    return float(spared[-1]) if len(spared) else -np.inf


def limit_columns(columns: Sequence[str]) -> list[str]:
    """Names of the columns that carry a limit of a marker beside them.

    Examples
    --------
    >>> limit_columns(["IL6", "IL6__below", "TNF__below"])
    ['IL6__below']
    """
    known = set(columns)
    return [c for c in columns if c == source_of(c) + BELOW and source_of(c) in known]
