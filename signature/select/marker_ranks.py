"""In which order half-samples of the people take the markers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from signature.learn.elastic_net_path import Family, numba_needed
from signature.select.covariates import Adjusted
from signature.select.half_samples import HalfSamples

Learner = Literal["elastic_net", "marginal"]

_STEPS = np.geomspace(1.0, 0.02, 30)
"""Penalties of a path, as shares of the largest."""

_TOLERANCE = 1e-6


@dataclass(frozen=True, eq=False)
class MarkerRanks:
    """Markers and outcome of all rows, in the layout of the compiled code.

    Parameters
    ----------
    columns : ndarray of shape (n_covariates + n_marker_columns, n_rows)
    marker : ndarray of shape (n_covariates + n_marker_columns,)
        Number of the marker that the column belongs to, -1 for a covariate.
    y, unexplained : ndarray of shape (n_rows,)
        The outcome, and what covariates leave of it.
    family : {"logistic", "linear"}
    learner : {"elastic_net", "marginal"}
    l1_ratio : float
    """

    columns: np.ndarray
    marker: np.ndarray
    y: np.ndarray
    unexplained: np.ndarray
    family: Family
    learner: Learner
    l1_ratio: float

    @classmethod
    def of(
        cls,
        adjusted: Adjusted,
        marker: np.ndarray,
        y: np.ndarray,
        family: Family,
        learner: Learner,
        l1_ratio: float,
    ) -> MarkerRanks:
        """Lay out the columns; `marker` has one number per marker column."""
        columns = np.ascontiguousarray(np.hstack([adjusted.covariates, adjusted.markers]).T)
        of = np.concatenate([np.full(adjusted.covariates.shape[1], -1), marker])
        return cls(columns, of, y, adjusted.unexplained, family, learner, l1_ratio)

    @property
    def n_markers(self) -> int:
        """Markers, each with all its columns."""
        return int(self.marker.max()) + 1

    def __call__(
        self, halves: HalfSamples, most: int, order: np.ndarray | None = None
    ) -> np.ndarray:
        """Rank the markers in each half-sample.

        Parameters
        ----------
        halves : HalfSamples
        most : int
            Markers to rank; later ones are all last.
        order : ndarray of shape (n_rows,), optional
            Whose markers each row is given: a permutation.

        Returns
        -------
        int ndarray of shape (n_half_samples, n_markers)
            1 for the first.
        """
        with numba_needed():
            from signature.select import _entry_kernel as kernel
        ranks = np.full((len(halves), self.n_markers), kernel.NEVER, dtype=np.int16)
        # a marker may bring columns along, and a path counts columns
        columns_each = int(np.bincount(self.marker[self.marker >= 0]).max())
        kernel.entry_ranks(
            self.columns,
            self.marker,
            self.y,
            np.ones(len(self.y)),
            self.unexplained,
            halves.rows if order is None else order[halves.rows],
            halves.rows,
            halves.sizes,
            -_STEPS if self.learner == "elastic_net" else np.empty(0),
            float(self.l1_ratio),
            self.family == "logistic",
            most * columns_each,
            _TOLERANCE,
            ranks,
        )
        return ranks
