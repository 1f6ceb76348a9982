"""Held-out predictions of a trial: benefit by candidate, outcome by arm, and prognosis.

Every number of a person comes from models that were fitted without that person. Numbers of several
repeats are averaged, each of which was held out.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegressionCV, RidgeCV
from sklearn.pipeline import Pipeline

from pipelines.explain.shapley import parts_of
from pipelines.fit.digest import code_digest, library_digest
from pipelines.fit.processes import run_all
from pipelines.trials.kept_fits import KeptFits
from signature.discovery import load
from signature.effect.trial.trial import Trial
from signature.prepare.procedures import linear_steps
from signature.randomness import generator, seed_for
from signature.records.results import BASE
from signature.study.splits import person_folds

if TYPE_CHECKING:
    from pipelines.trials.study import TrialStudy

Split = tuple[np.ndarray, np.ndarray]

PENALTIES = np.geomspace(1e-2, 1e4, 25)
"""Of the outcome models' ridge, for standardised columns."""


@dataclass(frozen=True)
class Piece:
    """One fit: of a candidate for one arm, or of an outcome model, on one training set.

    Parameters
    ----------
    what : {"benefit", "parts", "expected", "prognosis", "baseline"}
        Parts are what each feature adds to a benefit; the last two are the prognosis from all
        features and from the baseline alone.
    candidate : str
        Empty unless `what` is a benefit, or its parts.
    arm : int
        Whose benefit over control, or whose expected outcome; 0 for a prognosis.
    repeat, fold : int
    """

    what: str
    candidate: str
    arm: int
    repeat: int
    fold: int

    @property
    def file(self) -> str:
        """Name under which it is kept."""
        return f"{self.what}-{self.candidate}-{self.arm}-{self.repeat}-{self.fold}.npy"


@dataclass(frozen=True, eq=False)
class TrialPredictions:
    """Held-out predictions of everybody who was randomised.

    Parameters
    ----------
    benefit : dict of ndarray of shape (n, n_arms)
        By candidate: benefit of each arm over control, positive where the arm does better, in
        units of the endpoint (differences in risk for events); 0 in the control's column, NaN
        where a candidate was not fitted for that arm.
    levelled : dict of ndarray of shape (n, n_arms)
        The same with the mean of every fold moved to that of all: for whatever compares people of
        different folds. A fold's mean is learned from the others' outcomes, so where theirs speak
        for treatment its own speak against, and people ranked by it would be ranked wrongly.
    parts : ndarray of shape (n, n_features + 1), or None
        What each feature adds to the headline's benefit of the treated arm, the base last: rows
        add up to `benefit`. None where the headline is no candidate.
    expected : ndarray of shape (n, n_arms)
        Outcome under each arm, in units of the endpoint.
    prognosis, baseline : ndarray of shape (n,)
        Expected outcome whatever the arm, from all features and from the baseline alone.
    """

    benefit: dict[str, np.ndarray]
    levelled: dict[str, np.ndarray]
    parts: np.ndarray | None
    expected: np.ndarray
    prognosis: np.ndarray
    baseline: np.ndarray


def layouts(trial: Trial, folds: int, repeats: int, seed: int) -> list[list[Split]]:
    """Lay out folds that each hold their share of every arm, and of its events.

    Returns
    -------
    list of list of (train, held_out)
        By repeat: positions of people.
    """
    stratum = 2 * trial.code
    if trial.endpoint.kind != "continuous":
        event = np.nan_to_num(trial.outcome).astype(int)
        for arm in range(len(trial.arms)):
            own = trial.code == arm
            # what is rarer than that cannot be shared, and the splitter would warn
            if np.bincount(event[own], minlength=2).min() >= folds:
                stratum[own] += event[own]
    who = np.arange(len(trial.code))
    return [
        person_folds(stratum, who, folds, seed_for(seed, "trial", repeat))
        for repeat in range(repeats)
    ]


def pieces(study: TrialStudy) -> list[Piece]:
    """List all fits: every candidate for the headline's arm, the headline for all arms."""
    asked = study.experiment.crossfitting
    arms = range(len(study.trial.arms))
    wanted = [("prognosis", "", 0), ("baseline", "", 0)]
    wanted += [("expected", "", arm) for arm in arms]
    headline = study.experiment.candidates.headline
    if headline in study.candidates:
        wanted.append(("parts", headline, study.treated))
    wanted += [
        ("benefit", name, arm)
        for name in study.candidates
        for arm in arms
        if arm == study.treated or (arm > 0 and name == headline)
    ]
    return [
        Piece(*one, repeat, fold)
        for one in wanted
        for repeat in range(asked.repeats)
        for fold in range(asked.folds)
    ]


