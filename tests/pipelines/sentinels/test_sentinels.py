"""Leakage sentinels: quiet on a clean study, and each rings when its leak is planted."""

from dataclasses import replace
from types import ModuleType

import numpy as np
import pandas as pd
import pytest
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from pipelines.question.assembly import assemble
from pipelines.question.experiment import load_experiment
from pipelines.sentinels import fold_leaks, outcome_leaks
from pipelines.sentinels.canary import canary_checks
from pipelines.sentinels.look import run_sentinels
from pipelines.sentinels.outcome_sources import outcome_sources, repeated_sources
from signature.check.view import view
from signature.prepare.columns import TakeColumns
from signature.records.sentinels import Sentinel, Sentinels
from signature.study.schema import Column, FeatureSchema, Role
from tests.made.checkout import EXPERIMENTS


@pytest.fixture(scope="module")
def study():
    return assemble(load_experiment(EXPERIMENTS / "simulated_signature.toml"))


def _with_feature(study, name, values):
    column = Column(name, Role.CLINICAL, "demographics")
    cohort = study.cohort
    schema = FeatureSchema((*cohort.schema.columns, column), cohort.schema.handling)
    X = cohort.X.assign(**{name: np.asarray(values, dtype="float64")})
    return replace(study, cohort=replace(cohort, schema=schema, X=X))


def _with_records(study, **records):
    return replace(
        study, cohort=replace(study.cohort, records=study.cohort.records.assign(**records))
    )


def _outcome(study):
    return study.cohort.outcome.to_numpy()


def test_a_clean_study_passes_everything(study):
    found = run_sentinels(study, study.folds)
    assert [s.status for s in found.sentinels] == ["passed"] * 8
    assert found.worst == "passed"
    assert (found.people, found.rows, found.folds) == (600, 600, 4)
    assert Sentinels.model_validate_json(found.model_dump_json()) == found


def test_the_worst_status_is_what_the_whole_is_called():
    def of(*statuses):
        sentinels = tuple(Sentinel(name="canary", status=s, sentence="") for s in statuses)
        return Sentinels(experiment="e", people=1, rows=1, folds=1, sentinels=sentinels)

    assert of("passed", "look", "failed").worst == "failed"
    assert of("passed", "look", "not applicable").worst == "look"
    assert of("not applicable").worst == "passed"
    assert len(of("look", "passed", "look").of("look")) == 2


def test_a_person_on_both_sides(study):
    fold = study.folds[0]
    stray = replace(fold, train=np.r_[fold.train, fold.held_out[:3]])
    found = fold_leaks.person_on_both_sides(study, [stray, *study.folds[1:]])
    assert found.status == "failed"
    assert found.numbers == {"folds": 1, "people": 3}
    assert "In 1 of 4 folds people are in training and held out, up to 3 people" in found.sentence


def test_twins_in_training_and_held_out(study):
    fold = study.folds[0]
    X = study.cohort.X.copy()
    rng = np.random.default_rng(0)
    a, b = fold.train[:2], fold.held_out[:2]
    # measured twice, to a thousandth
    again = X.iloc[a].to_numpy() * (1 + 1e-4 * rng.normal(size=(2, X.shape[1])))
    X.iloc[b] = again
    copied = replace(study, cohort=replace(study.cohort, X=X))
    found = fold_leaks.twins_across_folds(copied, study.folds, view(copied.cohort))
    assert found.status == "failed"
    assert (found.numbers["pairs"], found.numbers["across"], found.numbers["rows"]) == (2, 2, 4)
    # both inside the training rows of the only fold that is looked at
    inside = replace(fold, train=np.r_[fold.train, fold.held_out], held_out=np.arange(0))
    found = fold_leaks.twins_across_folds(copied, [inside], view(copied.cohort))
    assert (found.status, found.numbers["across"]) == ("look", 0)


def test_few_features_cannot_tell_twins(study):
    cohort = study.cohort.with_features(study.cohort.schema.only(["age", "bmi", "female"]))
    small = replace(study, cohort=cohort)
    found = fold_leaks.twins_across_folds(small, study.folds, view(cohort))
    assert found.status == "not applicable"


@pytest.mark.parametrize("sign", [1, -1])
def test_a_feature_that_gives_the_outcome_away(study, sign):
    rng = np.random.default_rng(1)
    y = _outcome(study)
    leaky = _with_feature(study, "days_in_icu", sign * (5 * y + rng.normal(size=len(y))))
    found = outcome_leaks.perfect_feature(leaky, view(leaky.cohort))
    assert (found.status, found.columns) == ("failed", ("days_in_icu",))
    assert "days_in_icu (AUROC " in found.sentence
    assert "600 people" in found.sentence


def test_a_perfect_feature_of_few_people_is_to_be_looked_at(study):
    y = _outcome(study)
    rows = np.r_[np.flatnonzero(y == 1)[:4], np.flatnonzero(y == 0)[:4]]
    values = np.full(len(y), np.nan)
    values[rows] = np.arange(8)[::-1]
    rare = _with_feature(study, "rare", values)
    found = outcome_leaks.perfect_feature(rare, view(rare.cohort))
    assert (found.status, found.columns) == ("look", ("rare",))


