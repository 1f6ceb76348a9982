"""AUROC of a procedure after training on nested subsets of each outer fold's training people."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from pipelines.explain.signature import inner_outer_folds
from pipelines.fit.fitting import Rows, choose
from pipelines.fit.store import FoldStore
from pipelines.question.study import AssembledStudy
from signature.exceptions import LearningCurveError
from signature.learn.calibration import decision, fit_with_people
from signature.prepare.harmonisation import SMALLEST_BATCH
from signature.randomness import generator, seed_for
from signature.study.schema import BATCH
from signature.validation.metrics import auroc, person_counts

SHARES = (0.4, 0.55, 0.7, 0.85, 1.0)
"""Of the training people of an outer fold."""

REPETITIONS = 3
FEWEST_OF_A_CLASS = 5
"""People of the rarer class in the smallest subset."""

DRAWS = 500
_SMALLEST_VARIANCE = 1e-8


@dataclass(frozen=True)
class Setting:
    """A candidate, with the parameters that are to be used."""

    candidate: str
    params: Mapping[str, Any]


@dataclass(frozen=True, eq=False)
class CurvePoints:
    """Mean training people and AUROC by share, with the covariance of the AUROCs' errors."""

    people: np.ndarray
    auroc: np.ndarray
    covariance: np.ndarray
    repetitions: int
    fits: int


def chosen_settings(study: AssembledStudy, store: FoldStore) -> dict[str, Setting] | None:
    """Read what each outer fold's own training rows chose; None where a fold is not stored.

    Returns
    -------
    dict of str to Setting, or None
        By the fold's key.
    """
    contenders = study.experiment.candidates.contenders
    found = {}
    for fold in inner_outer_folds(study):
        if not all(store.has(name, fold.key) for name in contenders):
            return None
        best = choose(store.load(name, fold.key) for name in contenders)
        found[fold.key] = Setting(best.candidate, best.params)
    return found


def untuned_settings(study: AssembledStudy) -> dict[str, Setting]:
    """Take the first contender as it is built, in every fold."""
    setting = Setting(study.experiment.candidates.contenders[0], {})
    return {fold.key: setting for fold in inner_outer_folds(study)}


def nested_subsets(
    outcome: np.ndarray, person: np.ndarray, shares: tuple[float, ...], rng: np.random.Generator
) -> list[np.ndarray]:
    """Draw ever larger subsets of people, each with its share of those who ever had the event.

    Parameters
    ----------
    outcome, person : ndarray of shape (n_rows,)
    shares : tuple of float
        Ascending, above 0 and at most 1.
    rng : Generator

    Returns
    -------
    list of ndarray of int
        Positions of rows, ascending; each subset holds the one before.

    Raises
    ------
    LearningCurveError
        When the smallest would hold too few people of a class.
    """
    people, code = np.unique(person, return_inverse=True)
    ever = np.zeros(len(people), dtype=bool)
    np.logical_or.at(ever, code, outcome == 1)
    orders = [rng.permutation(np.flatnonzero(ever == value)) for value in (False, True)]
    fewest = min(round(shares[0] * len(order)) for order in orders)
    if fewest < FEWEST_OF_A_CLASS:
        raise LearningCurveError(
            f"the smallest training subset ({shares[0]:.0%} of a fold's) would hold {fewest} "
            f"people of the rarer class, fewer than {FEWEST_OF_A_CLASS}; there are too few to draw "
            "a learning curve from"
        )
    subsets = []
    for share in shares:
        taken = np.zeros(len(people), dtype=bool)
        for order in orders:
            taken[order[: round(share * len(order))]] = True
        subsets.append(np.flatnonzero(taken[code]))
    return subsets


