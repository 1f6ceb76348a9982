"""SHAP on held-out rows: what each feature did to the predictions of people not trained on.

Serving has its own arithmetic in `signature.learn.contributions`, which needs no training rows: the
same for linear models; for trees it is the path-dependent variant, whose base is another and whose
parts differ somewhat from those here.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from pipelines.explain.shapley import parts_of
from pipelines.fit.fitting import choose
from pipelines.fit.store import FoldStore
from pipelines.question.folds import Fold
from pipelines.question.study import AssembledStudy
from signature.learn.calibration import CalibratedProcedure
from signature.learn.contributions import BASE
from signature.randomness import generator
from signature.records.results import CONTRIBUTION_COLUMNS
from signature.study.schema import BELOW


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
