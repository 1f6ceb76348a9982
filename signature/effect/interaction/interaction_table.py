"""With which of many markers the effect of treatment differs, corrected for their number."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from signature.effect.interaction._marker_statistics import marker_statistics
from signature.effect.interaction._two_arms import ArmByScore, summarise, two_arms
from signature.effect.interaction.rearrangements import rearrange
from signature.validation.holm import holm


@dataclass(frozen=True)
class MarkerInteraction:
    """One line of the table.

    Parameters
    ----------
    marker : str
    test : ArmByScore
        Of this marker alone: neither its p-value nor its interval is corrected.
    p_family : float
        Corrected by the largest statistic of all markers over the same rearrangements, step by
        step (Westfall and Young 1993): the one to read.
    p_holm : float
        Corrected as if nothing were known of how markers go together (Holm 1979), for comparison.
    """

    marker: str
    test: ArmByScore
    p_family: float
    p_holm: float


@dataclass(frozen=True)
class InteractionTable:
    """What `interaction_table` found.

    Parameters
    ----------
    rows : tuple of MarkerInteraction
        In the order of the markers.
    left_out : dict of str
        Why a marker is not tested.
    """

    rows: tuple[MarkerInteraction, ...]
    left_out: dict[str, str]


def interaction_table(
    outcome: np.ndarray,
    arm: np.ndarray,
    markers: pd.DataFrame,
    *,
    control: str,
    rng: np.random.Generator,
    treated: str | None = None,
    strata: np.ndarray | None = None,
    covariates: np.ndarray | None = None,
    weight: np.ndarray | None = None,
    draws: int = 9_999,
    level: float = 0.95,
) -> InteractionTable:
    """Test the interaction of arm and each marker, with the error rate of the whole family kept.

    Parameters
    ----------
    markers : DataFrame of shape (n, n_markers)
        Measured before treatment, on the scale on which a straight line makes sense; gaps filled.
    outcome, arm, control, rng, treated, strata, covariates, weight, draws, level
        As of `signature.effect.interaction.arm_by_score.arm_by_score`.

    Returns
    -------
    InteractionTable
        A marker that does not vary, or not within an arm, is left out with the reason.

    Raises
    ------
    AllocationError, OutcomeError, PredictionsError
        As of `signature.effect.interaction.arm_by_score.arm_by_score`; when a marker has gaps.

    Notes
    -----
    Each marker has its own null model: its main effect, that of the arm, strata and covariates. A
    corrected p-value of at most 5 % comes of chance alone in 5 % of trials, however many markers
    there are and however they go together. Where many markers tell the same story all their
    p-values are small or none.

    Examples
    --------
    >>> rng = np.random.default_rng(3)
    >>> arm = np.repeat(["il2", "placebo"], [40, 40])
    >>> markers = pd.DataFrame(rng.normal(size=(80, 5)), columns=["IL6", "CRP", "TNF", "a", "b"])
    >>> change = 1.5 * markers["CRP"] * (arm == "il2") + rng.normal(size=80)
    >>> found = interaction_table(
    ...     change, arm, markers, control="placebo", rng=rng, draws=499
    ... )
    >>> [row.marker for row in found.rows if row.p_family <= 0.05]
    ['CRP']
    """
    trial = two_arms(
        outcome,
        arm,
        control=control,
        treated=treated,
        strata=strata,
        covariates=covariates,
        weight=weight,
    )
    ways = rearrange(trial.code, trial.strata, draws, rng)
    found = marker_statistics(trial, markers, ways.arms)
    if not found.statistics:
        return InteractionTable((), found.left_out)
    tests = {
        name: summarise(trial, *found.scores[name], statistic, ways, level)
        for name, statistic in found.statistics.items()
    }
    by_family = max_t(np.abs(np.column_stack(list(found.statistics.values()))))
    by_holm = holm([test.p for test in tests.values()])
    rows = [
        MarkerInteraction(name, test, float(family), float(one or 0.0))
        for (name, test), family, one in zip(tests.items(), by_family, by_holm, strict=True)
    ]
    return InteractionTable(tuple(rows), found.left_out)


def max_t(statistic: np.ndarray) -> np.ndarray:
    """Correct p-values by the largest statistic, step by step (Westfall and Young 1993).

    Parameters
    ----------
    statistic : ndarray of shape (n_arrangements, n_tests)
        Larger is further from chance; the first line is the observed one, which is part of the
        reference. Undefined ones are no evidence, as where all who have a rare feature would be in
        one arm: of a feature that is known before the arms, that is a rule like any other.

    Returns
    -------
    ndarray of shape (n_tests,)

    Examples
    --------
    >>> max_t(np.array([[3.0, 1.0], [0.0, 2.0], [1.0, 0.0], [0.5, 0.5]]))
    array([0.25, 0.5 ])
    """
    values = np.where(np.isnan(statistic), -np.inf, statistic)
    order = np.argsort(values[0], kind="stable")  # the smallest first
    largest = np.maximum.accumulate(values[:, order], axis=1)
    p = (largest >= values[0, order] * (1 - 1e-9)).mean(axis=0)
    out = np.empty(len(order))
    out[order] = np.maximum.accumulate(p[::-1])[::-1]
    return out
