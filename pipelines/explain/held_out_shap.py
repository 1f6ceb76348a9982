"""SHAP on held-out rows: what each feature did to the predictions of people not trained on.

The only file that imports shap. Serving has its own arithmetic in `signature.learn.contributions`,
which needs no training rows: the same for linear models; for trees it is the path-dependent
variant, whose base is another and whose parts differ somewhat from those here.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from sklearn.pipeline import Pipeline

from pipelines.fit.fitting import choose
from pipelines.fit.store import FoldStore
from pipelines.question.folds import Fold
from pipelines.question.study import AssembledStudy
from signature.effect.learners.grown_trees import as_booster
from signature.learn.calibration import CalibratedProcedure
from signature.learn.contributions import BASE, group_by_source, raw_contributions
from signature.randomness import generator
from signature.records.results import CONTRIBUTION_COLUMNS
from signature.study.schema import BELOW

BACKGROUND_ROWS = 100
"""Training rows against which a tree's contributions are measured."""

LARGEST_GAP = 1e-3
"""In log-odds; trees add up in single precision."""


def explain(study: AssembledStudy, store: FoldStore) -> pd.DataFrame:
    """Explain the procedure's held-out predictions, fold by fold.

    Contributions are interventional Shapley values against training rows of the same fold
    (Lundberg 2017), after the sigmoid, so that a row's parts add up to its log-odds. A marker and
    the columns derived from it are one feature.

    Returns
    -------
    DataFrame
        As `signature.records.results.CONTRIBUTION_COLUMNS` says.
    """
    percentiles = percentile_ranks(study.cohort.X)
    contenders = study.experiment.candidates.contenders
    tables = []
    for fold in study.folds:
        chosen = choose(store.load(name, fold.key) for name in contenders).candidate
        procedure = store.procedure(chosen, fold.key, study.trusted_types(chosen))
        parts = held_out_contributions(procedure, study.cohort.X, fold, study.experiment.seed)
        tables.append(_long(parts, percentiles, fold, chosen))
    return pd.concat(tables, ignore_index=True).astype(CONTRIBUTION_COLUMNS)


def held_out_contributions(
    procedure: CalibratedProcedure, X: pd.DataFrame, fold: Fold, seed: int
) -> pd.DataFrame:
    """Contributions of one fold's held-out rows, one column per source feature and the base."""
    rng = generator(seed, "background", fold.key)
    parts = parts_of(procedure.estimator_, X.iloc[fold.train], X.iloc[fold.held_out], rng)
    parts = parts * procedure.slope_
    parts[BASE] += procedure.intercept_
    return parts


def parts_of(
    pipeline: Pipeline, train: pd.DataFrame, held_out: pd.DataFrame, rng: np.random.Generator
) -> pd.DataFrame:
    """Split what a fitted pipeline says of held-out rows, on the scale of its last step.

    Parameters
    ----------
    pipeline : Pipeline
        Ends in a model of log-odds, or in one of benefit.
    train, held_out : DataFrame
        Raw schema columns; a contribution of 0 is what the training rows have on average.
    rng : Generator
        Of the training rows that trees and forests are held against.

    Returns
    -------
    DataFrame of shape (n_held_out, n_features + 1)
        One column per source feature and the base; rows add up to the prediction.
    """
    head, final = pipeline[:-1], pipeline[-1]
    raw = _shap_values(final, head.transform(train), head.transform(held_out), rng)
    return group_by_source(raw, list(head.get_feature_names_out()))


def _shap_values(
    final: Any, train: pd.DataFrame, held_out: pd.DataFrame, rng: np.random.Generator
) -> np.ndarray:
    import shap

    if hasattr(final, "booster"):
        values = _of_trees(final.booster, train, final.as_seen(held_out), rng)
        gap = np.abs(values.sum(axis=1) - final.decision_function(held_out)).max(initial=0)
        if gap > LARGEST_GAP:
            raise RuntimeError(f"tree contributions miss the log-odds by up to {gap:.2g}")
        return values
    if len(getattr(final, "trees_", ())):
        values = _of_trees(as_booster(final.trees_), train, held_out.to_numpy(), rng)
        values[:, -1] += final.intercept_
        return values
    if hasattr(final, "coef_"):
        masker = shap.maskers.Independent(train.to_numpy(), max_samples=len(train))
        told = (np.ravel(final.coef_), float(np.ravel(final.intercept_)[0]))
        explainer = shap.LinearExplainer(told, masker)
        values = explainer.shap_values(held_out.to_numpy())
        base = np.full(len(held_out), float(explainer.expected_value))
        return np.column_stack([values, base])
    if hasattr(final, "forest_"):
        return _of_any(final, train, held_out, rng)
    return raw_contributions(final, held_out)


def _of_trees(
    booster: Any, train: pd.DataFrame, held_out: Any, rng: np.random.Generator
) -> np.ndarray:
    import shap

    background = _background(train, rng)
    explainer = shap.TreeExplainer(booster, background, feature_perturbation="interventional")
    values = explainer.shap_values(held_out, check_additivity=False)
    base = np.full(len(held_out), float(np.ravel(explainer.expected_value)[0]))
    return np.column_stack([values, base])


def _of_any(
    final: Any, train: pd.DataFrame, held_out: pd.DataFrame, rng: np.random.Generator
) -> np.ndarray:
    """Of a model that is known by its predictions alone, over permutations of the features."""
    import shap

    def predict(values: np.ndarray) -> np.ndarray:
        return np.asarray(final.predict(pd.DataFrame(values, columns=train.columns)))

    masker = shap.maskers.Independent(_background(train, rng), max_samples=BACKGROUND_ROWS)
    drawn = int(rng.integers(2**31))
    explainer = shap.explainers.Permutation(predict, masker, seed=drawn)
    found = explainer(held_out.to_numpy(), max_evals=2 * held_out.shape[1] + 1, silent=True)
    return np.column_stack([found.values, found.base_values])


def _background(train: pd.DataFrame, rng: np.random.Generator) -> np.ndarray:
    take = rng.choice(len(train), size=min(BACKGROUND_ROWS, len(train)), replace=False)
    return train.iloc[np.sort(take)].to_numpy()


def percentile_ranks(X: pd.DataFrame) -> pd.DataFrame:
    """Rank of each value among all rows, 0 to 1; −1 below the detection limit."""
    columns = [str(c) for c in X]
    features = [c for c in columns if not c.endswith(BELOW)]
    counts = X[features].notna().sum()
    ranks = (X[features].rank(method="average") - 0.5) / counts.where(counts > 0)
    for name in features:
        if name + BELOW in columns:
            ranks[name] = ranks[name].mask(X[name + BELOW].notna(), -1.0)
    return ranks.reset_index(drop=True)


def _long(
    parts: pd.DataFrame, percentiles: pd.DataFrame, fold: Fold, candidate: str
) -> pd.DataFrame:
    rows = np.asarray(fold.held_out)
    ranks = percentiles.iloc[rows].reindex(columns=parts.columns).to_numpy()
    n_rows, n_parts = parts.shape
    return pd.DataFrame(
        {
            "block": fold.block,
            "candidate": candidate,
            "repeat": fold.repeat,
            "fold": fold.fold,
            "row": np.repeat(rows, n_parts),
            "feature": np.tile(np.asarray(parts.columns, dtype=str), n_rows),
            "contribution": parts.to_numpy().ravel(),
            "percentile": ranks.ravel(),
        }
    )