def test_a_strong_but_possible_feature_passes(study):
    rng = np.random.default_rng(2)
    y = _outcome(study)
    strong = _with_feature(study, "score", 2 * y + rng.normal(size=len(y)))
    assert outcome_leaks.perfect_feature(strong, view(strong.cohort)).status == "passed"


def test_records_that_the_outcome_is_made_of(study):
    assert outcome_sources(study) == ("event",)
    assert repeated_sources(study) == {}


def test_a_feature_that_is_the_outcomes_record(study):
    y = _outcome(study)
    by_name = _with_feature(study, "event", np.random.default_rng(3).normal(size=len(y)))
    found = outcome_leaks.outcome_source(by_name, view(by_name.cohort))
    assert (found.status, found.columns) == ("look", ("event",))
    by_value = _with_feature(study, "code", np.where(y == 1, 7.0, 9.0))
    found = outcome_leaks.outcome_source(by_value, view(by_value.cohort))
    assert (found.status, found.columns) == ("failed", ("code",))
    assert "code (record 'event'); code as good as decides it" in found.sentence


def test_a_feature_in_the_order_of_a_source_of_numbers(study, monkeypatch):
    """As with a baseline value, when the outcome is the change from it."""
    rng = np.random.default_rng(4)
    before = pd.Series(rng.normal(10, 2, len(_outcome(study))), index=study.cohort.X.index)
    changed = _with_records(study, before=before, after=before + rng.normal(size=len(before)))
    definition = ModuleType("change")
    definition.OUTCOME = study.outcome
    definition.derive = lambda records: (records["after"] < records["before"]).astype("float64")
    monkeypatch.setattr("pipelines.sentinels.outcome_sources.load", lambda *_: definition)
    assert outcome_sources(changed) == ("before", "after")
    repeated = _with_feature(changed, "log_before", np.log(before))
    assert repeated_sources(repeated) == {"log_before": "before"}
    found = outcome_leaks.outcome_source(repeated, view(repeated.cohort))
    assert found.status == "look"
    noisy = _with_feature(changed, "another", before + rng.normal(size=len(before)))
    assert repeated_sources(noisy) == {}


def _on_plates(study, shift, *, pure=False):
    """Five plates per site; events come to some plates more often."""
    rng = np.random.default_rng(5)
    y, site = _outcome(study), study.cohort.site.to_numpy()
    latent = shift * y + rng.normal(size=len(y)) if not pure else y + 0.1 * rng.random(len(y))
    plate = pd.Series(latent).groupby(site).transform(lambda v: pd.qcut(v, 5, labels=False))
    if pure:
        plate = pd.Series(y * 2 + rng.integers(0, 2, len(y)))
    names = pd.Series([f"{s}-{p}" for s, p in zip(site, plate, strict=True)], study.cohort.X.index)
    return replace(study, cohort=replace(study.cohort, plate=names))


@pytest.mark.parametrize(
    ("shift", "pure", "status"), [(0.0, False, "passed"), (1.5, False, "look"), (0, True, "failed")]
)
def test_plates_that_tell_the_outcome(study, shift, pure, status):
    on = _on_plates(study, shift, pure=pure)
    assert outcome_leaks.plate_tells_outcome(on, view(on.cohort)).status == status


def test_sites_that_differ_do_not_accuse_their_plates(study):
    """Event rates differ between sites, plates are drawn at random inside them."""
    rng = np.random.default_rng(6)
    site = study.cohort.site.to_numpy()
    rates = dict(zip(sorted(set(site)), (0.1, 0.3, 0.6, 0.9), strict=True))
    y = pd.Series((rng.random(600) < [rates[s] for s in site]).astype(int), study.cohort.X.index)
    names = [f"{s}-{p}" for s, p in zip(site, rng.integers(0, 4, 600), strict=True)]
    cohort = replace(study.cohort, outcome=y, plate=pd.Series(names, study.cohort.X.index))
    found = outcome_leaks.plate_tells_outcome(replace(study, cohort=cohort), view(cohort))
    assert found.status == "passed"
    assert found.numbers["by_chance"] > 0.7
    nowhere = replace(cohort, site=None)
    found = outcome_leaks.plate_tells_outcome(replace(study, cohort=nowhere), view(nowhere))
    assert found.status == "look"


def test_one_plate_a_site_cannot_be_told_apart(study):
    cohort = replace(study.cohort, plate=study.cohort.site)
    found = outcome_leaks.plate_tells_outcome(replace(study, cohort=cohort), view(cohort))
    assert found.status == "not applicable"
    assert "Each site has one plate" in found.sentence


def test_no_plates_no_comparison(study):
    cohort = replace(study.cohort, plate=None)
    found = outcome_leaks.plate_tells_outcome(replace(study, cohort=cohort), view(cohort))
    assert found.status == "not applicable"


