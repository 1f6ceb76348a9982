"""Everything measured on held-out people, from the predictions table alone.

``python -m pipelines.evaluate results/<experiment>`` writes ``evaluation.json`` again, without
refitting anything.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines import cli

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from pipelines.experiment import Experiment
    from signature.results import (
        Block,
        CandidateResult,
        Difference,
        Estimate,
        Evaluation,
        FoldResult,
    )


def evaluate(
    predictions: pd.DataFrame, experiment: Experiment, labels: dict[str, str]
) -> Evaluation:
    """Evaluate every candidate on its held-out rows.

    Parameters
    ----------
    predictions : DataFrame
        As `signature.results.PREDICTION_COLUMNS` says.
    experiment : Experiment
    labels : dict of str
        How a report prints each candidate.

    Returns
    -------
    Evaluation
        Intervals are 2.5–97.5 % of bootstrap draws of people (within site where there are sites)
        with the fitted models held fixed; candidates share the draws, so differences are paired.
    """
    from pipelines.verdict import check_gate, reach_verdict
    from signature.results import Evaluation, check_predictions

    table = check_predictions(predictions)
    blocks = [
        _block(table[table["block"] == name], experiment, labels)
        for name in ("internal", "external")
        if (table["block"] == name).any()
    ]
    verdict = reach_verdict(blocks[-1], experiment)
    return Evaluation(
        experiment=experiment.name,
        reference=experiment.candidates.reference,
        blocks=blocks,
        verdict=verdict,
        gate=check_gate(blocks[-1], experiment, verdict),
        bootstraps=experiment.validation.bootstraps,
    )


def _block(table: pd.DataFrame, experiment: Experiment, labels: dict[str, str]) -> Block:
    import numpy as np

    from signature.metrics import person_counts
    from signature.randomness import generator
    from signature.results import PROCEDURE, Block, CandidateResult

    name = str(table["block"].iloc[0])
    rows = table.drop_duplicates("row").sort_values("row")
    rng = generator(experiment.seed, "bootstrap", name)
    draws = person_counts(
        rows["person"].to_numpy(), rows["site"].to_numpy(), experiment.validation.bootstraps, rng
    )
    # the first row of weights is the data as they are: estimate and interval in one pass
    weights = np.vstack([np.ones((1, len(rows)), dtype=draws.dtype), draws])
    position = dict(zip(rows["row"], range(len(rows)), strict=True))
    order = [PROCEDURE, *experiment.candidates.contenders, *experiment.candidates.baselines]
    measured: dict[str, dict[str, np.ndarray]] = {}
    results: list[CandidateResult] = []
    for candidate in order:
        own = table[table["candidate"] == candidate]
        measured[candidate], folds = _measure(own, weights, position)
        results.append(
            CandidateResult(
                name=candidate,
                label=labels[candidate],
                part="headline"
                if candidate == PROCEDURE
                else "contender"
                if candidate in experiment.candidates.contenders
                else "baseline",
                metrics={m: _estimate(v) for m, v in measured[candidate].items()},
                folds=folds,
                folds_without_auroc=sum(f.auroc is None for f in folds),
            )
        )
    reference = experiment.candidates.reference
    return Block(
        name="external" if name == "external" else "internal",
        scheme=_scheme(name, experiment),
        n_rows=len(rows),
        n_people=int(rows["person"].nunique()),
        n_events=int(rows["outcome"].sum()),
        n_folds=int(table["fold"].nunique()),
        n_repeats=int(table["repeat"].nunique()),
        candidates=results,
        differences=[
            _difference(candidate, against, measured)
            for against in dict.fromkeys((reference, *experiment.candidates.baselines))
            for candidate in order
            if candidate != against
        ],
    )


def _measure(
    own: pd.DataFrame, weights: np.ndarray, position: dict[int, int]
) -> tuple[dict[str, np.ndarray], list[FoldResult]]:
    """Measure one candidate under every weighting; the first weighting is the plain data."""
    import numpy as np

    from signature.metrics import POOLED, WITHIN_FOLD
    from signature.results import FoldResult

    folds: list[FoldResult] = []
    within: dict[str, list[np.ndarray]] = {m: [] for m in WITHIN_FOLD}
    pooled: dict[str, list[np.ndarray]] = {m: [] for m in POOLED}
    for _, part in own.groupby(["repeat", "fold"], sort=True):
        y, p, w = _arrays(part, weights, position)
        for name, metric in WITHIN_FOLD.items():
            within[name].append(metric(y, p, w))
        auroc = float(within["auroc"][-1][0])
        folds.append(
            FoldResult(
                repeat=int(part["repeat"].iloc[0]),
                fold=int(part["fold"].iloc[0]),
                label=str(part["fold_label"].iloc[0]),
                n=len(part),
                events=int(y.sum()),
                auroc=None if np.isnan(auroc) else auroc,
                chosen=str(part["chosen"].iloc[0]),
            )
        )
    ranks_nobody = own.groupby(["repeat", "fold"])["probability"].nunique().max() == 1
    for _, part in own.groupby("repeat", sort=True):
        y, p, w = _arrays(part, weights, position)
        for name, metric in POOLED.items():
            # one probability per fold: a slope over folds would only compare their event rates
            undefined = ranks_nobody and name == "calibration_slope"
            pooled[name].append(np.full(len(w), np.nan) if undefined else metric(y, p, w))
    return {m: _mean_where_defined(v) for m, v in (within | pooled).items()}, folds


def _mean_where_defined(parts: list[np.ndarray]) -> np.ndarray:
    import numpy as np

    stack = np.stack(parts)
    defined = np.isfinite(stack)
    total = np.where(defined, stack, 0).sum(axis=0)
    count = defined.sum(axis=0)
    return np.divide(total, count, out=np.full(count.shape, np.nan), where=count > 0)


def _arrays(
    part: pd.DataFrame, weights: np.ndarray, position: dict[int, int]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    at = [position[row] for row in part["row"]]
    return part["outcome"].to_numpy(), part["probability"].to_numpy(), weights[:, at]


def _estimate(values: np.ndarray) -> Estimate:
    """Estimate from the first value, interval from the others."""
    import numpy as np

    from signature.results import Estimate

    draws = values[1:][np.isfinite(values[1:])]
    if not np.isfinite(values[0]) or len(draws) < 0.9 * (len(values) - 1):
        value = float(values[0]) if np.isfinite(values[0]) else None
        return Estimate(value=value)
    low, high = np.quantile(draws, [0.025, 0.975])
    return Estimate(value=float(values[0]), low=float(low), high=float(high))


def _difference(
    candidate: str, reference: str, measured: dict[str, dict[str, np.ndarray]]
) -> Difference:
    from signature.results import Difference

    own, other = measured[candidate], measured[reference]
    return Difference(
        candidate=candidate,
        reference=reference,
        metrics={m: _estimate(own[m] - other[m]) for m in ("auroc", "auprc", "brier", "log_loss")},
    )


def _scheme(block: str, experiment: Experiment) -> str:
    v = experiment.validation
    if block == "external":
        return f"developed at {' and '.join(v.develop_on)}, tested at {' and '.join(v.test_on)}"
    if v.site is not None and not v.develop_on:
        return f"leave one {v.site.replace('_', ' ')} out"
    inside = f" inside {' and '.join(v.develop_on)}" if v.develop_on else ""
    return f"{v.repeats} × {v.folds}-fold, stratified, people kept together{inside}"


def rewrite(
    results: Annotated[Path, typer.Argument(help="Folder results/<experiment> of a finished run.")],
) -> None:
    """Evaluate the held-out predictions of a run again; nothing is refitted."""
    from pipelines.results_folder import Results

    run = Results(results)
    labels = {c.name: c.label for c in run.evaluation.headline.candidates}
    evaluation = evaluate(run.predictions, run.experiment, labels)
    file = results / "evaluation.json"
    file.write_text(evaluation.model_dump_json(indent=1) + "\n", encoding="utf-8")
    print(f"{file}: {evaluation.verdict.sentence}")


if __name__ == "__main__":
    cli.main(rewrite)
