"""Everything measured on held-out people, from the predictions table alone."""

from __future__ import annotations

from typing import Literal, cast

import numpy as np
import pandas as pd

from pipelines.claim import climb, riley_minimum
from pipelines.experiment import Experiment
from pipelines.held_out_estimates import (
    SHAPES,
    HeldOut,
    calibration_record,
    decision_curve,
    estimate,
    overlap,
    pooled_sites,
    widened,
)
from pipelines.verdict import check_gate, reach_verdict
from signature.exceptions import PredictionsError
from signature.metrics import POOLED, WITHIN_FOLD, person_counts
from signature.randomness import generator
from signature.results import (
    BLOCKS,
    PROCEDURE,
    REFERENCE,
    Block,
    BlockName,
    CandidateResult,
    Difference,
    Evaluation,
    FoldResult,
    check_predictions,
)
from signature.validation.sentinel_record import Sentinels


def evaluate(
    predictions: pd.DataFrame,
    experiment: Experiment,
    labels: dict[str, str],
    parameters: int,
    sentinels: Sentinels | None = None,
) -> Evaluation:
    """Evaluate every candidate on its held-out rows.

    Parameters
    ----------
    predictions : DataFrame
        As `signature.results.PREDICTION_COLUMNS` says.
    experiment : Experiment
    labels : dict of str
        How a report prints each candidate.
    parameters : int
        That there are to learn; see `pipelines.candidate_parameters`.
    sentinels : Sentinels, optional
        What was looked at for leakage; a failed one leaves nothing to claim.

    Returns
    -------
    Evaluation
        Intervals are from bootstrap draws of people (within site where there are sites) and of
        repeats, with the fitted models held fixed; candidates share the draws, so differences are
        paired. Drawing repeats too puts the luck of folds and tuning into the interval; one fewer
        is drawn than there are, which makes their variance right (Rao and Wu 1988). Where held-out
        people train the other folds' models, the draws are widened for it
        (`pipelines.held_out_estimates.overlap`). How often the intervals then hold the truth is
        measured in ``experiments/benchmarks/interval_coverage.json``.
    """
    table = check_predictions(predictions)
    absent = sorted({PROCEDURE, REFERENCE, *experiment.candidates.all} - set(table["candidate"]))
    if absent:
        raise PredictionsError(f"the predictions table has no {', '.join(map(repr, absent))}")
    blocks = [
        _block(table[table["block"] == name], experiment, labels)
        for name in BLOCKS
        if (table["block"] == name).any()
    ]
    verdict = reach_verdict(blocks[-1])
    failed = None if sentinels is None else [s.name for s in sentinels.of("failed")]
    minimum = riley_minimum(blocks[0], parameters)
    claim = climb(blocks, experiment.claim.design, minimum, failed)
    return Evaluation(
        experiment=experiment.name,
        reference=REFERENCE,
        blocks=blocks,
        verdict=verdict,
        claim=claim,
        gate=check_gate(blocks[-1], experiment, verdict, claim),
        bootstraps=experiment.validation.bootstraps,
    )


def _block(table: pd.DataFrame, experiment: Experiment, labels: dict[str, str]) -> Block:
    name = str(table["block"].iloc[0])
    rows = table.drop_duplicates("row").sort_values("row")
    rng = generator(experiment.seed, "bootstrap", name)
    draws = person_counts(
        rows["person"].to_numpy(), rows["site"].to_numpy(), experiment.validation.bootstraps, rng
    )
    # the first row of weights is the data as they are: estimate and interval in one pass
    weights = np.vstack([np.ones((1, len(rows)), dtype=draws.dtype), draws])
    repeats = _draw_repeats(table["repeat"].nunique(), experiment.validation.bootstraps, rng)
    position = dict(zip(rows["row"], range(len(rows)), strict=True))
    parts = experiment.candidates
    shared = overlap(table["fold"].nunique()) if name != "external" else 1.0
    order = [PROCEDURE, REFERENCE, *parts.contenders, *parts.references, *parts.baselines]
    measured: dict[str, dict[str, np.ndarray]] = {}
    results: list[CandidateResult] = []
    for candidate in order:
        own = table[table["candidate"] == candidate]
        found, folds = _measure(own, weights, repeats, position)
        measured[candidate] = {m: widened(v, shared) for m, v in found.items()}
        results.append(
            CandidateResult(
                name=candidate,
                label=labels[candidate],
                part=_part(candidate, experiment),
                metrics={
                    m: estimate(v, SHAPES.get(m, "percentile"))
                    for m, v in measured[candidate].items()
                },
                folds=folds,
                folds_without_auroc=sum(f.auroc is None for f in folds),
            )
        )
    held_out = {
        name: _held_out(table[table["candidate"] == name], weights, repeats, position, shared)
        for name in (PROCEDURE, REFERENCE)
    }
    return Block(
        name=cast(BlockName, name),
        scheme=_scheme(name, experiment),
        n_rows=len(rows),
        n_people=int(rows["person"].nunique()),
        n_events=int(rows["outcome"].sum()),
        n_folds=int(table["fold"].nunique()),
        n_repeats=int(table["repeat"].nunique()),
        candidates=results,
        differences=[
            _difference(candidate, against, measured)
            for against in (REFERENCE, *parts.references)
            for candidate in order
            if candidate != against
        ],
        calibration=calibration_record(
            held_out[PROCEDURE], generator(experiment.seed, "calibrated", name)
        ),
        decision=decision_curve(held_out[PROCEDURE], held_out[REFERENCE]),
        sites=pooled_sites(table[table["candidate"] == PROCEDURE]),
    )


