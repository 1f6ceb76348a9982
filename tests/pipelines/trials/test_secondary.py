"""Further endpoints: average effects of the same people, corrected for their number."""

import numpy as np
import pytest

from pipelines.trials.benefit import average_effects, secondary_effects
from pipelines.trials.experiment import load_trial
from pipelines.trials.study import assemble_trial
from signature.exceptions import ExperimentError
from tests.made.checkout import EXPERIMENTS


@pytest.fixture(scope="module")
def study():
    return assemble_trial(load_trial(EXPERIMENTS / "trial_opt_periodontal.toml"))


def test_a_further_endpoint_is_of_the_same_people_and_arms(study):
    (trial,) = study.secondary.values()
    assert trial.arms == study.trial.arms
    np.testing.assert_array_equal(trial.code, study.trial.code)
    assert trial.endpoint.label == "birth before 37 weeks"
    assert trial.known.sum() > study.trial.known.sum()


def test_its_effect_is_that_of_an_experiment_that_asks_for_it_first(study):
    (found,) = secondary_effects(study)
    first = assemble_trial(load_trial(EXPERIMENTS / "trial_opt_preterm_birth.toml"))
    (own,) = average_effects(first, None)
    assert sum(found.known.values()) == int(first.trial.known.sum())
    # the other experiment weights nobody
    assert found.benefit.value == pytest.approx(own.unadjusted.value, abs=0.02)
    assert found.p_family == found.benefit.p


def test_a_secondary_endpoint_is_another_one(tmp_path):
    text = (EXPERIMENTS / "trial_opt_periodontal.toml").read_text("utf-8")
    file = tmp_path / "mine.toml"
    file.write_text(text.replace('["preterm_birth"]', '["periodontal_response"]'), "utf-8")
    with pytest.raises(ExperimentError, match="others than the endpoint"):
        load_trial(file)
    file.write_text(text.replace('["preterm_birth"]', '["nowhere"]'), "utf-8")
    with pytest.raises(ExperimentError, match="nowhere"):
        assemble_trial(load_trial(file))
