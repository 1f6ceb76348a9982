"""Experiment files of trials: what is wrong with one is said by key."""

import pytest

from pipelines.question.experiment import load_experiment
from pipelines.trials.experiment import is_trial, load_trial
from signature.exceptions import ExperimentError
from tests.made.checkout import EXPERIMENTS

SHIPPED = [file for file in sorted(EXPERIMENTS.glob("*.toml")) if is_trial(file)]

GOOD = """
title = "t"
question = "q?"
caution = "Nothing here is real, and nothing follows."
seed = 1
[trial]
dataset = "simulated_il2_trial"
endpoint = "simulated_activity_day_85"
control = "placebo"
treated = "interleukin-2"
ratio = { "placebo" = 1, "interleukin-2" = 2 }
[features]
baseline = ["demographics"]
panel = ["cytokine"]
"""


@pytest.fixture
def read(tmp_path):
    """Return a function that reads an experiment from a text."""

    def load(text):
        path = tmp_path / "mine.toml"
        path.write_text(text, encoding="utf-8")
        return load_trial(path)

    return load


def test_a_good_file_is_read_with_defaults(read):
    found = read(GOOD)
    assert found.name == "mine"
    assert found.candidates.all[0] == "effect_modified_covariate"
    assert found.trial.missing == "complete"
    assert found.early is None


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('treated = "interleukin-2"', 'treated = "placebo"', "two arms"),
        ('treated = "interleukin-2"', 'treated = "il2"', "share of 'il2'"),
        ('placebo" = 1', 'placebo" = 0', "greater than 0"),
        ("[features]", '[trial.arms]\n"placebo" = ["placebo"]\n[features]', "same arms"),
        ("seed = 1", "seed = 1\nsite = 2", "site"),
        ("[features]", '[early]\nlabel = "d"\nday = 0\nlater = {}\n[features]', "day"),
        ('"placebo"\n', '"placebo"\nmissing = "forget"\n', "inverse probability"),
    ],
)
def test_what_is_wrong_is_said_by_key(read, old, new, message):
    assert old in GOOD
    with pytest.raises(ExperimentError, match=message):
        read(GOOD.replace(old, new, 1))


def test_the_two_kinds_are_told_apart(tmp_path):
    trial, other = tmp_path / "trial.toml", tmp_path / "other.toml"
    trial.write_text(GOOD, encoding="utf-8")
    other.write_text(GOOD.replace("[trial]", "[data]"), encoding="utf-8")
    assert is_trial(trial)
    assert not is_trial(other)
    with pytest.raises(ExperimentError, match=r"no \[trial\] table"):
        load_trial(other)
    with pytest.raises(ExperimentError, match="for whom treatment does better"):
        load_experiment(trial)


def test_what_decides_predictions_is_in_the_digest_and_titles_are_not(read):
    found = read(GOOD)
    assert read(GOOD.replace('"t"', '"another"')).digest == found.digest
    assert read(GOOD.replace("seed = 1", "seed = 2")).digest != found.digest
    assert read(GOOD + "[crossfitting]\nrepeats = 2\n").digest != found.digest
    assert read(GOOD + "[crossfitting]\nrearrangements = 299\n").digest == found.digest


@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: file.stem)
def test_shipped_files_are_read(file):
    found = load_trial(file)
    assert found.question.endswith("?")
    assert found.name.startswith("trial_")


def test_there_are_trials_of_four_studies():
    assert len({load_trial(file).trial.dataset for file in SHIPPED}) >= 4
