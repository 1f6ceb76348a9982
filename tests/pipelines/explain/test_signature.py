"""The signature as an object, and its stand-ins, on a made-up study with a known answer."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr

from models import intercept_only, stable_signature
from pipelines.equivalents import __main__ as command
from pipelines.equivalents.marker_costs import Reach, read_reach
from pipelines.equivalents.stand_ins import equivalents_record
from pipelines.explain.signature import keep_signature, signature_record
from pipelines.fit import finished_run
from pipelines.fit.results_folder import Results
from pipelines.fit.store import FittedFold, FoldStore
from pipelines.question.experiment import Experiment
from pipelines.question.folds import outer_folds
from pipelines.question.study import AssembledStudy
from signature.exceptions import ExperimentError, ResultsError
from signature.learn.calibration import CalibratedProcedure
from signature.outcomes import Outcome
from signature.records.signature import SignatureRecord
from tests.made.report_page import keep_sections
from tests.made.results_factory import make_results
from tests.made.study_factory import clean

TOLD = {
    "name": "made_up",
    "title": "Made up",
    "question": "Does the panel add?",
    "caution": "Made up for the tests, and nothing else.",
    "seed": 5,
    "data": {"dataset": "opt", "outcome": "preterm_birth"},
    "features": {"baseline": ("demographics",), "panel": ("cytokine",)},
    "candidates": {
        "contenders": ("intercept_only", "stable_signature"),
        "references": ("clinical_only",),
        "baselines": (),
    },
    "validation": {"folds": 3, "repeats": 1, "inner_folds": 3, "bootstraps": 200},
    "claim": {"design": "prospective"},
    "gate": {"auroc_at_least": 0.7},
}


def _study(seed, effect):
    """CRP and IL18 matter, IL6 a little; OSM is a copy of CRP."""
    cohort = clean(seed, people=300)
    X = cohort.X.assign(OSM=cohort.X["CRP"])
    logs = np.log(X[["CRP", "IL18", "IL6"]]).fillna(np.log(X[["CRP", "IL18", "IL6"]]).median())
    z = (logs - logs.mean()) / logs.std()
    eta = effect * (1.6 * z["CRP"] - 1.5 * z["IL18"] + 1.2 * z["IL6"]) + 0.02 * (X["age"] - 50)
    rng = np.random.default_rng(seed)
    y = (rng.random(len(X)) < 1 / (1 + np.exp(-eta))).astype("int64").rename("outcome")
    schema = cohort.schema.choose(baseline=["demographics"], panel=["cytokine"])
    cohort = replace(cohort, X=X[list(schema.names)], schema=schema, outcome=y)
    experiment = Experiment.model_validate(TOLD)
    folds = outer_folds(cohort, experiment.validation, experiment.seed)
    candidates = {"intercept_only": intercept_only, "stable_signature": stable_signature}
    outcome = Outcome("response", "responded", "did not respond", "Made up.")
    return AssembledStudy(experiment, cohort, outcome, {}, folds, candidates)


def _fitted(study, folder):
    store = FoldStore(folder, "a" * 64)
    everyone = np.arange(len(study.cohort))
    y = study.cohort.outcome.to_numpy()
    for key, train in [*((f.key, f.train) for f in study.folds), ("final", everyone)]:
        for name, module in study.candidates.items():
            model = module.build(study.cohort.schema, random_state=1)
            # half the true slope, for a calibration that is not the identity
            scores = np.random.default_rng(0).normal(2 * y[train], 2.0)
            X = study.cohort.X.iloc[train]
            procedure = CalibratedProcedure(model).fit(X, y[train], out_of_fold=scores)
            fold = FittedFold(
                name, key, {}, 0.5 + (name != "intercept_only"), y[:0], y[:0], {}, 0.0
            )
            store.save(fold, procedure, pd.DataFrame({"trial": [0]}))
    return store


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    study = _study(3, effect=1.0)
    store = _fitted(study, tmp_path_factory.mktemp("made"))
    return study, store, signature_record(study, store)


def test_what_was_planted_is_found_and_its_cluster_told(made):
    _, _, found = made
    directions = {m.name: m.direction for m in found.markers}
    assert directions["CRP"] == 1
    assert directions["IL18"] == -1
    assert found.candidate == "stable_signature"
    assert (found.chosen, found.final_model) == (False, intercept_only.LABEL)
    (crp,) = [m for m in found.markers if m.name == "CRP"]
    assert [(c.name, c.correlation) for c in crp.cluster] == [("OSM", pytest.approx(1.0))]
    assert 0 < found.declared_bound <= found.level
    assert found.pvalue <= found.alpha
    assert found.agreement.outer_folds == 3
    assert len(found.near) <= 10
    assert not {m.name for m in found.near} & set(directions)
    for marker in (*found.markers, *found.near):
        f = marker.frequency
        assert 0 <= f.low <= f.value <= f.high <= 1
    assert all(m.frequency.value >= found.threshold for m in found.markers)
    assert SignatureRecord.model_validate_json(found.model_dump_json()) == found


def test_weights_are_the_derivatives_of_the_procedure(made):
    study, store, found = made
    procedure = store.procedure("stable_signature", "final")
    X = study.cohort.X
    table = procedure.estimator_[:-2].transform(X)
    for marker in found.markers:
        known = X[marker.name].notna()
        sd = table[marker.name].std(ddof=0)
        before = procedure.decision_function(X)
        for factor, weight in ((2.0, marker.per_step), (2.0**sd, marker.per_sd)):
            more = procedure.decision_function(X.assign(**{marker.name: X[marker.name] * factor}))
            np.testing.assert_allclose((more - before)[known], weight, rtol=1e-6)
        assert marker.step == "doubling"


def test_points_from_the_table_alone_rank_as_the_model_does(made):
    study, store, found = made
    X, points = study.cohort.X, found.points
    score = np.zeros(len(X))
    for line in points.lines:
        value = X[line.name]
        for band in line.bands:
            low = -np.inf if band.low is None else band.low
            high = np.inf if band.high is None else band.high
            score[(value >= low) & (value < high)] += band.points
        if line.below_limit is not None:
            score[X[f"{line.name}__below"].notna()] += line.below_limit
    model = store.procedure("stable_signature", "final").decision_function(X)
    assert spearmanr(score, model).statistic == pytest.approx(points.rank_correlation, abs=1e-3)
    assert points.loss == pytest.approx(1 - points.rank_correlation)
    assert points.loss <= points.largest_loss
    assert {m.name for m in found.markers} <= {line.name for line in points.lines}
    scores = [p.score for p in points.probabilities]
    chances = [p.probability for p in points.probabilities]
    assert scores == sorted(scores)
    assert chances == sorted(chances)
    assert 5 < len(chances) <= 16


def test_a_copy_stands_in_and_loses_nothing(made):
    study, store, _ = made
    found = equivalents_record(study, store, margin=0.02)
    (pair,) = [s for s in found.stand_ins if s.marker == "CRP"]
    assert (pair.stand_in, pair.clustered) == ("OSM", 1.0)
    assert pair.comparison.auroc.value == pytest.approx(0, abs=1e-9)
    assert pair.comparison.equivalent
    assert found.within_reach is None
    assert 0 <= found.own_folds <= found.outer_folds == 3


def test_within_reach_takes_the_copy_and_drops_what_has_none(made):
    study, store, record = made
    reach = Reach(("OSM", "IL6", "CD5"), {})
    within = equivalents_record(study, store, margin=0.02, reach=reach).within_reach
    gone = {r.marker: r.stand_in for r in within.replaced}
    assert gone["CRP"] == "OSM"
    assert gone["IL18"] is None
    assert "OSM" in within.markers
    assert set(within.markers) <= set(reach.measured)
    assert within.comparison.auroc.value < -0.02
    assert not within.comparison.equivalent
    everything = tuple(study.cohort.schema.panel)
    cost = dict.fromkeys(everything, 1.0) | {"CRP": 9.0}
    cheaper = equivalents_record(study, store, margin=0.02, reach=Reach(everything, cost))
    within = cheaper.within_reach
    assert "CRP" not in within.markers
    assert "OSM" in within.markers
    assert within.cost < within.own_cost == 8 + len(record.markers)


def test_nothing_planted_is_an_empty_record_and_no_stand_ins(tmp_path):
    study = _study(4, effect=0.0)
    store = _fitted(study, tmp_path)
    keep_signature(study, store, tmp_path)
    found = SignatureRecord.model_validate_json((tmp_path / "signature.json").read_text())
    assert found.markers == ()
    assert found.declared_bound == 0
    assert (found.points, found.no_points) == (None, "no marker passed")
    told = equivalents_record(study, store, margin=0.02, reach=Reach(("CRP",), {}))
    assert (told.stand_ins, told.within_reach, told.auroc) == ((), None, None)


def test_without_a_selecting_contender_a_stale_file_goes(made, tmp_path):
    study, store, _ = made
    candidates = study.experiment.candidates.model_copy(update={"contenders": ("intercept_only",)})
    experiment = study.experiment.model_copy(update={"candidates": candidates})
    other = replace(study, experiment=experiment)
    (tmp_path / "signature.json").write_text("stale")
    keep_signature(other, store, tmp_path)
    assert not (tmp_path / "signature.json").exists()
    with pytest.raises(ResultsError, match="no contender of made_up selects"):
        equivalents_record(other, store, margin=0.02)


def test_the_command_writes_the_file_and_the_report(made, tmp_path, monkeypatch, capsys):
    study, store, _ = made
    folder = make_results(tmp_path / "opt_demo")
    run = finished_run.FinishedRun(Results(folder), study, store)
    monkeypatch.setattr(finished_run, "finished_run", lambda _: run)
    keep_sections(monkeypatch, "summary", "signature")
    command.equivalents(folder, measured="CRP, IL18", margin=0.01)
    assert Results(folder).equivalents.within_reach.measured == ("IL18", "CRP")
    assert "report.html" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("measured", "cost", "words"),
    [
        ("CRP,IL99", None, "--measured: no marker of the panel is called 'IL99'"),
        (" , ", None, "no marker is named"),
        (None, "IL99 = 2", r"costs\.toml: no marker of the panel is called 'IL99'"),
        (None, "CRP = -1", "cost of 'CRP' must be a number from 0 up"),
        (None, "CRP = nan", "cost of 'CRP' must be a number from 0 up"),
        (None, "CRP = true", "cost of 'CRP' must be a number from 0 up"),
        (None, "CRP", "not valid TOML"),
        ("CRP,IL6", "CRP = 1", "no cost is given for IL6"),
    ],
)
def test_a_mistake_of_a_partner_is_named(made, tmp_path, measured, cost, words):
    file = None if cost is None else tmp_path / "costs.toml"
    if file is not None:
        file.write_text(cost)
    with pytest.raises(ExperimentError, match=words):
        read_reach(measured, file, made[0].cohort.schema)


def test_a_price_list_alone_says_what_can_be_measured(made, tmp_path):
    schema = made[0].cohort.schema
    file = tmp_path / "costs.toml"
    file.write_text("CRP = 2\nIL6 = 0")
    assert read_reach(None, file, schema) == Reach(("IL6", "CRP"), {"CRP": 2.0, "IL6": 0.0})
    assert read_reach(None, None, schema) is None
    with pytest.raises(ExperimentError, match="no file"):
        read_reach(None, tmp_path / "none.toml", schema)