def _held_out(
    own: pd.DataFrame,
    weights: np.ndarray,
    repeats: np.ndarray,
    position: dict[int, int],
    shared: float,
) -> HeldOut:
    parts = [_arrays(part, weights, position) for _, part in own.groupby("repeat", sort=True)]
    return HeldOut(parts, repeats, shared)


def _part(
    candidate: str, experiment: Experiment
) -> Literal["headline", "reference", "reference candidate", "contender", "baseline"]:

    if candidate == PROCEDURE:
        return "headline"
    if candidate == REFERENCE:
        return "reference"
    if candidate in experiment.candidates.references:
        return "reference candidate"
    return "contender" if candidate in experiment.candidates.contenders else "baseline"


def _draw_repeats(n: int, draws: int, rng: np.random.Generator) -> np.ndarray:
    """Share of each repeat in each draw, shape (draws + 1, n); the first line is the plain mean."""
    even = np.full((1, n), 1 / n)
    if n == 1:
        return np.ones((draws + 1, 1))
    counts = rng.multinomial(n - 1, even[0], size=draws) / (n - 1)
    return np.vstack([even, counts])


def _measure(
    own: pd.DataFrame, weights: np.ndarray, repeats: np.ndarray, position: dict[int, int]
) -> tuple[dict[str, np.ndarray], list[FoldResult]]:
    """Measure one candidate under every weighting; the first weighting is the plain data."""
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
            by_repeat[name].append(_mean_where_defined(np.stack(values)))
        y, p, w = _arrays(repeat, weights, position)
        for name, metric in POOLED.items():
            # one probability per fold: a slope over folds would only compare their event rates
            undefined = ranks_nobody and name == "calibration_slope"
            by_repeat[name].append(np.full(len(w), np.nan) if undefined else metric(y, p, w))
    shares = repeats.T
    return {m: _mean_where_defined(np.stack(v), shares) for m, v in by_repeat.items()}, folds


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


def _mean_where_defined(parts: np.ndarray, shares: np.ndarray | None = None) -> np.ndarray:
    """Weighted mean over the first axis, of what is defined."""
    shares = np.ones(parts.shape) if shares is None else shares
    defined = np.isfinite(parts)
    total = np.where(defined, parts * shares, 0).sum(axis=0)
    count = np.where(defined, shares, 0).sum(axis=0)
    return np.divide(total, count, out=np.full(count.shape, np.nan), where=count > 0)


def _arrays(
    part: pd.DataFrame, weights: np.ndarray, position: dict[int, int]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    at = [position[row] for row in part["row"]]
    return part["outcome"].to_numpy(), part["probability"].to_numpy(), weights[:, at]


def _difference(
    candidate: str, reference: str, measured: dict[str, dict[str, np.ndarray]]
) -> Difference:

    own, other = measured[candidate], measured[reference]
    return Difference(
        candidate=candidate,
        reference=reference,
        metrics={m: estimate(own[m] - other[m]) for m in ("auroc", "auprc", "brier", "log_loss")},
    )


def _scheme(block: str, experiment: Experiment) -> str:
    v = experiment.validation
    if block == "external":
        return f"developed at {' and '.join(v.develop_on)}, tested at {' and '.join(v.test_on)}"
    if block == "site-out" or (v.site is not None and not v.develop_on):
        return f"leave one {(v.site or 'site').replace('_', ' ')} out"
    inside = f" inside {' and '.join(v.develop_on)}" if v.develop_on else ""
    return f"{v.repeats} × {v.folds}-fold, stratified, people kept together{inside}"
