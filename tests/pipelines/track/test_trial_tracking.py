"""What a launch of a trial experiment leaves in MLflow: its claim, its numbers, its files."""

import json
import re

import pytest

from pipelines.report.trial_results import TrialResults
from pipelines.track.trial_summary import trial_metrics, trial_params, trial_tags
from pipelines.trials.launch import run_trial
from signature.exceptions import PredictionsError
from tests.made.trial_files import SMALL, write_trial

pytest_plugins = ["tests.made.serving_fixtures"]


@pytest.fixture(scope="module")
def folder(store, tmp_path_factory):
    """Results folder of a tracked launch on 36 people."""
    place = tmp_path_factory.mktemp("tracked")
    file = write_trial(place, SMALL, "trial_of_the_tests")
    return run_trial(file, place / "results", jobs=1, track=True)


@pytest.fixture(scope="module")
def run(store, folder):
    """Its run in the store: the only one."""
    experiment = store.client.get_experiment_by_name(folder.name)
    (found,) = store.client.search_runs([experiment.experiment_id])
    return found


def test_the_run_has_settings_claim_and_numbers_of_the_record(run, folder):
    record = TrialResults(folder).record
    assert run.info.status == "FINISHED"
    assert run.data.metrics == pytest.approx(trial_metrics(record))
    assert run.data.params == {name: str(value) for name, value in trial_params(record).items()}
    assert trial_tags(record).items() <= run.data.tags.items()
    assert run.data.tags["small_trial"] == "yes"
    assert run.data.tags["predictive"] == "not tested"
    assert run.data.tags["dataset"] == "simulated_il2_small"
    assert run.data.tags["kind"] == "launch"
    assert run.data.tags["mlflow.note.content"] == "A simulated trial for the tests"


def test_record_and_report_are_artifacts_and_hold_no_person(store, run, folder):
    found = {one.path for one in store.client.list_artifacts(run.info.run_id)}
    assert {"trial.json", "report.html", "experiment.json", "environment.json"} <= found
    assert "fits" not in found
    load = store.mlflow.artifacts.load_text
    uri = run.info.artifact_uri
    assert load(f"{uri}/trial.json") == (folder / "trial.json").read_text("utf-8")
    asked = json.loads(load(f"{uri}/experiment.json"))
    assert asked["trial"]["endpoint"] == "simulated_activity_day_85"
    everything = f"{run.data.tags} {run.data.params} {asked}"
    assert not re.search(r"\bs\d{6}\b", everything)


def test_a_launch_that_breaks_shows_as_failed(store, tmp_path):
    file = write_trial(tmp_path, SMALL, "trial_that_breaks")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("pipelines.trials.launch.named_markers", _broken)
        with pytest.raises(PredictionsError, match="made up"):
            run_trial(file, tmp_path, jobs=1, track=True)
    experiment = store.client.get_experiment_by_name("trial_that_breaks")
    (found,) = store.client.search_runs([experiment.experiment_id])
    assert found.info.status == "FAILED"
    assert not found.data.metrics


def _broken(study):
    raise PredictionsError("made up for a test")