def curve_points(
    study: AssembledStudy,
    settings: Mapping[str, Setting],
    *,
    repetitions: int = REPETITIONS,
    done: Callable[[], None] = lambda: None,
) -> CurvePoints:
    """Train on subsets inside the outer folds and rank the held-out people.

    Whatever is learned is learned from the subset: limits, batches, gaps, selection, weights. Only
    the choice of candidate and parameters is that of the fold's whole training rows, or nobody's.
    There is no calibration, which would not change ranks.

    Parameters
    ----------
    study : AssembledStudy
    settings : mapping of str to Setting
        By the outer fold's key.
    repetitions : int
        2 or more. Each takes the folds of another repeat, as far as there are, and subsets anew.
    done : callable
        Called once per fit.

    Returns
    -------
    CurvePoints
        AUROC is the mean over held-out folds, then over repetitions. Its errors are those of the
        held-out people, drawn anew by person for all sizes alike, and of the training people. The
        latter's variance is taken to fall with their number, and is judged by how much subsets
        differ that share as many of them as they do.

    Raises
    ------
    LearningCurveError
        See `nested_subsets`.
    """
    from threadpoolctl import threadpool_limits

    if repetitions < 2:
        raise ValueError(f"repetitions must be 2 or more; got {repetitions}")
    told, rows = study.experiment, Rows.of(study.cohort)
    strata = np.zeros(len(rows.whose.person))
    if study.cohort.site is not None:
        strata = study.cohort.site.to_numpy()
    drawn = person_counts(
        rows.whose.person, strata, DRAWS, generator(told.seed, "learning_curve", "people")
    )
    weights = np.vstack([np.ones((1, len(rows.whose.person)), dtype=drawn.dtype), drawn])
    folds, repeats = inner_outer_folds(study), told.validation.repeats
    values, people = [], []
    with threadpool_limits(1):
        for repetition in range(repetitions):
            by_fold = []
            for fold in (f for f in folds if f.repeat == repetition % repeats):
                purpose = ("learning_curve", repetition, fold.key)
                subsets = nested_subsets(
                    rows.outcome[fold.train],
                    rows.whose.person[fold.train],
                    SHARES,
                    generator(told.seed, *purpose),
                )
                measured = []
                for subset in subsets:
                    train = fold.train[subset]
                    score = _score(study, rows, settings[fold.key], train, fold.held_out, purpose)
                    held = fold.held_out
                    measured.append(auroc(rows.outcome[held], score, weights[:, held]))
                    done()
                by_fold.append(measured)
                people.append([len(np.unique(rows.whose.person[fold.train[s]])) for s in subsets])
            values.append(_mean_of_defined(np.array(by_fold)))
    every = np.array(values)  # repetition, size, draw
    mean = _mean_of_defined(every)
    n = np.array(people).mean(axis=0)
    held_out = np.cov(mean[:, 1:][:, np.isfinite(mean[:, 1:]).all(axis=0)])
    training = training_variance(every[:, :, 0], n, SHARES)
    covariance = held_out + np.diag(training + _SMALLEST_VARIANCE)
    return CurvePoints(n, mean[:, 0], covariance, repetitions, len(people) * len(SHARES))


def training_variance(
    auroc_: np.ndarray, people: np.ndarray, shares: tuple[float, ...]
) -> np.ndarray:
    """Variance, by size, of the mean over repetitions that training people are to blame for.

    Subsets of a share s have about a share s of their people in common, so they differ among
    themselves by 1 − s of what samples without common people would; what they have in common stays
    however often it is drawn.

    Parameters
    ----------
    auroc_ : ndarray of shape (n_repetitions, n_sizes)
    people : ndarray of shape (n_sizes,)
    shares : tuple of float

    Returns
    -------
    ndarray of shape (n_sizes,)
    """
    share = np.array(shares)
    between = auroc_.var(axis=0, ddof=1)
    partial = share < 1
    per_person = (between * people)[partial].sum() / (1 - share)[partial].sum()
    return per_person / people * (share + (1 - share) / len(auroc_))


def _score(
    study: AssembledStudy,
    rows: Rows,
    setting: Setting,
    train: np.ndarray,
    held_out: np.ndarray,
    purpose: tuple[str | int, ...],
) -> np.ndarray:
    """Log-odds of held-out rows; a batch that the subset lacks passes as it is."""
    schema = rows.schema
    handling = replace(schema.handling, unseen="frozen")
    if handling.reference is not None:
        own = int((rows.X[BATCH].iloc[train] == handling.reference).sum())
        handling = replace(
            handling, reference=handling.reference if own >= SMALLEST_BATCH else None
        )
    model = study.candidates[setting.candidate].build(
        replace(schema, handling=handling),
        random_state=seed_for(study.experiment.seed, *purpose, "model"),
    )
    model.set_params(**setting.params)
    fitted = fit_with_people(model, rows.X.iloc[train], rows.outcome[train], rows.whose.at(train))
    return decision(fitted, rows.X.iloc[held_out])


def _mean_of_defined(values: np.ndarray) -> np.ndarray:
    """Mean over the first axis of what is defined; NaN where nothing is."""
    defined = np.isfinite(values)
    count = defined.sum(axis=0)
    total = np.where(defined, values, 0).sum(axis=0)
    return np.divide(total, count, out=np.full(count.shape, np.nan), where=count > 0)
