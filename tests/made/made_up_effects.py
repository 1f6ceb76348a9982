"""Randomised trials whose benefit by person is known."""

from dataclasses import dataclass

import numpy as np

AUTOC_OF_NORMAL = 0.9031972841256625
"""AUTOC of one unit of benefit per SD of a normal priority: the integral of φ(Φ⁻¹(1 − u)) / u."""

QINI_OF_NORMAL = 1 / (2 * np.sqrt(np.pi))


@dataclass(frozen=True)
class MadeUpTrial:
    """Outcome, arm (0, 1) and marker of each person, and the outcome expected under each arm."""

    outcome: np.ndarray
    arm: np.ndarray
    marker: np.ndarray
    expected: np.ndarray


def linear_trial(rng, n, *, effect=0.3, per_sd=0.0, prognosis=1.0, treated=0.5, noise=1.0):
    """Blocked allocation; benefit effect + per_sd · marker, marker standard normal."""
    x = rng.normal(size=n)
    arm = rng.permutation((np.arange(n) < round(n * treated)).astype(int))
    expected = np.column_stack([prognosis * x, prognosis * x + effect + per_sd * x])
    outcome = expected[np.arange(n), arm] + noise * rng.normal(size=n)
    return MadeUpTrial(outcome, arm, x, expected)
