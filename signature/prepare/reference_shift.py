"""Move assay batches by constants that reference or bridge samples gave, outside the analysis."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Self

import numpy as np
import pandas as pd

from signature.exceptions import AssayError
from signature.prepare.batches import BatchStep, Moved
from signature.study.schema import BATCH, BELOW, CENSORED

Shifts = dict[float, dict[str, float]]
"""Batch code → marker → how far the batch measures above the reference batch."""


class ReferenceShift(BatchStep):
    """Subtract a declared constant from each marker of each batch.

    The constants come from samples that are no part of the analysis, such as one bridge material on
    every plate (`reference_shifts` computes them), so nothing is learned from the rows and nothing
    can leak from their outcomes. Scales are left alone.

    Parameters
    ----------
    batch : str
        Column with the batch's code; dropped.
    shifts : mapping of code to mapping of marker to float, optional
        How far a batch measures above the reference batch, in the units of the table, usually log2.
        The reference batch is listed too, with zeros. A batch listed without some marker leaves
        that marker alone; markers that the table does not have are ignored.
    unseen : {"frozen", "refused", "adapted"}
        What becomes of a row whose batch is not listed; see `signature.prepare.batches.BatchStep`.
        ``adapted`` refuses it until `adapt` has added the batch's constants.

    Attributes
    ----------
    codes_ : ndarray of shape (n_batches,)
    shifts_ : ndarray of shape (n_batches, n_columns)

    Raises
    ------
    ModelInputError
        When a column is not there, or by the policy for unseen batches.

    Examples
    --------
    >>> table = pd.DataFrame({"IL6": [3.0, 4.5], "age": [30.0, 40.0], "assay_batch": [1.0, 2.0]})
    >>> ReferenceShift(shifts={1: {}, 2: {"IL6": 0.5}}).fit_transform(table)
       IL6   age
    0  3.0  30.0
    1  4.0  40.0
    """

    def __init__(
        self,
        batch: str = BATCH,
        shifts: Mapping[float, Mapping[str, float]] | None = None,
        unseen: str = "frozen",
    ) -> None:
        self.batch = batch
        self.shifts = shifts
        self.unseen = unseen

    def fit(self, X: pd.DataFrame | np.ndarray, y: object = None) -> Self:
        """Line the constants up with the columns; nothing is learned."""
        self._read(X)
        shifts = self.shifts or {}
        self.codes_ = np.array([float(code) for code in shifts])
        if len(np.unique(self.codes_)) < len(self.codes_):
            raise AssayError("a batch code is listed twice among the shifts, as number and as text")
        self.shifts_ = np.zeros((len(shifts), len(self.columns_)))
        for k, by_marker in enumerate(shifts.values()):
            self.shifts_[k] = self._row(by_marker)
        return self

    def _row(self, by_marker: Mapping[str, float]) -> np.ndarray:
        row = np.array([float(by_marker.get(c, 0.0)) for c in self.columns_])
        if not np.isfinite(row).all():
            raise AssayError(
                f"{int((~np.isfinite(row)).sum())} of {len(row)} shifts of a batch are not finite "
                "numbers; leave a marker out where its shift is not known"
            )
        return row

    @property
    def known_batches(self) -> np.ndarray:
        """Codes of the batches that have an adjustment."""
        return self.codes_

    def _moved(self) -> Moved:
        order = np.argsort(self.codes_)
        codes_in_order, shifts_in_order = self.codes_[order], self.shifts_[order]

        def moved(markers: np.ndarray, codes: np.ndarray, unseen: np.ndarray) -> np.ndarray:
            rows = np.flatnonzero(~unseen)
            shift = np.zeros(markers.shape)
            shift[rows] = shifts_in_order[np.searchsorted(codes_in_order, codes[rows])]
            return markers - shift

        return moved

    def adapt(self, shifts: Mapping[str, float], *, batch_code: float) -> Self:
        """Return a fitted copy that also knows a new batch by its constants.

        Raises
        ------
        AssayError
            When ``unseen`` is not ``"adapted"``, training had no batch column, the batch is listed
            already, or a shift is not finite.
        """
        self._check_adaptable(batch_code)
        adapted = copy.copy(self)
        adapted.codes_ = np.append(self.codes_, float(batch_code))
        adapted.shifts_ = np.vstack([self.shifts_, self._row(shifts)])
        return adapted


def reference_shifts(
    values: pd.DataFrame,
    batch: pd.Series | np.ndarray,
    *,
    reference: float,
    fewest: int = 10,
    statistic: str = "median",
) -> tuple[Shifts, dict[float, list[str]]]:
    """Compute how far each batch measures above the reference batch, from reference samples.

    Parameters
    ----------
    values : DataFrame
        One row per reference sample, one column per marker, on the scale that `ReferenceShift` will
        see (usually log2). A column ``<marker>__below`` holds limits on the same scale; such a row
        is known to be low, and nothing more.
    batch : array of shape (n_rows,)
        Codes; rows without one are left out.
    reference : float
        Code of the batch that the others are compared with.
    fewest : int
        Values, limits included, that a marker needs in the batch and in the reference batch.
        Bridge materials are the same on every plate, and two or three wells of them may do.
    statistic : {"median", "mean"}
        A median is known as long as it lies above all limits; a mean needs a number in every row.

    Returns
    -------
    shifts : dict of float to dict of str to float
        By batch and marker, the reference batch included; 0 where the shift is not known.
    not_known : dict of float to list of str
        By batch, the markers whose shift is not known and stands at 0.

    Raises
    ------
    AssayError
        When no row is of the reference batch.

    Examples
    --------
    >>> wells = pd.DataFrame({"IL6": [3.0, 3.2, 3.6, 4.0], "TNF": [1.0, 1.2, 2.0, None]})
    >>> shifts, not_known = reference_shifts(wells, [1, 1, 2, 2], reference=1, fewest=2)
    >>> {marker: round(shift, 3) for marker, shift in shifts[2.0].items()}, not_known
    ({'IL6': 0.7, 'TNF': 0.0}, {2.0: ['TNF']})
    """
    if statistic not in ("median", "mean"):
        raise ValueError(f"statistic must be 'median' or 'mean', got {statistic!r}")
    codes = np.asarray(batch, dtype="float64")
    if len(codes) != len(values):
        raise AssayError(f"{len(values)} rows of values, but {len(codes)} batch codes")
    markers = [str(c) for c in values.columns if not str(c).endswith((BELOW, CENSORED))]
    found = [float(code) for code in np.unique(codes[~np.isnan(codes)])]
    if reference not in found:
        raise AssayError(
            f"none of the {len(codes)} reference samples is of the reference batch {reference:g}"
        )
    levels = {
        code: {m: _level(values[codes == code], m, fewest, statistic) for m in markers}
        for code in found
    }
    shifts: Shifts = {}
    not_known: dict[float, list[str]] = {}
    for code in found:
        raw = {m: levels[code][m] - levels[float(reference)][m] for m in markers}
        shifts[code] = {m: 0.0 if np.isnan(shift) else shift for m, shift in raw.items()}
        odd = [m for m, shift in raw.items() if np.isnan(shift)]
        if odd:
            not_known[code] = odd
    return shifts, not_known


def _level(rows: pd.DataFrame, marker: str, fewest: int, statistic: str) -> float:
    """Median or mean of a marker, NaN where it is not known."""
    values = rows[marker].to_numpy(dtype="float64")
    values = values[~np.isnan(values)]
    limits = np.array([])
    if marker + BELOW in rows:
        limits = rows[marker + BELOW].dropna().to_numpy(dtype="float64")
    if len(values) + len(limits) < max(fewest, 1):
        return float("nan")
    if not len(limits):
        return float(np.median(values) if statistic == "median" else np.mean(values))
    if statistic == "mean":
        return float("nan")
    # below every number above its limit; so the middle is known when it is above all limits
    ordered = np.sort(np.concatenate([np.full(len(limits), -np.inf), values]))
    lower, upper = ordered[(len(ordered) - 1) // 2], ordered[len(ordered) // 2]
    return float((lower + upper) / 2) if lower >= limits.max() else float("nan")
