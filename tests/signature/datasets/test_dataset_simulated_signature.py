"""The simulated study of the demo: six markers that matter, one that only seems to."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from pipelines.question.experiment import load_experiment
from signature.datasets.simulate import CLINICAL
from signature.datasets.simulated_signature import DECOY, DESIGN, PLANTED, draw, load
from signature.study.schema import BELOW
from tests.made.checkout import EXPERIMENTS

EXPERIMENT = EXPERIMENTS / "simulated_signature.toml"


@pytest.fixture(scope="module")
def study():
    return draw()


@pytest.fixture(scope="module")
def event(study):
    return study.cohort.records["event"].to_numpy()


def effects(columns, event):
    """Return coefficients of an unpenalised logistic regression in units of their SE."""
    model = LogisticRegression(C=np.inf).fit(columns, event)
    X = np.column_stack([np.ones(len(event)), columns])
    p = model.predict_proba(columns)[:, 1]
    se = np.sqrt(np.diag(np.linalg.inv(X.T @ (X * (p * (1 - p))[:, None]))))
    return model.coef_[0] / se[1:]


def test_six_markers_of_different_blocks_matter_and_no_other(study):
    true = study.truth.prognostic[list(DESIGN.markers)]
    assert true[true != 0].to_dict() == PLANTED
    assert len(PLANTED) == 6
    blocks = {DESIGN.markers.index(m) // DESIGN.block_size for m in PLANTED}
    assert len(blocks) == 6
    assert (study.truth.predictive == 0).all()


def test_the_experiment_puts_all_48_in_the_panel_and_the_clinic_in_the_baseline(study):
    features = load_experiment(EXPERIMENT).features
    chosen = study.cohort.schema.choose(baseline=features.baseline, panel=features.panel)
    assert set(PLANTED) | {DECOY} < set(chosen.panel) == set(DESIGN.markers)
    assert set(chosen.baseline) == set(CLINICAL)


def test_every_load_gives_the_same_bits_and_they_are_those_of_the_truth(study):
    one, two = load(), load()
    assert one.digest == two.digest == study.cohort.digest
    assert one.records.equals(study.cohort.records)


def test_600_people_of_four_sites_without_arms(with_outcome):
    cohort = with_outcome(load(), "simulated_response").at_sites("site")
    assert (len(cohort), cohort.n_people, cohort.arm) == (600, 600, None)
    assert cohort.site.value_counts().min() > 120
    assert cohort.plate.nunique() == 12
    assert cohort.outcome.mean() == pytest.approx(0.37, abs=0.06)


def test_some_values_are_below_their_limit_and_some_are_missing(study):
    X = study.cohort.X
    assert X["IL17A" + BELOW].notna().mean() > 0.5
    assert 0.05 < X["IL6" + BELOW].notna().mean() < 0.2
    assert study.truth.missing.mean(axis=None) == pytest.approx(0.04, abs=0.005)


def test_the_truth_ranks_people_as_a_real_signature_could(study, event):
    truth = study.truth
    known = truth.log_odds - study.cohort.records["site"].map(truth.intercept)
    assert 0.77 < roc_auc_score(event, known) < 0.83
    clinical = truth.prognostic[list(CLINICAL)]
    alone = truth.standardised[list(CLINICAL)] @ clinical
    assert 0.61 < roc_auc_score(event, alone) < 0.67


def test_crp_looks_as_if_it_mattered_until_bmi_and_il6_are_known(study, event):
    z = study.truth.standardised
    assert study.truth.prognostic[DECOY] == 0
    assert effects(z[[DECOY]], event)[0] > 3
    assert abs(effects(z[[DECOY, "bmi", "IL6"]], event)[0]) < 2
