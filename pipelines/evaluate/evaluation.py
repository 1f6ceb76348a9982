"""Everything measured on held-out people, from the predictions table alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal, cast

import numpy as np
import pandas as pd

from pipelines.evaluate.claim import climb, riley_minimum
from pipelines.evaluate.decision_estimates import (
    final_thresholds,
    sets_record,
    threshold_records,
)
from pipelines.evaluate.fold_estimates import best_in_hindsight, fold_means, held_out_test
from pipelines.evaluate.fold_facts import whole_plates
from pipelines.evaluate.held_out_estimates import (
    calibration_record,
    decision_curve,
    estimates,
    pooled_sites,
)
from pipelines.evaluate.measured import (
    METRICS,
    Measured,
    acts_from,
    blocks_of,
    candidates_of,
    to_measure,
    weighting_of,
)
from pipelines.evaluate.verdict import check_gate, reach_verdict
from pipelines.evaluate.weighings import auroc_of, fitted_pair, survey_weighted
from pipelines.question.experiment import Experiment
from signature.exceptions import PredictionsError
from signature.randomness import generator
from signature.records.decision import FinalThreshold
from signature.records.inner_table import FINAL_BLOCK, check_inner
from signature.records.null_check import Comparison
from signature.records.results import (
    PROCEDURE,
    REFERENCE,
    Block,
    BlockName,
    CandidateResult,
    Difference,
    Evaluation,
    Verdict,
    check_predictions,
)
from signature.records.sentinels import Sentinels
from signature.validation.draws import estimate_of_draws

DIFFERENCES = ("auroc", "auprc", "brier", "log_loss", "net_benefit")
"""Metrics whose difference is given."""


def evaluate(
    predictions: pd.DataFrame,
    experiment: Experiment,
    labels: dict[str, str],
    parameters: int,
    sentinels: Sentinels | None = None,
    inner: pd.DataFrame | None = None,
    shuffled: Comparison | None = None,
    measured: Iterable[Measured] | None = None,
) -> Evaluation:
    """Evaluate every candidate on its held-out rows.

    Parameters
    ----------
    predictions : DataFrame
        As `signature.records.results.PREDICTION_COLUMNS` says.
    experiment : Experiment
    labels : dict of str
        How a report prints each candidate.
    parameters : int
        That there are to learn; see `pipelines.fit.candidate_parameters`.
    sentinels : Sentinels, optional
        What was looked at for leakage; a failed one leaves nothing to claim.
    inner : DataFrame, optional
        As `signature.records.inner_table.INNER_COLUMNS` says; without it there are no
        thresholds and no conformal sets.
    shuffled : Comparison, optional
        Of this result with runs on shuffled outcomes, where there were any.
    measured : iterable of Measured, optional
        What the calls of `to_measure` return, where they were made elsewhere.

    Returns
    -------
    Evaluation
        Intervals are from bootstrap draws of people (within site where there are sites) and of
        repeats, with the fitted models held fixed; candidates share the draws, so differences are
        paired. Drawing repeats too puts the luck of folds and tuning into the interval; one fewer
        is drawn than there are, which makes their variance right (Rao and Wu 1988). Where held-out
        people train the other folds' models, the draws are widened for it
        (`pipelines.evaluate.held_out_estimates.overlap`). How often the intervals then hold the
        truth is measured in ``experiments/benchmarks/interval_coverage.json``.
    """
    table = check_predictions(predictions)
    if inner is not None:
        inner = check_inner(inner, table)
    absent = sorted({PROCEDURE, REFERENCE, *experiment.candidates.all} - set(table["candidate"]))
    if absent:
        raise PredictionsError(f"the predictions table has no {', '.join(map(repr, absent))}")
    if measured is None:
        measured = [function(*told) for function, told in to_measure(table, experiment)]
    known = {(m.block, m.candidate): m for m in measured}
    blocks = [_block(part, experiment, labels, inner, known) for part in blocks_of(table)]
    headline, against = (blocks[-1].candidate(name) for name in (PROCEDURE, REFERENCE))
    verdict = reach_verdict(
        headline.metrics["auroc"],
        against.metrics["auroc"],
        blocks[-1].difference(PROCEDURE, REFERENCE).metrics["auroc"],
        against.label,
    )
    failed = None if sentinels is None else [s.name for s in sentinels.of("failed")]
    minimum = riley_minimum(blocks[0], parameters)
    claim = climb(blocks, experiment.claim.design, minimum, failed, shuffled=shuffled)
    exported = inner is not None and claim.at_least("internally validated")
    return Evaluation(
        experiment=experiment.name,
        reference=REFERENCE,
        blocks=blocks,
        verdict=verdict,
        claim=claim,
        gate=check_gate(blocks[-1], experiment, verdict, claim),
        bootstraps=experiment.validation.bootstraps,
        final_thresholds=_final(inner, experiment) if inner is not None and exported else [],
    )


def headline_verdict(
    predictions: pd.DataFrame, experiment: Experiment, reference_label: str
) -> Verdict:
    """Reach the verdict of `evaluate` and measure nothing else, for runs that keep no more.

    Parameters
    ----------
    predictions : DataFrame
        As `signature.records.results.PREDICTION_COLUMNS` says.
    experiment : Experiment
    reference_label : str
        How a report prints the reference.
    """
    table = check_predictions(predictions)
    block = blocks_of(table)[-1]
    weighting = weighting_of(block, experiment)
    procedure, reference = (
        auroc_of(block[block["candidate"] == c], weighting) for c in (PROCEDURE, REFERENCE)
    )
    return reach_verdict(
        estimates({"auroc": procedure})["auroc"],
        estimates({"auroc": reference})["auroc"],
        estimate_of_draws(procedure - reference),
        reference_label,
    )


def _final(inner: pd.DataFrame, experiment: Experiment) -> list[FinalThreshold]:
    own = inner[inner["block"] == FINAL_BLOCK]
    return final_thresholds(own, experiment.decision)


def _block(
    table: pd.DataFrame,
    experiment: Experiment,
    labels: dict[str, str],
    inner: pd.DataFrame | None,
    known: Mapping[tuple[str, str], Measured],
) -> Block:
    name = str(table["block"].iloc[0])
    weighting = weighting_of(table, experiment)
    rows, parts = weighting.rows, experiment.candidates
    order = candidates_of(experiment)
    act_from = acts_from(weighting, experiment)
    measured = {candidate: known[name, candidate].draws for candidate in order}
    results = [
        CandidateResult(
            name=candidate,
            label=labels[candidate],
            part=_part(candidate, experiment),
            metrics=estimates({m: measured[candidate][m] for m in METRICS}),
            folds=known[name, candidate].folds,
            folds_without_auroc=sum(f.auroc is None for f in known[name, candidate].folds),
        )
        for candidate in order
    ]
    competing = {n: table[table["candidate"] == n] for n in (PROCEDURE, REFERENCE)}
    held_out = {n: weighting.weigh(t) for n, t in competing.items()}
    fitted = None if inner is None else fitted_pair(competing, held_out, inner)
    by_name = {r.name: r for r in results}
    drawn = name == "internal" and (experiment.validation.site is None or _developing(experiment))
    return Block(
        name=cast(BlockName, name),
        scheme=_scheme(name, experiment, competing[PROCEDURE]),
        n_rows=len(rows),
        n_people=int(rows["person"].nunique()),
        n_events=int(rows["outcome"].sum()),
        n_folds=int(table["fold"].nunique()),
        n_repeats=int(table["repeat"].nunique()),
        candidates=results,
        differences=[
            *(
                _difference(candidate, against, measured)
                for against in (REFERENCE, *parts.references)
                for candidate in order
                if candidate != against
            ),
            *(_difference(PROCEDURE, against, measured) for against in parts.baselines),
        ],
        calibration=calibration_record(
            held_out[PROCEDURE], generator(experiment.seed, "calibrated", name)
        ),
        decision=decision_curve(held_out[PROCEDURE], held_out[REFERENCE]),
        sites=pooled_sites(competing[PROCEDURE]),
        test=held_out_test(competing[PROCEDURE], competing[REFERENCE]),
        fold_means=fold_means(by_name[PROCEDURE], by_name[REFERENCE], competing[PROCEDURE])
        if drawn
        else None,
        best=best_in_hindsight(
            table[table["candidate"].isin(parts.contenders)],
            parts.contenders,
            generator(experiment.seed, "hindsight", name),
        ),
        weighted=survey_weighted(competing, weighting),
        act_from=act_from,
        thresholds=[] if fitted is None else threshold_records(*fitted, experiment.decision),
        sets=None if fitted is None else sets_record(fitted[0], experiment.decision, act_from),
    )


def _developing(experiment: Experiment) -> bool:
    return bool(experiment.validation.develop_on)


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


def _difference(
    candidate: str, reference: str, measured: dict[str, dict[str, np.ndarray]]
) -> Difference:

    own, other = measured[candidate], measured[reference]
    return Difference(
        candidate=candidate,
        reference=reference,
        metrics={m: estimate_of_draws(own[m] - other[m]) for m in DIFFERENCES},
    )


def _scheme(block: str, experiment: Experiment, own: pd.DataFrame) -> str:
    v = experiment.validation
    if block == "external":
        return f"developed at {' and '.join(v.develop_on)}, tested at {' and '.join(v.test_on)}"
    if block == "site-out" or (v.site is not None and not v.develop_on):
        return f"leave one {(v.site or 'site').replace('_', ' ')} out"
    inside = f" inside {' and '.join(v.develop_on)}" if v.develop_on else ""
    together = "people and plates" if whole_plates(own) else "people"
    return f"{v.repeats} × {v.folds}-fold, stratified, {together} kept together{inside}"
