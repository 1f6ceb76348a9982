"""Held-out and inner predictions of made-up people, without fitting anything.

The procedure knows the true risk and the reference a part of it, so the panel adds, the
probabilities are right, and no more than `people` decides which rung is reached.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.special import expit

from pipelines.evaluate.evaluation import evaluate
from pipelines.question.experiment import Experiment
from signature.records.inner_table import FINAL_BLOCK, INNER_COLUMNS
from signature.records.results import (
    CONTRIBUTION_COLUMNS,
    PREDICTION_COLUMNS,
    PROCEDURE,
    REFERENCE,
    FinalModel,
    Launch,
)
from signature.records.sentinels import Sentinel, Sentinels

TEXT = {
    "name": "made_up",
    "title": "Made up",
    "question": "Does the panel add?",
    "caution": "Nobody was measured.",
    "seed": 5,
    "tracking": {"person_level": True},
    "data": {"dataset": "opt", "outcome": "preterm_birth"},
    "features": {"baseline": ["demographics"], "panel": ["cytokine"]},
    "candidates": {
        "contenders": ["elastic_net", "shallow_xgboost"],
        "references": ["clinical_only"],
        "baselines": [],
    },
    "validation": {"folds": 3, "repeats": 2, "bootstraps": 200},
    "decision": {"act_from": 0.3, "indeterminate": 0.2},
    "claim": {"design": "prospective"},
    "gate": {"auroc_at_least": 0.6},
}
EXPERIMENT = Experiment.model_validate_json(json.dumps(TEXT))
NAMES = (PROCEDURE, REFERENCE, *EXPERIMENT.candidates.all)
LABELS = {name: name.replace("_", " ").title() for name in NAMES}
PARAMETERS = 4


def held_out(people: int = 400, *, folds: int = 3, repeats: int = 2, seed: int = 0) -> pd.DataFrame:
    """A predictions table, one row per person, block ``internal``."""
    rng = np.random.default_rng(seed)
    known, panel = rng.normal(size=(2, people))
    risk = 0.6 * known + 1.4 * panel - 0.6
    outcome = (rng.random(people) < expit(risk)).astype(int)
    parts = []
    for repeat in range(repeats):
        fold = rng.permutation(people) % folds
        for name in NAMES:
            clinical = name in (REFERENCE, "clinical_only")
            score = (0.6 * known - 0.6) if clinical else risk + 0.05 * rng.normal(size=people)
            parts.append(
                pd.DataFrame(
                    {
                        "experiment": "made_up",
                        "block": "internal",
                        "candidate": name,
                        "repeat": repeat,
                        "fold": fold,
                        "fold_label": [str(f) for f in fold],
                        "row": np.arange(people),
                        "person": np.arange(people),
                        "site": "",
                        "arm": "",
                        "plate": -1,
                        "weight": 1.0,
                        "outcome": outcome,
                        "probability": expit(score),
                        "chosen": "elastic_net" if name == PROCEDURE else "",
                    }
                )
            )
    return pd.concat(parts, ignore_index=True).astype(PREDICTION_COLUMNS)


def inner_of(predictions: pd.DataFrame) -> pd.DataFrame:
    """What inner folds may have said: of each fold's training rows, and of all for the model."""
    rng = np.random.default_rng(1)
    parts = []
    for (block, name, repeat), own in predictions.groupby(["block", "candidate", "repeat"]):
        if name not in (PROCEDURE, REFERENCE):
            continue
        training = [
            (block, fold, own[own["fold"] != fold]) for fold in sorted(own["fold"].unique())
        ]
        if name == PROCEDURE and repeat == 0:
            training.append((FINAL_BLOCK, 0, own))
        for where, fold, rows in training:
            told = rows.assign(block=where, fold=fold)
            noise = 0.1 * rng.normal(size=len(rows))
            p = told["probability"]
            parts.append(told.assign(probability=expit(np.log(p / (1 - p)) + noise)))
    return pd.concat(parts, ignore_index=True)[list(INNER_COLUMNS)].astype(INNER_COLUMNS)


def evaluated_folder(folder: Path, *, people: int = 400) -> Path:
    """Write all files that evaluating a run again reads, and those that MLflow is given."""
    folder.mkdir(parents=True)
    predictions = held_out(people)
    inner = inner_of(predictions)
    sentinels = Sentinels(
        experiment="made_up",
        people=people,
        rows=people,
        folds=6,
        sentinels=(Sentinel(name="twins_across_folds", status="passed", sentence="No twins."),),
    )
    found = evaluate(predictions, EXPERIMENT, LABELS, PARAMETERS, sentinels, inner)
    predictions.to_parquet(folder / "predictions.parquet", index=False)
    inner.to_parquet(folder / "inner.parquet", index=False)
    for name, record in (("evaluation", found), ("sentinels", sentinels), ("launch", _launch())):
        record.write(folder / f"{name}.json")
    part = ("internal", "elastic_net", 0, 0, 0, "IL6", 0.1, 0.5)
    contributions = pd.DataFrame([part], columns=list(CONTRIBUTION_COLUMNS))
    contributions.astype(CONTRIBUTION_COLUMNS).to_parquet(folder / "contributions.parquet")
    (folder / "report.html").write_text("<p>the report of the launch</p>")
    return folder


def _launch() -> Launch:
    return Launch(
        experiment=EXPERIMENT.model_dump(mode="json"),
        outcome={"label": "birth", "event": "early", "no_event": "late", "definition": "-"},
        citation="Nobody 2026",
        n_rows=400,
        n_people=400,
        n_events=150,
        flow=[],
        sites=[],
        columns=[],
        dropped_features={},
        parameters=PARAMETERS,
        final_model=FinalModel(
            candidate="elastic_net",
            label="Elastic net",
            params={},
            calibration_slope=1.0,
            calibration_intercept=0.0,
            inner_log_loss={"elastic_net": 0.5, "shallow_xgboost": 0.6},
        ),
        data_digest="d" * 64,
        fingerprint="f" * 64,
        code_version="0.1.0+abc",
        environment={"python": "3.11"},
        started="2026-11-22T00:00:00+00:00",
        seconds=1.0,
    )
