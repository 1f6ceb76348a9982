"""Saved models: what is refused, and that a file cannot vouch for itself."""

import json

import numpy as np
import pytest
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer

from signature.exceptions import ModelFileError
from signature.serve.persistence import load_model, load_procedure, save_model
from signature.serve.request_limits import RequestLimits

pytest_plugins = ["tests.made.serving_fixtures"]


@pytest.fixture
def folder(model_folders, tmp_path):
    procedure, card = load_model(model_folders["elastic_net"])
    return save_model(procedure, card, tmp_path / "model")


def _edit(folder, **changes):
    file = folder / "model.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | changes))


def test_a_folder_cannot_vouch_for_types_outside_the_package(folder):
    procedure, card = load_model(folder)
    steps = procedure.estimator_.steps
    procedure.estimator_ = Pipeline([("odd", FunctionTransformer(print)), *steps])
    save_model(procedure, card, folder)
    with pytest.raises(ModelFileError, match=r"not trusted: builtins.print"):
        load_model(folder)
    loaded, _ = load_model(folder, trusted=["builtins.print"])
    assert loaded.estimator_.steps[0][0] == "odd"


def test_a_folder_cannot_vouch_for_what_merely_lives_in_the_package(folder):
    procedure, card = load_model(folder)
    name = "signature.serve.request_limits.RequestLimits"
    procedure.estimator_.steps.insert(0, ("odd", RequestLimits()))
    save_model(procedure, card, folder)
    with pytest.raises(ModelFileError, match=f"not trusted: {name}"):
        load_model(folder)


def test_a_card_has_no_room_for_types(folder):
    _edit(folder, trusted_types=["builtins.print"])
    with pytest.raises(ModelFileError, match="does not describe a model: check trusted_types"):
        load_model(folder)


@pytest.mark.parametrize(
    "changes",
    [
        {"columns": [{"name": "IL6"}]},
        {"columns": [{"name": "IL6", "role": "oracle", "group": "g", "scale": "linear"}]},
        {"columns": "none"},
    ],
)
def test_a_damaged_card_is_named(folder, changes):
    _edit(folder, **changes)
    with pytest.raises(ModelFileError, match="does not describe a model"):
        load_model(folder)


@pytest.mark.parametrize("version", [3, 5])
def test_a_model_of_another_version_is_refused_before_it_is_run(folder, version):
    """Its steps might load, and fail in the middle of scoring for want of an attribute."""
    _edit(folder, version=version)
    with pytest.raises(
        ModelFileError,
        match=r"make it anew with: python -m pipelines.train experiments/opt_test.toml",
    ):
        load_model(folder)


def test_a_card_that_is_no_text_is_named(folder):
    (folder / "model.json").write_bytes(b"\xff\xfe{}")
    with pytest.raises(ModelFileError, match="does not describe a model"):
        load_model(folder)


def test_missing_files_are_named(folder):
    with pytest.raises(ModelFileError, match=r"no fitted model 'gone.skops'"):
        load_procedure(folder / "gone.skops")
    (folder / "model.json").unlink()
    with pytest.raises(ModelFileError, match=r"no 'model.json'"):
        load_model(folder)


def test_the_same_bits_come_back(model_folders, trial, procedures):
    X, _ = trial
    for name, folder in model_folders.items():
        loaded, _ = load_model(folder)
        np.testing.assert_array_equal(loaded.predict_proba(X), procedures[name].predict_proba(X))
