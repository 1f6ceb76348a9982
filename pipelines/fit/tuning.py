"""Choose a candidate's parameters on the inner folds of one training set."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field, replace
from functools import cached_property
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.pipeline import Pipeline

from signature.learn.calibration import (
    CalibratedProcedure,
    calibrated_loss,
    decision,
    fit_with_people,
)
from signature.prepare.harmonisation import SMALLEST_BATCH
from signature.randomness import seed_for
from signature.study.schema import BATCH, FeatureSchema
from signature.study.splits import person_folds
from signature.study.whose import Whose

Params = dict[str, Any]


@dataclass(repr=False)
class Tuned:
    """What tuning found.

    ``loss`` is the log-loss of ``out_of_fold`` after the sigmoid that is fitted to it: the number
    by which contenders are compared.
    """

    params: Params
    out_of_fold: np.ndarray
    loss: float
    trials: pd.DataFrame


@dataclass(repr=False)
class _InnerFold:
    """Data of one inner fold, transformed once by the steps that no trial changes."""

    train: Any
    y_train: np.ndarray
    held_out: Any
    y_held_out: np.ndarray
    whose: Whose
    at: np.ndarray
    prepared: Any = None
    scores: dict[str, np.ndarray] = field(default_factory=dict)


@dataclass(repr=False)
class Tuner:
    """Tune one candidate on one training set.

    Parameters
    ----------
    candidate : module
        A file of ``models/``.
    schema : FeatureSchema
    X, y, whose : rows, outcomes and whose rows they are
    folds, trials : int
        Number of inner folds, and of parameter sets to try.
    seed : int
        Seed of this training set and candidate.
    fold_seed : int
        Seed of the inner folds, shared by all candidates so that their losses compare.
    """

    candidate: ModuleType
    schema: FeatureSchema
    X: pd.DataFrame
    y: np.ndarray
    whose: Whose
    folds: int
    trials: int
    seed: int
    fold_seed: int
    sets: float = np.inf
    """How many sets of parameters there are, known after the first was drawn."""
    _prepared: dict[int, list[_InnerFold]] = field(default_factory=dict)

    def build(self, *, whole: bool = False) -> Pipeline:
        """Return the unfitted candidate with its seed.

        A batch that an inner fold happens to hold out alone passes as it is: what the experiment
        says of unseen batches is meant for the fit on the `whole` training set. For the same
        reason a small reference batch is none on the inner folds.
        """
        schema = self.schema
        if not whole:
            told = replace(schema.handling, unseen="frozen", reference=self._reference)
            schema = replace(schema, handling=told)
        return self.candidate.build(schema, random_state=seed_for(self.seed, "model"))

    @cached_property
    def _splits(self) -> list[tuple[np.ndarray, np.ndarray]]:
        return person_folds(self.y, self.whose.person, self.folds, self.fold_seed)

    @cached_property
    def _reference(self) -> float | None:
        """The reference batch, unless an inner fold has too few rows of it to train on."""
        reference = self.schema.handling.reference
        if reference is None:
            return None
        own = (self.X[BATCH] == reference).to_numpy()
        fewest = min(int(own[train].sum()) for train, _ in self._splits)
        return reference if fewest >= SMALLEST_BATCH else None

    def run(self) -> Tuned:
        """Search, then compute out-of-fold scores of the winner with its parameters fixed."""
        params, trials = self._search()
        out_of_fold = self._out_of_fold(params)
        return Tuned(params, out_of_fold, calibrated_loss(out_of_fold, self.y), trials)

    def _out_of_fold(self, params: Params) -> np.ndarray:
        scores = np.empty(len(self.y))
        for fold in self._inner(self._fixed_steps(params)):
            scores[fold.at] = self._scores(fold, params)
        return scores

    def _search(self) -> tuple[Params, pd.DataFrame]:
        import optuna

        # a trial that fails raises: nothing needs to be said twice
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        sampler = optuna.samplers.TPESampler(
            seed=seed_for(self.seed, "sampler"), multivariate=True, constant_liar=False
        )
        pruner = optuna.pruners.MedianPruner(n_startup_trials=5, n_warmup_steps=1)
        with warnings.catch_warnings():
            # pinned on purpose: the sampler's mode decides the bits
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            study = optuna.create_study(sampler=sampler, pruner=pruner)
        known: dict[str, tuple[float, Params]] = {}

        def objective(trial: Any) -> float:
            params = self.candidate.space(trial)
            key = repr(params)
            if key not in known:
                known[key] = look(trial, params)
            trial.set_user_attr("params", known[key][1])
            self.sets = _number_of_sets(trial.distributions)
            if len(known) >= self.sets:
                study.stop()
            return known[key][0]

        def look(trial: Any, params: Params) -> tuple[float, Params]:
            losses, found = [], []
            tail = self._tail(params)
            for step, fold in enumerate(self._inner(self._fixed_steps(params))):
                loss, extra = self._fold_loss(fold, params, tail)
                losses.append(loss)
                found.append(extra)
                trial.report(float(np.mean(losses)), step)
                if trial.should_prune():
                    raise optuna.TrialPruned
            medians = {k: round(float(np.median([f[k] for f in found]))) for k in found[0]}
            learned = {**params, **{f"model__{k}": v for k, v in medians.items()}}
            return float(np.mean(losses)), learned

        study.optimize(objective, n_trials=self.trials)
        table = pd.DataFrame(
            [
                {"trial": t.number, "state": t.state.name.lower(), "loss": t.value, **t.params}
                for t in study.trials
            ]
        )
        if len(known) < self.sets:
            return study.best_trial.user_attrs["params"], table
        # all sets are known: they are compared as candidates are, so that one which is merely too
        # sure does not lose to one that knows nothing
        sets = [params for _, params in known.values()]
        losses = [calibrated_loss(self._out_of_fold(params), self.y) for params in sets]
        return sets[int(np.argmin(losses))], table

    @cached_property
    def _unfitted(self) -> Pipeline:
        """The candidate as it is built for the inner folds; copied before anything is set."""
        return self.build()

    def _fixed_steps(self, params: Params) -> int:
        """Count the leading steps that no tuned parameter belongs to."""
        steps = [name for name, _ in self._unfitted.steps]
        tuned = {key.split("__", 1)[0] for key in params}
        return next((i for i, name in enumerate(steps) if name in tuned), len(steps) - 1)

    def _tail(self, params: Params) -> Pipeline:
        """Return the steps from the first tuned one on, unfitted, with these parameters."""
        return clone(self._unfitted[self._fixed_steps(params) :]).set_params(**params)

    def _inner(self, fixed: int) -> list[_InnerFold]:
        if fixed not in self._prepared:
            made = []
            for train, held_out in self._splits:
                head = clone(self._unfitted[:fixed])
                seen, unseen = self.X.iloc[train], self.X.iloc[held_out]
                if fixed:
                    seen, unseen = head.fit_transform(seen, self.y[train]), head.transform(unseen)
                y, whose = self.y, self.whose.at(train)
                made.append(_InnerFold(seen, y[train], unseen, y[held_out], whose, held_out))
            self._prepared[fixed] = made
        return self._prepared[fixed]

    def _scores(self, fold: _InnerFold, params: Params) -> np.ndarray:
        """Log-odds of the fold's held-out rows; what was fitted once is not fitted again."""
        key = repr(params)
        if key not in fold.scores:
            fitted = fit_with_people(self._tail(params), fold.train, fold.y_train, fold.whose)
            fold.scores[key] = decision(fitted, fold.held_out)
        return fold.scores[key]

    def _fold_loss(
        self, fold: _InnerFold, params: Params, tail: Pipeline
    ) -> tuple[float, dict[str, float]]:
        model = tail[-1]
        if len(tail) > 1 or not hasattr(model, "tuning_fold"):
            return _loss(self._scores(fold, params), fold.y_held_out), {}
        if fold.prepared is None:
            fold.prepared = model.tuning_fold(
                fold.train, fold.y_train, fold.held_out, fold.y_held_out
            )
        return fold.prepared.loss(model)


def fit_tuned(tuner: Tuner, tuned: Tuned) -> CalibratedProcedure:
    """Fit the tuned candidate on the whole training set, calibrated on its out-of-fold scores."""
    procedure = CalibratedProcedure(
        tuner.build(whole=True).set_params(**tuned.params),
        folds=tuner.folds,
        random_state=tuner.fold_seed,
    )
    return procedure.fit(
        tuner.X,
        tuner.y,
        groups=tuner.whose.person,
        sites=tuner.whose.site,
        out_of_fold=tuned.out_of_fold,
    )


def _number_of_sets(distributions: dict[str, Any]) -> float:
    sizes = [len(d.choices) if hasattr(d, "choices") else np.inf for d in distributions.values()]
    return float(np.prod(sizes))


def _loss(eta: np.ndarray, y: np.ndarray) -> float:
    return float(np.mean(np.logaddexp(0, eta) - y * eta))