def cross_fit(
    study: TrialStudy, folder: Path, *, jobs: int, done: Callable[[], None]
) -> TrialPredictions:
    """Fit what is not kept yet, on so many processes, and put held-out predictions together.

    Parameters
    ----------
    study : TrialStudy
    folder : Path
        ``results/<experiment>``: finished fits are kept in it, under their `fingerprint`.
    jobs : int
    done : callable
        Called once per finished fit.
    """
    splits, kept, todo = _layout(study, folder)
    seed = study.experiment.seed
    calls = [(_fit_and_keep, (piece, study.trial, splits, seed, kept)) for piece in todo]
    for _ in run_all(calls, jobs=jobs):
        done()
    return _put_together(study, pieces(study), splits, kept)


def seconds_of_fits(study: TrialStudy, folder: Path) -> float:
    """Time the first missing fit of each kind, and reckon how long the others will take.

    Parameters
    ----------
    study : TrialStudy
    folder : Path
        ``results/<experiment>``, where these fits are kept, too.
    """
    splits, kept, todo = _layout(study, folder)
    kinds: dict[tuple[str, str, int], list[Piece]] = {}
    for piece in todo:
        kinds.setdefault((piece.what, piece.candidate, piece.arm), []).append(piece)
    seconds = 0.0
    for first, *others in kinds.values():
        started = time.perf_counter()
        _fit_and_keep(first, study.trial, splits, study.experiment.seed, kept)
        seconds += len(others) * (time.perf_counter() - started)
    return seconds


def missing(study: TrialStudy, folder: Path) -> list[Piece]:
    """List the fits that are not kept yet."""
    return _layout(study, folder)[2]


def _layout(study: TrialStudy, folder: Path) -> tuple[list[list[Split]], KeptFits, list[Piece]]:
    """Return folds, where fits are kept, and which are not kept yet."""
    asked = study.experiment.crossfitting
    splits = layouts(study.trial, asked.folds, asked.repeats, study.experiment.seed)
    kept = KeptFits(folder, fingerprint(study))
    todo = pieces(study)
    waiting = set(kept.missing(piece.file for piece in todo))
    return splits, kept, [piece for piece in todo if piece.file in waiting]


def fingerprint(study: TrialStudy) -> str:
    """Digest of what decides held-out predictions: experiment, data, code and libraries."""
    h = hashlib.sha256()
    trial = study.trial
    h.update(study.experiment.digest.encode() + trial.cohort.digest.encode())
    for part in (trial.outcome, trial.code, trial.allocation, trial.weight):
        h.update(np.ascontiguousarray(part).tobytes())
    h.update(repr((trial.endpoint.kind, trial.endpoint.higher_is_better)).encode())
    h.update(code_digest(__name__, *(f"models.{name}" for name in study.candidates)).encode())
    h.update(f"{library_digest()} shap {version('shap')}".encode())
    return h.hexdigest()


def _fit_and_keep(
    piece: Piece, trial: Trial, splits: list[list[Split]], seed: int, kept: KeptFits
) -> None:
    from threadpoolctl import threadpool_limits

    train, held_out = splits[piece.repeat][piece.fold]
    with threadpool_limits(1):
        found = _fit(piece, trial, train, held_out, seed)
    kept.save(piece.file, found)


