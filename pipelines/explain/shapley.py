"""Shapley values of a fitted pipeline against its training rows (Lundberg 2017).

The only file that imports shap.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from sklearn.pipeline import Pipeline

from signature.effect.learners.grown_trees import as_booster
from signature.learn.contributions import group_by_source, raw_contributions

BACKGROUND_ROWS = 100
"""Training rows against which a tree's contributions are measured."""

FEW_ROWS = 20
"""The same for a model that is known by its predictions alone."""

LARGEST_GAP = 1e-3
"""In log-odds; trees add up in single precision."""


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

    # each row costs two predictions of all these per column
    background = _background(train, rng)[:FEW_ROWS]
    masker = shap.maskers.Independent(background, max_samples=len(background))
    drawn = int(rng.integers(2**31))
    explainer = shap.explainers.Permutation(predict, masker, seed=drawn)
    found = explainer(held_out.to_numpy(), max_evals=2 * held_out.shape[1] + 1, silent=True)
    return np.column_stack([found.values, found.base_values])


def _background(train: pd.DataFrame, rng: np.random.Generator) -> np.ndarray:
    take = rng.choice(len(train), size=min(BACKGROUND_ROWS, len(train)), replace=False)
    return train.iloc[np.sort(take)].to_numpy()
