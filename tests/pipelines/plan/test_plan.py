"""Planning: subsets that keep people together, a curve from a made-up run, and the command."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from models import elastic_net, intercept_only
from pipelines.fit.fitting import Rows
from pipelines.fit.results_folder import Results
from pipelines.fit.store import FittedFold, FoldStore, fingerprint
from pipelines.plan import __main__ as command
from pipelines.plan import curve_points as measuring
from pipelines.plan.curve_points import (
    SHARES,
    Setting,
    chosen_settings,
    curve_points,
    nested_subsets,
    training_variance,
    untuned_settings,
)
from pipelines.plan.sizes import curve_record, development_plan, validation_plan
from pipelines.question import assembly as assembling
from pipelines.question.experiment import Experiment
from pipelines.question.folds import outer_folds
from pipelines.question.study import AssembledStudy
from signature.exceptions import LearningCurveError
from signature.learn.calibration import CalibratedProcedure
from signature.outcomes import Outcome
from signature.records.plan import PlanRecord
from tests.made.checkout import REPO
from tests.made.report_page import rendered
from tests.made.results_factory import make_results
from tests.made.study_factory import clean

OPT = REPO / "experiments" / "opt_periodontal_nonresponse.toml"

TOLD = {
    "name": "made_up",
    "title": "Made up",
    "question": "Does the panel add?",
    "caution": "Made up for the tests, and nothing else.",
    "seed": 5,
    "data": {"dataset": "opt", "outcome": "preterm_birth"},
    "features": {"baseline": ("demographics",), "panel": ("cytokine",)},
    "candidates": {
        "contenders": ("intercept_only", "elastic_net"),
        "references": ("clinical_only",),
        "baselines": (),
    },
    "validation": {"folds": 2, "repeats": 2, "inner_folds": 3, "bootstraps": 200},
    "claim": {"design": "prospective"},
    "gate": {"auroc_at_least": 0.7},
}
PARAMS = {"model__C": 0.05, "model__l1_ratio": 0.0}


def _study(people=110, visits=2):
    cohort = clean(3, people=people, visits=visits)
    z = np.log(cohort.X[["CRP", "IL18", "IL6"]])
    z = ((z - z.mean()) / z.std()).fillna(0.0)
    eta = 1.2 * z["CRP"] - 1.0 * z["IL18"] + 0.8 * z["IL6"]
    rng = np.random.default_rng(3)
    y = (rng.random(len(eta)) < 1 / (1 + np.exp(-eta))).astype("int64").rename("outcome")
    schema = cohort.schema.choose(baseline=["demographics"], panel=["cytokine"])
    cohort = replace(cohort, X=cohort.X[list(schema.names)], schema=schema, outcome=y)
    experiment = Experiment.model_validate(TOLD)
    folds = outer_folds(cohort, experiment.validation, experiment.seed)
    candidates = {"intercept_only": intercept_only, "elastic_net": elastic_net}
    outcome = Outcome("response", "responded", "did not respond", "Made up.")
    return AssembledStudy(experiment, cohort, outcome, {}, folds, candidates)


@pytest.fixture(scope="module")
def study():
    return _study()


@pytest.fixture(scope="module")
def finished(study, tmp_path_factory):
    """A results folder with stored folds, in which the elastic net always won."""
    folder = tmp_path_factory.mktemp("results") / "made_up"
    store = FoldStore(folder, fingerprint(study.experiment, study.cohort))
    y = study.cohort.outcome.to_numpy()
    model = intercept_only.build(study.cohort.schema, random_state=1)
    procedure = CalibratedProcedure(model, folds=3).fit(study.cohort.X, y)
    for fold in study.folds:
        for name, loss, params in (("intercept_only", 0.7, {}), ("elastic_net", 0.5, PARAMS)):
            told = FittedFold(name, fold.key, params, loss, y[:0], y[:0], {}, 0.0)
            store.save(told, procedure, pd.DataFrame({"trial": [0]}))
    (folder / "predictions.parquet").touch()
    return folder


@pytest.fixture(scope="module")
def points(study):
    settings = dict.fromkeys((f.key for f in study.folds), Setting("elastic_net", PARAMS))
    return curve_points(study, settings, repetitions=2)


def test_subsets_are_nested_stratified_and_keep_people_together():
    rng = np.random.default_rng(0)
    person = np.repeat(np.arange(100), 3)
    outcome = (np.repeat(np.arange(100) < 30, 3) & (rng.random(300) < 0.9)).astype(int)
    ever = pd.Series(outcome).groupby(person).max()
    subsets = nested_subsets(outcome, person, SHARES, rng)
    for share, small, large in zip(SHARES, subsets, [*subsets[1:], np.arange(300)], strict=True):
        people = np.unique(person[small])
        assert np.isin(person, people).sum() == len(small)
        assert set(small) <= set(large)
        assert ever[people].sum() == round(share * ever.sum())
        assert len(people) == pytest.approx(100 * share, abs=1.5)
    again = nested_subsets(outcome, person, SHARES, rng)
    assert set(again[0]) != set(subsets[0])


def test_too_few_people_of_a_class_are_refused():
    outcome = np.arange(60) < 10
    with pytest.raises(LearningCurveError, match="would hold 4 people of the rarer class"):
        nested_subsets(outcome.astype(int), np.arange(60), SHARES, np.random.default_rng(0))


def test_variance_of_training_people_is_that_over_samples_of_them():
    """A mean in place of an AUROC: subsets of one sample must tell how samples differ."""
    rng = np.random.default_rng(1)
    n, repetitions, studies = 100, 3, 600
    sizes = np.round(np.array(SHARES) * n).astype(int)
    told, means = [], []
    for _ in range(studies):
        sample = rng.normal(size=n)
        drawn = np.array([rng.permutation(sample) for _ in range(repetitions)])
        measured = np.stack([drawn[:, :s].mean(axis=1) for s in sizes], axis=1)
        told.append(training_variance(measured, sizes, SHARES))
        means.append(measured.mean(axis=0))
    np.testing.assert_allclose(np.mean(told, axis=0), np.var(means, axis=0), rtol=0.15)


def test_the_largest_size_is_the_fold_itself(study, points):
    """By hand: the same models on whole training folds, ranked fold by fold."""
    y, X = study.cohort.outcome.to_numpy(), study.cohort.X
    found = []
    for fold in study.folds:
        model = elastic_net.build(study.cohort.schema, random_state=0).set_params(**PARAMS)
        model.fit(X.iloc[fold.train], y[fold.train])
        score = model.predict_proba(X.iloc[fold.held_out])[:, 1]
        found.append(roc_auc_score(y[fold.held_out], score))
    assert points.auroc[-1] == pytest.approx(np.mean(found), abs=2e-3)
    assert points.people[-1] == pytest.approx(110 / 2, abs=0.5)
    assert points.fits == 2 * 2 * len(SHARES)
    assert points.auroc[0] < points.auroc[-1]
    assert np.linalg.eigvalsh(points.covariance)[0] > 0
    # points share their held-out people
    correlation = points.covariance[3, 4] / np.sqrt(np.prod(np.diag(points.covariance)[3:]))
    assert correlation > 0.3


def test_nothing_is_learned_from_outside_the_subset(study):
    fold, rows = study.folds[0], Rows.of(study.cohort)
    (small, *_) = nested_subsets(
        rows.outcome[fold.train], rows.whose.person[fold.train], SHARES, np.random.default_rng(0)
    )
    train = fold.train[small]
    rest = np.setdiff1d(np.arange(len(rows.X)), np.union1d(train, fold.held_out))
    outcome, X = rows.outcome.copy(), rows.X.copy()
    outcome[rest] = 1 - outcome[rest]
    outcome[fold.held_out] = 1 - outcome[fold.held_out]
    X.iloc[rest] *= 1000.0
    changed = replace(rows, X=X, outcome=outcome)
    setting = Setting("elastic_net", PARAMS)
    own, other = (
        measuring._score(study, r, setting, train, fold.held_out, ("x",)) for r in (rows, changed)
    )
    np.testing.assert_array_equal(own, other)
    assert np.ptp(own) > 0


def test_the_curve_goes_on_from_all_people_and_is_unsure(study, points):
    settings = untuned_settings(study)
    found = curve_record(study, settings, points, tuned=False)
    assert found.settings == "as built"
    assert found.candidates == ("intercept_only",)
    assert [m.people for m in found.more] == [210, 310, 610]
    last = found.sizes[-1]
    for level in (found.now, *(m.auroc for m in found.more)):
        assert level.high - level.low >= 2 * 1.959 * last.standard_error - (level.high == 1.0)
    gains = [m.gain for m in found.more]
    assert all(0 <= g.low <= g.value <= g.high for g in gains)
    assert gains[0].value <= gains[-1].value
    assert found.now.value + gains[-1].value == pytest.approx(found.more[-1].auroc.value)


def test_a_model_that_ranks_nobody_gains_nothing(study):
    settings = untuned_settings(study)
    found = curve_points(study, settings, repetitions=2)
    np.testing.assert_array_equal(found.auroc, 0.5)
    curve = curve_record(study, settings, found, tuned=False)
    assert curve.more[-1].gain.high < 0.02
    with pytest.raises(ValueError, match="repetitions must be 2 or more"):
        curve_points(study, settings, repetitions=1)


def test_sizes_are_those_of_the_experiment_and_its_gate(study):
    told = development_plan(study)
    assert (told.people, told.auroc, told.auroc_from) == (110, 0.7, "gate")
    assert told.event_rate == pytest.approx(study.cohort.outcome.mean())
    # age, twenty markers, and whether a marker lies below its limit where there are any such
    assert 21 <= told.parameters <= 31
    assert not told.enough
    assert told.parameters_within < told.parameters
    better = development_plan(study, 0.9)
    assert better.auroc_from == "option"
    assert better.people_needed < told.people_needed
    tested = validation_plan(study, threshold=0.5)
    assert (tested.block, tested.people) == ("internal", 110)
    assert [m.measure for m in tested.measures][-1] == "net_benefit"
    assert len(validation_plan(study).measures) == 3


def test_settings_are_what_each_fold_chose(study, finished):
    store = FoldStore(finished, fingerprint(study.experiment, study.cohort))
    found = chosen_settings(study, store)
    assert set(found) == {f.key for f in study.folds}
    assert all(s == Setting("elastic_net", PARAMS) for s in found.values())
    assert chosen_settings(study, FoldStore(finished, "0" * 64)) is None


@pytest.fixture
def planned(study, finished, monkeypatch, capsys):
    """Run the command on the made-up study; return its record and what it printed."""
    monkeypatch.setattr(assembling, "assemble", lambda _: study)
    monkeypatch.setattr("pipelines.question.experiment.load_experiment", lambda _: study.experiment)
    monkeypatch.setattr("pipelines.trials.experiment.is_trial", lambda _: False)
    monkeypatch.setattr(measuring, "REPETITIONS", 2)

    def run(folder=None, **options):
        parent = finished.parent if folder is None else folder
        command.plan(Path("made_up.toml"), parent, **options)
        record = PlanRecord.model_validate_json((parent / "made_up/plan.json").read_text())
        return record, capsys.readouterr().out

    return run


def test_after_a_run_the_command_draws_the_curve_of_its_folds(planned, points, monkeypatch):
    measured = []

    def as_before(_, settings, **__):
        measured.append(settings)
        return points

    monkeypatch.setattr(measuring, "curve_points", as_before)
    found, said = planned()
    assert {(s.candidate, s.params["model__C"]) for s in measured[0].values()} == {
        ("elastic_net", PARAMS["model__C"])
    }
    assert found.curve.settings == "chosen in each fold"
    assert found.curve.candidates == ("elastic_net",)
    assert found.no_curve == ""
    assert "+500" in said
    assert "extrapolated" in said
    assert "are needed by all three" in said


def test_without_a_run_it_says_what_is_needed_and_why_there_is_no_curve(planned, tmp_path):
    found, said = planned(tmp_path, threshold=0.4)
    assert found.curve is None
    assert "there is no run yet; make one with: python -m pipelines.train" in found.no_curve
    assert "No learning curve" in said
    assert "net benefit" in said
    (tmp_path / "made_up" / "predictions.parquet").touch()
    found, _ = planned(tmp_path)
    assert "fitted folds are not those of this data and code" in found.no_curve
    assert planned(curve=False)[0].no_curve == "it was not asked for"


def test_a_curve_can_be_asked_for_without_a_run(planned, tmp_path):
    found, said = planned(tmp_path, curve=True)
    assert found.curve.settings == "as built"
    assert "as built" in said


def test_too_few_people_leave_the_rest_of_the_plan(planned, monkeypatch, tmp_path):
    small = _study(people=30, visits=1)
    monkeypatch.setattr(assembling, "assemble", lambda _: small)
    found, _ = planned(tmp_path, curve=True)
    assert found.curve is None
    assert "people of the rarer class" in found.no_curve
    assert found.development.people == 30


def test_a_real_experiment_before_any_run(tmp_path, capsys):
    command.plan(OPT, tmp_path)
    found = PlanRecord.model_validate_json((tmp_path / OPT.stem / "plan.json").read_text())
    assert (found.development.people, found.development.auroc) == (320, 0.65)
    assert found.development.people_needed > 5000
    assert "320 people" in capsys.readouterr().out


def test_help_imports_nothing_heavy():
    heavy = ["pandas", "sklearn", "mlflow", "shap", "optuna", "xgboost", "matplotlib", "scipy"]
    code = (
        "import json, runpy, sys\n"
        "sys.argv = ['plan', '--help']\n"
        "try:\n"
        "    runpy.run_module('pipelines.plan', run_name='__main__')\n"
        "except SystemExit as end:\n"
        "    assert end.code == 0\n"
        f"print(json.dumps([m for m in {heavy} if m in sys.modules]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=REPO, capture_output=True, text=True, check=True
    )
    assert "Usage" in done.stdout
    assert json.loads(done.stdout.splitlines()[-1]) == []


def test_the_report_shows_the_plan(planned, tmp_path):
    folder = make_results(tmp_path / "opt_demo")
    for curve in (True, False):
        found, _ = planned(tmp_path, curve=curve)
        (folder / "plan.json").write_text(found.model_dump_json())
        section = rendered("plan", Results(folder))
        assert f"{found.development.people_needed}" in section.body.replace("\u202f", "")
        assert ("What more people would buy" in section.body) == curve
        assert ("There is no learning curve" in section.body) != curve
    (folder / "plan.json").unlink()
    assert rendered("plan", Results(folder)) is None
