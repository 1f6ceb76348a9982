"""Outcome models and folds of a trial whose endpoint is an event."""

from dataclasses import replace

import numpy as np
import pytest

from pipelines.trials.crossfit import cross_fit, layouts
from pipelines.trials.experiment import load_trial
from pipelines.trials.study import assemble_trial
from tests.made.trial_files import write_trial

BIRTH = """
title = "A trial with an event for the tests"
question = "Who is born early?"
caution = "A small run for the tests, not for anything else."
seed = 2006
[trial]
dataset = "opt"
endpoint = "preterm_birth"
control = "control"
treated = "treatment"
ratio = { "control" = 1, "treatment" = 1 }
[features]
baseline = [
  "demographics", "body size", "comorbidity", "smoking", "alcohol and drugs",
  "obstetric history", "periodontal status", "medication",
]
panel = [
  "acute phase", "cytokine", "chemokine", "enzyme", "lipid mediator", "bacterial product",
  "antibody",
]
[crossfitting]
folds = 3
repeats = 1
"""


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    return assemble_trial(load_trial(write_trial(tmp_path_factory.mktemp("birth"), BIRTH)))


def test_expected_risks_are_risks_and_their_models_converge(study, tmp_path):
    """Warnings are errors here: the solver's own limit of steps was too low for weak penalties."""
    found = cross_fit(replace(study, candidates={}), tmp_path, jobs=1, done=lambda: None)
    known = study.trial.known
    observed = study.trial.outcome[known].mean()
    for risk in (found.expected, found.prognosis, found.baseline):
        assert ((risk > 0) & (risk < 1)).all()
        assert risk[known].mean() == pytest.approx(observed, abs=0.02)
    assert np.ptp(found.prognosis) > 0.01


def test_folds_share_the_events_of_each_arm(study):
    trial = study.trial
    for _, rows in layouts(trial, 3, 1, seed=1)[0]:
        for arm in (0, 1):
            events = np.nansum(trial.outcome[trial.code == arm])
            here = np.nansum(trial.outcome[rows][trial.code[rows] == arm])
            assert abs(here - events / 3) <= 1


@pytest.mark.parametrize("events", [0, 1, 4])
def test_an_event_rarer_than_the_folds_is_no_reason_not_to_share_the_arms(study, events):
    trial, outcome = study.trial, np.zeros(len(study.trial.code))
    outcome[np.flatnonzero(trial.code == 1)[:events]] = 1
    outcome[np.flatnonzero(trial.code == 0)[:50]] = 1
    rare = replace(trial, outcome=outcome, known=np.ones(len(outcome), dtype=bool))
    (layout,) = layouts(rare, 5, 1, seed=1)
    for _, rows in layout:
        assert trial.code[rows].mean() == pytest.approx(trial.code.mean(), abs=0.01)
        assert outcome[rows][trial.code[rows] == 0].sum() == 10


def test_repeats_have_folds_of_their_own(study):
    first, second = layouts(study.trial, 3, 2, seed=1)
    again = layouts(study.trial, 3, 1, seed=1)[0]
    for (_, one), (_, other), (_, same) in zip(first, second, again, strict=True):
        assert set(one) != set(other)
        np.testing.assert_array_equal(one, same)
