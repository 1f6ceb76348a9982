"""What is said of scored rows beside their probability, and in which columns it is said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from signature.learn.binary import both_columns
from signature.study.schema import BELOW, FeatureSchema

PART = "contribution_"
"""Prefix of the output columns that add up to the log-odds."""


@dataclass(frozen=True, eq=False)
class ServedColumns:
    """The columns of a served row, their ranges and the panel, looked up once.

    Parameters
    ----------
    names : tuple of str
        Columns of a matrix of rows.
    low, high : ndarray of shape (n_columns,)
        Plausible range, infinite where there is none.
    panel : tuple of str
    value, limit : ndarray of int, shape (n_panel,)
        Where a panel marker stands and where its limit does; a marker without a limit has its own
        place twice.
    """

    names: tuple[str, ...]
    low: np.ndarray
    high: np.ndarray
    panel: tuple[str, ...]
    value: np.ndarray
    limit: np.ndarray

    @classmethod
    def of(cls, schema: FeatureSchema) -> Self:
        """Look the columns of a schema up."""
        at = {name: place for place, name in enumerate(schema.names)}
        panel = tuple(schema.panel)
        return cls(
            names=tuple(schema.names),
            low=np.array([-np.inf if c.low is None else c.low for c in schema.columns]),
            high=np.array([np.inf if c.high is None else c.high for c in schema.columns]),
            panel=panel,
            value=np.array([at[m] for m in panel], dtype=int),
            limit=np.array([at.get(m + BELOW, at[m]) for m in panel], dtype=int),
        )

    def measured(self, values: np.ndarray) -> np.ndarray:
        """Whether each panel marker has a value or a limit, shape (n_rows, n_panel)."""
        known = ~np.isnan(values)
        return known[:, self.value] | known[:, self.limit]

    def outside(self, values: np.ndarray) -> np.ndarray:
        """Cells outside their column's plausible range, shape (n_rows, n_columns)."""
        return (values < self.low) | (values > self.high)


@dataclass(frozen=True, eq=False)
class Scores:
    """Scored rows.

    Parameters
    ----------
    log_odds : ndarray of shape (n_rows,)
        Calibrated, of the event.
    out_of_range, not_measured : list of str
        By row: names of columns, joined by semicolons.
    batch_not_seen : ndarray of shape (n_rows,)
        1 where the batch has no adjustment.
    sources : tuple of str
        Features; empty without an explanation.
    parts : ndarray of shape (n_rows, n_sources), optional
        What each adds to the log-odds.
    """

    log_odds: np.ndarray
    out_of_range: list[str]
    not_measured: list[str]
    batch_not_seen: np.ndarray
    sources: tuple[str, ...] = ()
    parts: np.ndarray | None = None

    def columns(self, top_k: int | None = None) -> dict[str, Any]:
        """Return the columns of the answer, by name and in order.

        Parameters
        ----------
        top_k : int, optional
            With an explanation: only so many contributions of each row, the largest first.
        """
        out: dict[str, Any] = {
            "probability": both_columns(self.log_odds)[:, 1],
            "log_odds": self.log_odds,
            "out_of_range": self.out_of_range,
            "not_measured": self.not_measured,
            "batch_not_seen": self.batch_not_seen,
        }
        if self.parts is None:
            return out
        if top_k is None:
            out |= {PART + name: self.parts[:, i] for i, name in enumerate(self.sources)}
        else:
            out |= _largest(self.sources, self.parts, top_k)
        # trees add up in single precision; what their rounding leaves goes to the base
        out[f"{PART}base"] = self.log_odds - self.parts.sum(axis=1)
        return out


def joined(names: Sequence[str], holds: np.ndarray) -> list[str]:
    """Names of the columns that hold, by row, joined by semicolons."""
    out = [""] * len(holds)
    for row in np.flatnonzero(holds.any(axis=1)):
        out[row] = ";".join(names[i] for i in np.flatnonzero(holds[row]).tolist())
    return out


def _largest(sources: tuple[str, ...], parts: np.ndarray, k: int) -> dict[str, Any]:
    order = np.argsort(-np.abs(parts), axis=1, kind="stable")[:, :k]
    shown = np.take_along_axis(parts, order, axis=1)
    names = np.asarray(sources, dtype=object)[order]
    out: dict[str, Any] = {}
    for i in range(order.shape[1]):
        out[f"top_{i + 1}_feature"] = names[:, i]
        out[f"top_{i + 1}_contribution"] = shown[:, i]
    out[f"{PART}rest"] = parts.sum(axis=1) - shown.sum(axis=1)
    return out
