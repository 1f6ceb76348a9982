"""Cohorts made so that the truth about a model is a formula, not another simulation.

Scores and features are normal within events and within others, with one covariance. The AUROC of
any linear score is then a normal tail (`linear_auroc`), and its calibration an integral over nodes
(`in_population`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import expit, logit, ndtr, ndtri

from signature.study.splits import person_folds
from signature.validation.metrics import brier, calibration_slope

EVENT_RATE = 0.3
ALIKE = 0.6
"""Share of the variance of a score that visits of one person have in common."""

_NODES, _SHARES = np.polynomial.hermite_e.hermegauss(24)
_SHARES = _SHARES / _SHARES.sum()


@dataclass(frozen=True)
class Population:
    """Normal features that are shifted in people with an event; what a reference model sees of it.

    `shift` is in standard deviations of a feature; `known` are the columns of the reference.
    """

    shift: tuple[float, ...]
    known: tuple[int, ...]


POPULATIONS = {
    "adds": Population((0.6, 0.6, 0.6, 0, 0, 0, 0, 0), (0, 3, 4)),
    "adds nothing": Population((0.6, 0.6, 0.6, 0, 0, 0, 0, 0), (0, 1, 2)),
    "no signal": Population((0,) * 8, (0, 1, 2)),
}


def scored_people(
    auroc: float, people: int, visits: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Draw people whom a calibrated score ranks with a known AUROC.

    Returns
    -------
    outcome, probability, person : ndarray of shape (people · visits,)
        A person has one outcome; visits share `ALIKE` of the score's variance.
    """
    event = rng.random(people) < EVENT_RATE
    apart = np.sqrt(2) * ndtri(auroc)
    own, shared = rng.normal(size=(people, visits)), rng.normal(size=(people, 1))
    noise = own if visits == 1 else np.sqrt(1 - ALIKE) * own + np.sqrt(ALIKE) * shared
    side = np.where(event, 0.5, -0.5)[:, None]
    score = logit(EVENT_RATE) + apart * (noise + side * apart)
    return (
        np.repeat(event, visits).astype(int),
        expit(score).ravel(),
        np.repeat(np.arange(people), visits),
    )


def scored_sites(
    auroc: float, between: float, sites: int, people: int, rng: np.random.Generator
) -> tuple[pd.DataFrame, np.ndarray]:
    """Draw sites whose true log-odds of the AUROC are normal, `between` their standard deviation.

    Returns
    -------
    table : DataFrame
        One line per person, as the predictions table has them; each site is a fold.
    truth : ndarray of shape (sites,)
        AUROC of each.
    """
    truth = expit(logit(auroc) + between * rng.normal(size=sites))
    parts = []
    for site, area in enumerate(truth):
        outcome, probability, _ = scored_people(area, people, 1, rng)
        parts.append(as_table(outcome, probability).assign(fold=site, site=f"site {site}"))
    table = pd.concat(parts, ignore_index=True)
    return table.assign(row=np.arange(len(table)), person=np.arange(len(table))), truth


def as_table(
    outcome: np.ndarray,
    probability: np.ndarray,
    person: np.ndarray | None = None,
    repeat: int = 0,
    fold: np.ndarray | int = 0,
) -> pd.DataFrame:
    """One candidate's lines of a predictions table: what measuring needs of it."""
    row = np.arange(len(outcome))
    return pd.DataFrame(
        {
            "repeat": repeat,
            "fold": fold,
            "fold_label": "",
            "row": row,
            "person": row if person is None else person,
            "site": "",
            "outcome": outcome,
            "probability": probability,
            "chosen": "",
        }
    )


@dataclass(frozen=True)
class CrossValidated:
    """Held-out predictions of one learner, and what its models are worth in the population.

    Parameters
    ----------
    table : DataFrame
        As of `as_table`, all repeats.
    auroc : ndarray of shape (n_repeats, n_folds)
        True AUROC of each fold's model.
    slope, brier : float
        True calibration slope and Brier score of a repeat's models together, averaged over repeats.
    """

    table: pd.DataFrame
    auroc: np.ndarray
    slope: float
    brier: float