def _fit(
    piece: Piece, trial: Trial, train: np.ndarray, held_out: np.ndarray, seed: int
) -> np.ndarray:
    # parts are of the very model whose benefit is kept
    what = "benefit" if piece.what == "parts" else piece.what
    drawn = seed_for(seed, what, piece.candidate, piece.arm, piece.repeat, piece.fold)
    X = trial.cohort.X.reset_index(drop=True)
    train = train[trial.known[train]]
    if what == "benefit":
        two = train[np.isin(trial.code[train], (0, piece.arm))]
        module = load("models", piece.candidate, ("build",))
        procedure = module.build(trial.cohort.schema, random_state=drawn)
        procedure.fit(
            X.iloc[two],
            oriented_outcome(trial)[two],
            model__treated=(trial.code[two] == piece.arm).astype(int),
            model__share=share_of(trial, piece.arm)[two],
            model__weight=trial.weight[two],
        )
        if piece.what == "parts":
            rng = generator(drawn, "background")
            parts = parts_of(procedure, X.iloc[two], X.iloc[held_out], rng)
            columns = [*trial.cohort.schema.features, BASE]
            return parts.reindex(columns=columns, fill_value=0.0).to_numpy(dtype="float64")
        return np.asarray(procedure.predict(X.iloc[held_out]), dtype="float64")
    features = trial.cohort.schema.baseline if piece.what == "baseline" else None
    rows = train[trial.code[train] == piece.arm] if piece.what == "expected" else train
    steps = linear_steps(trial.cohort.schema, features, random_state=drawn)
    return _outcome_model(trial, Pipeline(steps), X, rows, held_out)


def _outcome_model(
    trial: Trial, steps: Pipeline, X: pd.DataFrame, rows: np.ndarray, held_out: np.ndarray
) -> np.ndarray:
    """Outcome from features, by ridge regression of a penalty that cross-validation chooses."""
    y, weight = trial.outcome[rows], trial.weight[rows]
    Z, Z_held_out = steps.fit_transform(X.iloc[rows]), steps.transform(X.iloc[held_out])
    if trial.endpoint.kind == "continuous":
        model = RidgeCV(alphas=PENALTIES).fit(Z, y, sample_weight=weight)
        return np.asarray(model.predict(Z_held_out), dtype="float64")
    rarer = int(min(y.sum(), len(y) - y.sum()))
    if rarer < 5:
        return np.full(len(held_out), np.average(y, weights=weight))
    model = LogisticRegressionCV(
        Cs=1 / PENALTIES[::3],
        cv=min(5, rarer),
        l1_ratios=(0.0,),
        scoring="neg_log_loss",
        max_iter=2000,
        use_legacy_attributes=False,
    ).fit(Z, y, sample_weight=weight)
    return np.asarray(model.predict_proba(Z_held_out)[:, 1], dtype="float64")


def oriented_outcome(trial: Trial) -> np.ndarray:
    """Outcome with the sign turned where lower is better; differences are then benefits."""
    return trial.outcome if trial.endpoint.higher_is_better else -trial.outcome


def share_of(trial: Trial, arm: int) -> np.ndarray:
    """Probability of an arm among those who are in it or in the control, by design."""
    two = trial.allocation[:, [0, arm]]
    return np.asarray(two[:, 1] / two.sum(axis=1))


def within_fold(found: np.ndarray) -> np.ndarray:
    """Benefit less its mean; exactly 0 where it is the same for all, whatever rounding makes."""
    same = np.ptp(found) <= 1e-12 * (1 + np.abs(found).max())
    return np.zeros_like(found) if same else found - found.mean()


def _put_together(
    study: TrialStudy, todo: Iterable[Piece], splits: list[list[Split]], kept: KeptFits
) -> TrialPredictions:
    n, arms = study.trial.allocation.shape
    repeats = study.experiment.crossfitting.repeats
    benefit = {name: np.full((n, arms), np.nan) for name in study.candidates}
    for table in benefit.values():
        table[:, 0] = 0.0
    levelled = {name: table.copy() for name, table in benefit.items()}
    headline = study.experiment.candidates.headline
    width = len(study.trial.cohort.schema.features) + 1
    parts = np.zeros((n, width)) if headline in study.candidates else None
    expected, prognosis, baseline = np.zeros((n, arms)), np.zeros(n), np.zeros(n)
    for piece in todo:
        held_out = splits[piece.repeat][piece.fold][1]
        found = kept.load(piece.file) / repeats
        if piece.what == "benefit":
            for tables, values in ((benefit, found), (levelled, within_fold(found))):
                column = tables[piece.candidate][:, piece.arm]
                column[held_out] = np.nan_to_num(column[held_out]) + values
        elif piece.what == "parts":
            assert parts is not None
            parts[held_out] += found
        elif piece.what == "expected":
            expected[held_out, piece.arm] += found
        else:
            (prognosis if piece.what == "prognosis" else baseline)[held_out] += found
    for name, table in levelled.items():
        table += benefit[name].mean(axis=0)
    return TrialPredictions(benefit, levelled, parts, expected, prognosis, baseline)
