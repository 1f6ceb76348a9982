"""One candidate under every weighting of rows and repeats: the data as they are, then draws."""

from __future__ import annotations

import numpy as np
import pandas as pd

from pipelines.evaluate.decision_estimates import Fitted
from pipelines.evaluate.held_out_estimates import (
    WeightedPredictions,
    estimates,
    mean_where_defined,
    widened,
)
from signature.records.estimates import Weighted
from signature.records.results import FoldResult
from signature.validation.draws import estimate_of_draws
from signature.validation.metrics import POOLED, WITHIN_FOLD


def repeat_shares(n: int, draws: int, rng: np.random.Generator) -> np.ndarray:
    """Draw how much each repeat counts, shape (draws + 1, n); the first line is the plain mean."""
    even = np.full((1, n), 1 / n)
    if n == 1:
        return np.ones((draws + 1, 1))
    counts = rng.multinomial(n - 1, even[0], size=draws) / (n - 1)
    return np.vstack([even, counts])


def held_out_of(
    own: pd.DataFrame,
    weights: np.ndarray,
    repeats: np.ndarray,
    position: dict[int, int],
    shared: float = 1.0,
) -> WeightedPredictions:
    """Gather one candidate's predictions, repeat by repeat, with the weights of their rows."""
    parts = [_arrays(part, weights, position) for _, part in own.groupby("repeat", sort=True)]
    return WeightedPredictions(parts, repeats, shared)


def measure(
    own: pd.DataFrame,
    weights: np.ndarray,
    repeats: np.ndarray,
    position: dict[int, int],
    shared: float = 1.0,
) -> tuple[dict[str, np.ndarray], list[FoldResult]]:
    """Measure one candidate under every weighting; the first weighting is the plain data.

    `shared` widens the draws, as `pipelines.evaluate.held_out_estimates.overlap` gives it.
    """
    ranks_nobody = own.groupby(["repeat", "fold"])["probability"].nunique().max() == 1
    folds: list[FoldResult] = []
    by_repeat: dict[str, list[np.ndarray]] = {m: [] for m in (*WITHIN_FOLD, *POOLED)}
    for _, repeat in own.groupby("repeat", sort=True):
        within: dict[str, list[np.ndarray]] = {m: [] for m in WITHIN_FOLD}
        for _, part in repeat.groupby("fold", sort=True):
            y, p, w = _arrays(part, weights, position)
            for name, metric in WITHIN_FOLD.items():
                within[name].append(metric(y, p, w))
            folds.append(_fold_result(part, float(within["auroc"][-1][0])))
        for name, values in within.items():
            by_repeat[name].append(mean_where_defined(np.stack(values)))
        y, p, w = _arrays(repeat, weights, position)
        for name, metric in POOLED.items():
            # one probability per fold: a slope over folds would only compare their event rates
            undefined = ranks_nobody and name == "calibration_slope"
            by_repeat[name].append(np.full(len(w), np.nan) if undefined else metric(y, p, w))
    shares = repeats.T
    found = {m: mean_where_defined(np.stack(v), shares) for m, v in by_repeat.items()}
    return {m: widened(v, shared) for m, v in found.items()}, folds


def _fold_result(part: pd.DataFrame, auroc: float) -> FoldResult:

    first = part.iloc[0]
    return FoldResult(
        repeat=int(first["repeat"]),
        fold=int(first["fold"]),
        label=str(first["fold_label"]),
        n=len(part),
        events=int(part["outcome"].sum()),
        auroc=None if np.isnan(auroc) else auroc,
        chosen=str(first["chosen"]),
    )


def fitted_pair(
    competing: dict[str, pd.DataFrame],
    held_out: dict[str, WeightedPredictions],
    inner: pd.DataFrame,
) -> tuple[Fitted, Fitted]:
    """Join procedure and reference with the inner predictions of their folds."""
    found = []
    for name, own in competing.items():
        repeats = {number: i for i, number in enumerate(sorted(own["repeat"].unique()))}
        block = str(own["block"].iloc[0])
        told = inner[(inner["block"] == block) & (inner["candidate"] == name)]
        by_fold = {
            (repeats[repeat], int(str(fold))): part
            for (repeat, fold), part in told.groupby(["repeat", "fold"])
        }
        folds = [part["fold"].to_numpy() for _, part in own.groupby("repeat", sort=True)]
        found.append(Fitted(held_out[name], folds, by_fold))
    return found[0], found[1]


def survey_weighted(
    competing: dict[str, pd.DataFrame],
    rows: pd.DataFrame,
    weights: np.ndarray,
    repeats: np.ndarray,
    position: dict[int, int],
    shared: float = 1.0,
) -> Weighted | None:
    """Measure again with survey weights; None where all rows weigh the same."""
    survey = rows["weight"].to_numpy()
    if np.ptp(survey) == 0:
        return None
    own, other = (
        measure(competing[n], weights * survey, repeats, position, shared)[0] for n in competing
    )
    shown = ("auroc", "brier", "log_loss")
    return Weighted(
        effective_people=float(survey.sum() ** 2 / (survey**2).sum()),
        event_rate=float(np.average(rows["outcome"], weights=survey)),
        procedure=estimates(own),
        reference=estimates(other),
        difference={m: estimate_of_draws(own[m] - other[m]) for m in shown},
    )


def _arrays(
    part: pd.DataFrame, weights: np.ndarray, position: dict[int, int]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    at = [position[row] for row in part["row"]]
    return part["outcome"].to_numpy(), part["probability"].to_numpy(), weights[:, at]