def draw_people(
    population: Population, people: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Draw features (people, n_features) and outcomes (people,)."""
    outcome = (rng.random(people) < EVENT_RATE).astype(int)
    shift = np.array(population.shift)
    return rng.normal(size=(people, len(shift))) + outcome[:, None] * shift, outcome


def cross_validate(
    X: np.ndarray,
    outcome: np.ndarray,
    shift: np.ndarray,
    *,
    folds: int,
    repeats: int,
    seed: int,
    penalty: float = 1.0,
) -> CrossValidated:
    """Predict every person by a ridge logistic regression that was fitted without them."""
    parts, areas, slopes, losses = [], np.empty((repeats, folds)), [], []
    for repeat in range(repeats):
        probability, fold = np.empty(len(outcome)), np.empty(len(outcome), dtype=int)
        models = []
        everybody = np.arange(len(outcome))
        split = person_folds(outcome, everybody, folds, seed + repeat)
        for k, (train, held_out) in enumerate(split):
            b = ridge_logistic(X[train], outcome[train], penalty)
            probability[held_out], fold[held_out] = expit(b[0] + X[held_out] @ b[1:]), k
            areas[repeat, k] = linear_auroc(b, shift)
            models.append(b)
        slope, loss = in_population(np.array(models), shift)
        slopes.append(slope)
        losses.append(loss)
        parts.append(as_table(outcome, probability, repeat=repeat, fold=fold))
    table = pd.concat(parts, ignore_index=True)
    return CrossValidated(table, areas, float(np.mean(slopes)), float(np.mean(losses)))


def ridge_logistic(X: np.ndarray, outcome: np.ndarray, penalty: float) -> np.ndarray:
    """Fit intercept and weights by Newton steps; the intercept is not penalised."""
    A = np.column_stack([np.ones(len(X)), X])
    shrink = np.r_[1e-9, np.full(X.shape[1], penalty)]
    rate = (outcome.sum() + 0.5) / (len(outcome) + 1)
    b = np.r_[logit(rate), np.zeros(X.shape[1])]
    for _ in range(25):
        p = expit(A @ b)
        gradient = A.T @ (outcome - p) - shrink * b
        step = np.linalg.solve((A.T * (p * (1 - p))) @ A + np.diag(shrink), gradient)
        b += step
        if np.abs(step).max() < 1e-8:
            break
    return b


def linear_auroc(b: np.ndarray, shift: np.ndarray) -> float:
    """Chance that a linear score ranks an event above another; b is intercept and weights."""
    return float(ndtr(b[1:] @ shift / (np.sqrt(2) * np.linalg.norm(b[1:]))))


def in_population(models: np.ndarray, shift: np.ndarray) -> tuple[float, float]:
    """Calibration slope and Brier score of models, each of which predicts an equal share.

    Parameters
    ----------
    models : ndarray of shape (n_models, 1 + n_features)
        Intercept and weights.
    shift : ndarray of shape (n_features,)
    """
    spread = np.linalg.norm(models[:, 1:], axis=1)
    centers = models[:, :1] + np.column_stack([np.zeros(len(models)), models[:, 1:] @ shift])
    eta = centers[:, :, None] + spread[:, None, None] * _NODES
    share = np.array([1 - EVENT_RATE, EVENT_RATE])[None, :, None] * _SHARES
    share = np.broadcast_to(share, eta.shape).ravel()[None]
    event = np.broadcast_to(np.array([0, 1])[None, :, None], eta.shape).ravel()
    probability = expit(eta.ravel())
    slope = calibration_slope(event, probability, share)[0]
    return float(slope), float(brier(event, probability, share)[0])
