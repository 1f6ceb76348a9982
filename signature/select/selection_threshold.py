"""From which selection frequency on a marker is kept, and what that promises."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from signature.select.exceedances import LOWEST_THRESHOLD, expected_false, permutation_threshold
from signature.select.stability_bounds import pfer_bound, threshold_for

Bound = Literal["permutation", "r-concave", "unimodal", "none"]
Error = Literal["pfer", "fdr"]

ROUNDING = 1e-9
"""A frequency that is less than this below the threshold reaches it."""

_SETTLED = 2.58
"""Standard errors between a frequency and the threshold that settle a marker."""


def frequencies(chosen: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Share of half-samples that chose each marker, and its Monte Carlo error.

    Parameters
    ----------
    chosen : bool ndarray of shape (2 × n_pairs, n_markers)
        Complementary half-samples stand one after the other.

    Returns
    -------
    share, standard_error : ndarray of shape (n_markers,)
        The error is from the spread between pairs.
    """
    by_pair = (chosen[0::2].astype("float64") + chosen[1::2]) / 2
    return by_pair.mean(axis=0), by_pair.std(axis=0, ddof=1) / np.sqrt(len(by_pair))


def is_settled(chosen: np.ndarray, threshold: float) -> bool:
    """Whether no marker's frequency could plausibly be on the other side of the threshold."""
    share, errors = frequencies(chosen)
    return bool((np.abs(share - threshold) >= _SETTLED * errors).all())


@dataclass(frozen=True)
class ThresholdRule:
    """Where the threshold comes from, and what it is to keep.

    Parameters
    ----------
    level : float
        Bound of the expected number of false selections; their expected share with
        ``error="fdr"``.
    error : {"pfer", "fdr"}
    bound : {"permutation", "r-concave", "unimodal", "none"}
        Read off permuted data, or a bound of `signature.select.stability_bounds`.
    """

    level: float
    error: Error
    bound: Bound

    def threshold(self, share: np.ndarray, *, pairs: int, per_half: int, null: np.ndarray) -> float:
        """Find the lowest threshold that keeps the level.

        Parameters
        ----------
        share : ndarray of shape (n_markers,)
            Selection frequencies.
        pairs, per_half : int
            Pairs of half-samples, and markers that each half chose.
        null : ndarray of shape (n_permutations, n_half_samples + 1)
            `exceedances` of permuted data; empty for the other bounds.

        Returns
        -------
        float
            Infinite where none keeps it.
        """
        if self.bound == "permutation":
            return permutation_threshold(null, share, level=self.level, rate=self.error == "fdr")

        assumption = self.bound

        def at(level: float) -> float:
            found = threshold_for(
                level, p=len(share), q=per_half, pairs=pairs, assumption=assumption
            )
            return np.inf if found is None else found

        if self.error == "pfer":
            return at(self.level)
        # the most selections whose bound is a small enough share of them
        for k in range(int((share > LOWEST_THRESHOLD).sum()), 0, -1):
            threshold = at(self.level * k)
            if (share >= threshold - ROUNDING).sum() >= k:
                return threshold
        return np.inf

    def declared(
        self, threshold: float, *, n_markers: int, pairs: int, per_half: int, null: np.ndarray
    ) -> float:
        """Bound of the expected number of false selections at a finite threshold."""
        if self.bound == "permutation":
            return float(expected_false(null, np.array([threshold]))[0])
        return float(
            pfer_bound(threshold, p=n_markers, q=per_half, pairs=pairs, assumption=self.bound)
        )
