"""How held-out predictions do in parts of the people, where these are enough to say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from signature.records.estimates import Estimate
from signature.records.for_whom import SubgroupGap
from signature.validation.draws import estimate_of_draws
from signature.validation.metrics import (
    Metric,
    auroc,
    brier,
    calibration_intercept,
    calibration_slope,
)
from signature.validation.subgroups import Subgroup

FEWEST_OF_A_CLASS = 10
"""People with the event, and without it, below which a subgroup's metrics are not given."""

FEWEST_PEOPLE = 20

PLAIN: dict[str, Metric] = {
    "calibration_intercept": calibration_intercept,
    "calibration_slope": calibration_slope,
    "brier": brier,
}
"""Metrics over all rows of a subgroup; the AUROC is over pairs of one held-out fold."""

METRICS = ("auroc", *PLAIN)


@dataclass(frozen=True)
class SubgroupPerformance:
    """One line of the table.

    Parameters
    ----------
    column, level : str
    people : int
    events : int or None
        People with an event in any row; None where people are so few that it could name them.
    suppressed : str or None
        Why no metric is given.
    metrics : dict of Estimate
        By the names of `METRICS`; empty where suppressed.
    """

    column: str
    level: str
    people: int
    events: int | None
    suppressed: str | None
    metrics: dict[str, Estimate]


@dataclass(frozen=True)
class SubgroupTable:
    """What `subgroup_performance` found.

    Parameters
    ----------
    rows : tuple of SubgroupPerformance
    differences : tuple of SubgroupGap
        Each level that is not suppressed against the one of its column with most people.
    """

    rows: tuple[SubgroupPerformance, ...]
    differences: tuple[SubgroupGap, ...]


def subgroup_performance(
    outcome: np.ndarray,
    probability: np.ndarray,
    groups: Sequence[Subgroup],
    *,
    person: np.ndarray,
    fold: np.ndarray,
    weights: np.ndarray,
) -> SubgroupTable:
    """Compute the metrics of each subgroup on shared bootstrap draws.

    Parameters
    ----------
    outcome : ndarray of shape (n_rows,)
        1 event, 0 none; one row per held-out prediction, repeats below each other.
    probability : ndarray of shape (n_rows,)
        Of the event, held out.
    groups : sequence of Subgroup
        Of these rows.
    person : ndarray of shape (n_rows,)
    fold : ndarray of shape (n_rows,)
        Which model predicted the row: another one for each repeat and fold.
    weights : ndarray of shape (n_draws, n_rows)
        Bootstrap counts by person (`signature.validation.metrics.person_counts`).

    Returns
    -------
    SubgroupTable
        Metrics as in `signature.validation.metrics`. The AUROC is the share of well-ordered pairs
        among the pairs of an event and a non-event of one subgroup that the same model predicted: a
        fold seldom has enough of a subgroup for an AUROC of its own. Intervals are percentiles of
        the draws, None where fewer than nine in ten draws are defined.

    Notes
    -----
    Many subgroups find differences by chance: intervals are not corrected for their number. An
    AUROC differs between subgroups also because their people differ less or more among themselves.
    """
    shown: dict[str, list[tuple[Subgroup, int, dict[str, np.ndarray]]]] = {}
    rows = []
    for group in groups:
        people, events, without = _counts(outcome, person, group.rows)
        reason = _too_few(people, events, without)
        metrics: dict[str, Estimate] = {}
        if reason is None:
            drawn = _metrics(outcome, probability, fold, weights, group.rows)
            shown.setdefault(group.column, []).append((group, people, drawn))
            metrics = {name: estimate_of_draws(values) for name, values in drawn.items()}
        told = events if people >= FEWEST_PEOPLE else None
        rows.append(SubgroupPerformance(group.column, group.level, people, told, reason, metrics))
    return SubgroupTable(tuple(rows), tuple(_differences(shown)))


def _differences(
    shown: Mapping[str, list[tuple[Subgroup, int, dict[str, np.ndarray]]]],
) -> list[SubgroupGap]:
    found = []
    for column, levels in shown.items():
        against, _, reference = max(levels, key=lambda level: level[1])
        for group, _, drawn in levels:
            if group is against:
                continue
            gaps = {name: estimate_of_draws(drawn[name] - reference[name]) for name in METRICS}
            found.append(
                SubgroupGap(column=column, level=group.level, against=against.level, metrics=gaps)
            )
    return found


def _counts(outcome: np.ndarray, person: np.ndarray, rows: np.ndarray) -> tuple[int, int, int]:
    mine, y = person[rows], outcome[rows]
    return len(np.unique(mine)), len(np.unique(mine[y == 1])), len(np.unique(mine[y == 0]))


def _too_few(people: int, events: int, without: int) -> str | None:
    reasons = []
    if people < FEWEST_PEOPLE:
        reasons.append(f"fewer than {FEWEST_PEOPLE} people")
    if events < FEWEST_OF_A_CLASS:
        reasons.append(f"fewer than {FEWEST_OF_A_CLASS} with the event")
    if without < FEWEST_OF_A_CLASS:
        reasons.append(f"fewer than {FEWEST_OF_A_CLASS} without it")
    return ", ".join(reasons) or None


def _metrics(
    outcome: np.ndarray,
    probability: np.ndarray,
    fold: np.ndarray,
    weights: np.ndarray,
    rows: np.ndarray,
) -> dict[str, np.ndarray]:
    """Compute the estimate, from rows that count once, and then the draws."""
    y, p = outcome[rows], probability[rows]
    w = np.vstack([np.ones(len(y)), weights[:, rows]])
    found: dict[str, np.ndarray] = {"auroc": auroc_by_fold(y, p, fold[rows], w)}
    return found | {name: metric(y, p, w) for name, metric in PLAIN.items()}


def auroc_by_fold(
    outcome: np.ndarray, probability: np.ndarray, fold: np.ndarray, weights: np.ndarray
) -> np.ndarray:
    """Share of well-ordered pairs of an event and a non-event of the same fold, ties half.

    Parameters
    ----------
    outcome, probability, fold : ndarray of shape (n,)
    weights : ndarray of shape (n_draws, n)

    Returns
    -------
    ndarray of shape (n_draws,)
        NaN where no fold has both.

    Examples
    --------
    >>> y, p = np.array([0, 1, 0, 1]), np.array([0.1, 0.2, 0.7, 0.8])
    >>> auroc_by_fold(y, p, np.array([0, 0, 1, 1]), np.ones((1, 4)))
    array([1.])
    """
    good, pairs = np.zeros(len(weights)), np.zeros(len(weights))
    for one in np.unique(fold):
        rows = fold == one
        y, w = outcome[rows], weights[:, rows].astype("float64")
        own = (w @ y) * (w @ (1 - y))
        good += np.nan_to_num(auroc(y, probability[rows], w)) * own
        pairs += own
    return np.divide(good, pairs, out=np.full(len(weights), np.nan), where=pairs > 0)
