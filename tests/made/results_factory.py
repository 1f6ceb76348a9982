"""A plausible results folder without running an experiment: real people, quick linear models.

``make_results`` fits logistic regressions on the OPT trial's baseline table and writes the four
files. Intervals are rough (they only have to be plausible); everything else is consistent: folds,
labels, contributions that add up to the log-odds.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.metrics import average_precision_score, brier_score_loss, log_loss, roc_auc_score

from pipelines.evaluate.claim import Minimum, climb
from pipelines.evaluate.held_out_estimates import (
    WeightedPredictions,
    calibration_record,
    decision_curve,
    pooled_sites,
)
from signature.records.decision import ThresholdRecord
from signature.records.results import (
    Block,
    CandidateResult,
    ColumnSummary,
    Difference,
    Estimate,
    Evaluation,
    FinalModel,
    FlowLine,
    FoldResult,
    GateCheck,
    Launch,
    SiteCount,
    Verdict,
)
from signature.records.sentinels import Sentinel, Sentinels
from tests.made.results_assay import assay_record
from tests.made.results_clusters import no_cluster_found
from tests.made.results_null import null_record
from tests.made.results_people import CLINICAL, MODELS, PANEL, Answer, folds_of, people_of, run
from tests.made.results_plan import plan_record
from tests.made.results_signature import nothing_passed
from tests.made.results_whom import whom_record

EXPERIMENT = {
    "name": "opt_demo",
    "title": "Preterm birth from serum markers",
    "question": "Do eight serum markers add to clinical features in telling preterm birth?",
    "caution": "Made up for the tests of the report: the models are stand-ins.",
    "seed": 7,
    "data": {"dataset": "opt", "outcome": "preterm", "where": {"arm": ["control", "drug"]}},
    "features": {"baseline": ["clinical"], "panel": ["cytokine"], "exclude": []},
    "candidates": {
        "contenders": ["elastic_net", "shallow_xgboost"],
        "references": ["clinical_only"],
        "baselines": ["intercept_only", "best_single_marker"],
    },
    "validation": {"site": "site", "develop_on": [], "test_on": []},
    "tuning": {"trials": 5},
    "claim": {"design": "prospective"},
    "gate": {"auroc_at_least": 0.65, "adds_to_reference": True},
}


def make_results(
    folder: Path, answer: Answer = "no", *, external: bool = False, by_site: bool = True
) -> Path:
    """Write launch, evaluation, predictions and contributions into ``folder``."""
    people, blocks, predictions, contributions = _computed(answer, external, by_site)
    folder.mkdir(parents=True, exist_ok=True)
    predictions.to_parquet(folder / "predictions.parquet")
    contributions.to_parquet(folder / "contributions.parquet")
    evaluation = _evaluation(blocks)
    (folder / "evaluation.json").write_text(evaluation.model_dump_json())
    auroc = evaluation.verdict.auroc.value
    (folder / "null_check.json").write_text(null_record(auroc).model_dump_json())
    (folder / "launch.json").write_text(_launch(people, external).model_dump_json())
    (folder / "sentinels.json").write_text(_sentinels(len(people)).model_dump_json())
    whom = whom_record([block.name for block in blocks])
    (folder / "for_whom.json").write_text(whom.model_dump_json())
    (folder / "plan.json").write_text(plan_record().model_dump_json())
    (folder / "signature.json").write_text(nothing_passed().model_dump_json())
    (folder / "clusters.json").write_text(no_cluster_found().model_dump_json())
    (folder / "assay.json").write_text(assay_record().model_dump_json())
    return folder


@cache
def _computed(answer: Answer, external: bool, by_site: bool) -> tuple:
    people = people_of(answer)
    blocks, tables, parts = [], [], []
    develop = people["Clinic"].ne("MS") if external else np.ones(len(people), bool)
    plans = [("internal", folds_of(people[develop], by_site))]
    if external:
        plans.append(("external", [(0, 0, "MS", people.index[develop], people.index[~develop])]))
    for name, folds in plans:
        predictions, contributions = run(people, name, folds, answer)
        tables.append(predictions)
        parts.append(contributions)
        blocks.append(_block(name, predictions, answer, by_site))
    return people, blocks, pd.concat(tables), pd.concat(parts)


def _block(name: str, predictions: pd.DataFrame, answer: Answer, by_site: bool) -> Block:
    candidates = [_candidate(n, predictions[predictions["candidate"] == n]) for n in MODELS]
    one = predictions[(predictions["candidate"] == "procedure") & (predictions["repeat"] == 0)]
    reference = next(c for c in candidates if c.name == "clinical_only")
    half = {"yes": 0.03, "no": 0.05, "worse": 0.01}[answer]
    differences = [
        Difference(
            candidate=c.name,
            reference="clinical_only",
            metrics={
                m: _estimate(c.metrics[m].value - reference.metrics[m].value, half)
                if c.metrics[m].value is not None
                else Estimate(value=None)
                for m in c.metrics
            },
        )
        for c in candidates
        if c.name != "clinical_only"
    ]
    scheme = "each site left out in turn" if by_site else "5 folds, repeated 2 times"
    parts = {
        c: _held_out(predictions[predictions["candidate"] == c])
        for c in ("procedure", "clinical_only")
    }
    return Block(
        calibration=calibration_record(parts["procedure"], np.random.default_rng(0)),
        decision=decision_curve(parts["procedure"], parts["clinical_only"]),
        sites=pooled_sites(predictions[predictions["candidate"] == "procedure"]),
        thresholds=[_threshold()],
        name=name,
        scheme=scheme if name == "internal" else "developed on KY, MN, NY; tested once on MS",
        n_rows=len(one),
        n_people=one["person"].nunique(),
        n_events=int(one["outcome"].sum()),
        n_folds=one["fold"].nunique(),
        n_repeats=predictions["repeat"].nunique(),
        candidates=candidates,
        differences=differences,
    )


def _threshold() -> ThresholdRecord:
    share, change = (Estimate(value=v, low=v - 0.1, high=v + 0.1) for v in (0.5, 0.0))
    flagging = dict.fromkeys(("sensitivity", "specificity", "ppv", "npv", "flagged"), share)
    return ThresholdRecord(
        rule="sensitivity of at least 90 %",
        lowest=0.1,
        middle=0.2,
        highest=0.3,
        folds=4,
        events=change,
        non_events=change,
        **flagging,
    )


def _held_out(own: pd.DataFrame) -> WeightedPredictions:
    rng = np.random.default_rng(1)
    parts = []
    for _, part in own.groupby("repeat"):
        n = len(part)
        weights = np.vstack([np.ones((1, n)), rng.multinomial(n, np.full(n, 1 / n), size=40)])
        parts.append((part["outcome"].to_numpy(), part["probability"].to_numpy(), weights))
    return WeightedPredictions(parts, np.full((41, len(parts)), 1 / len(parts)))


def _estimate(value: float, half: float) -> Estimate:
    return Estimate(value=value, low=value - half, high=value + half)


def _candidate(name: str, p: pd.DataFrame) -> CandidateResult:
    folds = [
        FoldResult(
            repeat=repeat,
            fold=fold,
            label=f["fold_label"].iloc[0],
            n=len(f),
            events=int(f["outcome"].sum()),
            auroc=roc_auc_score(f["outcome"], f["probability"]),
            chosen=f["chosen"].iloc[0],
        )
        for (repeat, fold), f in p.groupby(["repeat", "fold"])
    ]
    y, q = p["outcome"], p["probability"]
    auroc = float(np.mean([f.auroc for f in folds]))
    flat = name == "intercept_only"
    metrics = {
        "auroc": Estimate(value=0.5, low=0.5, high=0.5) if flat else _estimate(auroc, 0.06),
        "auprc": _estimate(average_precision_score(y, q), 0.05),
        "brier": _estimate(brier_score_loss(y, q), 0.008),
        "log_loss": _estimate(log_loss(y, q), 0.02),
        "calibration_slope": Estimate(value=None) if flat else _estimate(0.8, 0.3),
        "calibration_intercept": _estimate(-0.05, 0.2),
    }
    label, part = MODELS[name]
    return CandidateResult(
        name=name, label=label, part=part, metrics=metrics, folds=folds, folds_without_auroc=0
    )


def _evaluation(blocks: list[Block]) -> Evaluation:
    last = blocks[-1]
    auroc = last.candidate("procedure").metrics["auroc"]
    difference = last.difference("procedure", "clinical_only").metrics["auroc"]
    adds: Answer = "yes" if difference.low > 0 else "worse" if difference.high < 0 else "no"
    sentence = {
        "yes": "the panel adds to the clinical features.",
        "no": "the panel was not shown to add anything to the clinical features.",
        "worse": "with the panel, people were ranked worse than by the clinical features alone.",
    }[adds]
    return Evaluation(
        experiment="opt_demo",
        reference="clinical_only",
        blocks=blocks,
        verdict=Verdict(adds=adds, sentence=sentence, auroc=auroc, difference=difference),
        claim=climb(
            blocks,
            "prospective",
            Minimum(parameters=12, people=700, needed=650),
            reference="clinical_only",
        ),
        gate=[
            GateCheck(
                rule="AUROC at least 0.65",
                measured=f"{auroc.value:.3f}",
                passed=auroc.value >= 0.65,
            ),
            GateCheck(rule="adds to the reference", measured=adds, passed=adds == "yes"),
        ],
        bootstraps=2000,
    )


def _sentinels(people: int) -> Sentinels:
    return Sentinels(
        experiment="opt_demo",
        people=people,
        rows=people,
        folds=4,
        sentinels=(
            Sentinel(
                name="person_on_both_sides",
                status="passed",
                sentence="No person is in training and test of one fold.",
            ),
            Sentinel(
                name="plate_tells_outcome",
                status="not applicable",
                sentence="No plate is recorded.",
            ),
        ),
    )


def _launch(people: pd.DataFrame, external: bool) -> Launch:
    validation = {"site": "site"}
    if external:
        validation |= {"develop_on": ["KY", "MN", "NY"], "test_on": ["MS"]}
    columns = [
        _column(people, n, label, "clinical", unit, False, 0.0)
        for n, (label, unit) in CLINICAL.items()
    ] + [
        _column(people, n, label, "cytokine", unit, True, limit)
        for n, (label, unit, limit) in PANEL.items()
    ]
    return Launch(
        experiment=EXPERIMENT | {"validation": validation},
        outcome={
            "label": "birth before 37 weeks",
            "event": "gave birth before 37 weeks",
            "no_event": "did not give birth before 37 weeks",
            "definition": "Pregnancy ended before 37 completed weeks.",
        },
        citation="Michalowicz et al. 2006, N Engl J Med 355:1885, https://doi.org/10.1056/x & more",
        n_rows=len(people),
        n_people=len(people),
        n_events=int(people["outcome"].sum()),
        flow=[FlowLine(reason="no serum sample", removed=823 - len(people), left=len(people))],
        sites=[
            SiteCount(site=str(s), n=len(g), events=int(g["outcome"].sum()))
            for s, g in people.groupby("Clinic")
        ],
        columns=columns,
        dropped_features={"Diabetes": "the same value in all rows"},
        parameters=12,
        final_model=FinalModel(
            candidate="elastic_net",
            label="Elastic-net logistic",
            params={"C": 0.02, "l1_ratio": 0.5, "balanced": False},
            calibration_slope=0.93,
            calibration_intercept=-0.04,
            inner_log_loss={"elastic_net": 0.3581, "shallow_xgboost": 0.3712},
        ),
        data_digest="d" * 64,
        fingerprint="f" * 64,
        code_version="0.1.0+0123abc",
        environment={"python": "3.11.7", "platform": "Linux", "scikit-learn": "1.9.0"},
        started="2026-11-22T02:40:00+00:00",
        seconds=754.2,
    )


def _column(
    people: pd.DataFrame, name: str, label: str, group: str, unit: str, panel: bool, limit: float
) -> ColumnSummary:
    values = people[name]
    below = values <= limit if panel else pd.Series(False, index=values.index)
    measured = values[~below].dropna()
    few = measured.nunique() < 3
    return ColumnSummary(
        name=name,
        label=label,
        group=group,
        unit=unit,
        in_panel=panel,
        missing=float(values.isna().mean()),
        below_limit=float(below.mean()),
        quantiles=None
        if few
        else [float(q) for q in measured.quantile([0.05, 0.25, 0.5, 0.75, 0.95])],
    )
