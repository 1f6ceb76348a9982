"""Other ways to find clusters of markers, given the same clusters and covariates.

Each looks at the first principal component of a cluster. Two ask whether it goes with the outcome
beyond the covariates, and two whether it says more than the other clusters do.
"""

from __future__ import annotations

import numpy as np
from scipy.special import ndtr

from experiments.benchmarks.distilled import distilled_pvalues
from experiments.benchmarks.selection_methods import knockoffs
from signature.select.cluster_tests import benjamini_hochberg
from signature.select.covariates import Adjusted
from signature.select.half_samples import PeopleInRows
from signature.select.marker_scores import MarkerScores

DRAWS = 199


def cluster_rivals(
    components: np.ndarray,
    adjusted: Adjusted,
    y: np.ndarray,
    people: PeopleInRows,
    *,
    level: float,
    seed: int,
) -> dict[str, np.ndarray]:
    """Say by each method which clusters are found.

    Parameters
    ----------
    components : ndarray of shape (n_rows, n_clusters)
        First principal components of what covariates leave of the markers.
    adjusted : Adjusted
        With the covariates.
    y : ndarray of shape (n_rows,)
        0/1.
    people : PeopleInRows
    level : float
        Of false discoveries; for step-down max-T, of the chance of any.
    seed : int
    """
    scores = MarkerScores(adjusted.of(components), people)
    observed = scores.observed(by_leverage=True)
    distilled = distilled_pvalues(components, adjusted.covariates, y, seed)
    copies = knockoffs(components, y, seed)
    (many,) = (found for label, found in copies.items() if "copies" in label)
    return {
        "components, BH": benjamini_hochberg(2 * ndtr(-observed), level),
        "components, step-down max-T": step_down(
            observed, scores.permuted(DRAWS, np.random.default_rng(seed)), level
        ),
        "components, distilled test": benjamini_hochberg(distilled, level),
        "components, knockoffs": many.decisions[f"FDR {level:.1g}".replace("0.", ".")],
    }


def step_down(observed: np.ndarray, null: np.ndarray, level: float) -> np.ndarray:
    """Which scores pass with the chance of any false one at a level (Westfall and Young 1993).

    Parameters
    ----------
    observed : ndarray of shape (n_columns,)
    null : ndarray of shape (n_draws, n_columns)
    level : float

    Examples
    --------
    >>> null = np.random.default_rng(0).normal(size=(999, 3))
    >>> step_down(np.array([1.8, 5.0, 0.1]), np.abs(null), 0.1)
    array([False,  True, False])
    """
    order = np.argsort(-observed, kind="stable")
    # the largest among those that are not stronger
    largest = np.maximum.accumulate(null[:, order[::-1]], axis=1)[:, ::-1]
    adjusted = (1 + (largest >= observed[order]).sum(axis=0)) / (1 + len(null))
    found = np.zeros(len(observed), dtype=bool)
    found[order] = np.maximum.accumulate(adjusted) <= level
    return found