def test_a_feature_that_is_missing_by_outcome(study):
    rng = np.random.default_rng(7)
    y = _outcome(study)
    gone = rng.random(len(y)) < np.where(y == 1, 0.4, 0.1)
    values = np.where(gone, np.nan, rng.normal(size=len(y)))
    leaky = _with_feature(study, "lactate", values)
    found = outcome_leaks.missingness_tells_outcome(leaky, view(leaky.cohort))
    assert (found.status, found.columns) == ("look", ("lactate",))
    assert found.numbers["lactate"] == pytest.approx(0.65, abs=0.05)


def test_below_the_limit_is_not_missing(study):
    """Event or not decides what is below its limit here, and nothing else."""
    y = _outcome(study)
    X = study.cohort.X.copy()
    low = (y == 1) & (np.arange(len(y)) % 2 == 0)
    X["IL6"] = X["IL6"].mask(low)
    X["IL6__below"] = X["IL6__below"].mask(low, 0.01)
    cohort = replace(study.cohort, X=X)
    censored = replace(study, cohort=cohort)
    assert outcome_leaks.missingness_tells_outcome(censored, view(cohort)).status == "passed"


def test_features_that_came_standardised(study):
    rng = np.random.default_rng(8)
    raw = rng.normal(3, 2, 600)
    before = _with_feature(study, "z", (raw - raw.mean()) / raw.std())
    found = fold_leaks.scaled_before_folds(view(before.cohort))
    assert (found.status, found.columns) == ("look", ("z",))
    inside = _with_feature(study, "z", (raw - raw[:450].mean()) / raw[:450].std())
    assert fold_leaks.scaled_before_folds(view(inside.cohort)).status == "passed"


class _Remembering(StandardScaler):
    """Learns from the first rows that it ever saw."""

    first = None

    def fit(self, X, y=None):
        type(self).first = X if type(self).first is None else type(self).first
        return super().fit(type(self).first, y)


class _Centred(StandardScaler):
    """Learns from more rows than it was given."""

    def fit(self, X, y=None):
        return super().fit(pd.concat([X, X.head(len(X) // 2)]), y)


@pytest.mark.parametrize("scaler", [_Remembering, _Centred])
def test_preprocessing_that_learns_elsewhere(study, scaler):
    candidate = ModuleType("leaky")

    def build(schema, *, random_state):
        scale = scaler().set_output(transform="pandas")
        return Pipeline([("columns", TakeColumns(schema.names)), ("s", scale), ("model", None)])

    candidate.build = build
    leaky = replace(study, candidates={**study.candidates, "leaky": candidate})
    (found,) = [c for c in canary_checks(leaky, study.folds) if not c.inside]
    assert found.candidate == "leaky"
    assert found.off > 0
    sentinel = fold_leaks.canary(leaky, study.folds)
    assert sentinel.status == "failed"
    assert "leaky; preprocessing learns outside the fold" in sentinel.sentence


def test_every_candidate_that_standardises_is_looked_at(study):
    checks = {c.candidate: c for c in canary_checks(study, study.folds)}
    assert set(checks) == set(study.candidates)
    assert {n for n, c in checks.items() if not c.learns} == {
        *("intercept_only", "clinical_xgboost", "shallow_xgboost")
    }
    # of the baseline one, of the panel one, of both two, in each of four folds
    assert checks["clinical_only"].means == checks["best_single_marker"].means == 4
    assert checks["elastic_net"].means == checks["elastic_net"].distinct == 8


def test_no_candidate_that_standardises_is_said(study):
    trees = {n: c for n, c in study.candidates.items() if n.endswith("xgboost")}
    found = fold_leaks.canary(replace(study, candidates=trees), study.folds)
    assert found.status == "not applicable"


def test_nothing_of_a_person_is_written(study):
    """Not even where everything rings."""
    y = _outcome(study)
    leaky = _on_plates(_with_feature(study, "code", np.where(y == 1, 7654.321, 9876.543)), 2)
    text = run_sentinels(leaky, study.folds).model_dump_json()
    assert "7654" not in text
    assert "9876" not in text
    assert not any(subject in text for subject in set(study.cohort.subject))


def test_on_the_real_studies_they_say_what_is_known(data_root, monkeypatch):
    monkeypatch.setenv("SIGNATURE_DATA", str(data_root))
    if not (data_root / "covid_olink_three_sites").is_dir():
        pytest.skip("no local data for 'covid_olink_three_sites'")
    study = assemble(load_experiment(EXPERIMENTS / "covid_icu_three_hospitals.toml"))
    seen = view(study.cohort)
    assert fold_leaks.twins_across_folds(study, study.folds, seen).status == "passed"
    assert outcome_leaks.perfect_feature(study, seen).status == "passed"
    assert outcome_sources(study) == ("condition",)
    assert outcome_leaks.plate_tells_outcome(study, seen).status == "look"


def test_a_baseline_value_of_a_change_is_named():
    study = assemble(load_experiment(EXPERIMENTS / "opt_periodontal_nonresponse.toml"))
    assert outcome_sources(study) == ("baseline_bleeding_on_probing", "visit5_bleeding_on_probing")
    assert repeated_sources(study) == {"bleeding_on_probing": "baseline_bleeding_on_probing"}
