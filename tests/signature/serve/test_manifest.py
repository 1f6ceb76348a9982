"""A model folder that is not as it was written is refused; the same run writes the same bytes."""

import json
import os
import random
import shutil
import subprocess
import sys

import numpy as np
import pytest

from signature.exceptions import ModelFileError
from signature.serve.canonical import canonical
from signature.serve.persistence import load_model, save_model, save_procedure, seal_model
from signature.serve.serving import Scorer
from tests.made.checkout import REPO

pytest_plugins = ["tests.made.serving_fixtures"]

FILES = ("manifest.json", "model.json", "model.skops")


@pytest.fixture
def folder(model_folders, tmp_path):
    return shutil.copytree(model_folders["elastic_net"], tmp_path / "model")


def refusal(folder, **told):
    with pytest.raises(ModelFileError) as refused:
        load_model(folder, **told)
    message = str(refused.value)
    assert "\n" not in message
    return message


def test_a_folder_holds_what_its_manifest_says(folder):
    assert sorted(p.name for p in folder.iterdir()) == sorted(FILES)
    assert list(json.loads((folder / "manifest.json").read_text())["files"]) == list(FILES[1:])
    assert len(load_model(folder)[1].digest) == 64


def test_a_model_with_its_weights_turned_round_is_refused(folder):
    procedure, _ = load_model(folder)
    procedure.estimator_[-1].coef_ = -procedure.estimator_[-1].coef_
    save_procedure(procedure, folder / "model.skops")
    assert "'model.skops' has changed" in refusal(folder)


@pytest.mark.parametrize("name", FILES)
def test_a_flipped_bit_is_noticed_wherever_it_is(name, folder):
    whole = (folder / name).read_bytes()
    drawn = random.Random(1)
    places = {0, len(whole) - 1, *(drawn.randrange(len(whole)) for _ in range(150))}
    for place in places:
        changed = bytearray(whole)
        changed[place] ^= 1 << drawn.randrange(8)
        (folder / name).write_bytes(changed)
        refusal(folder)
    (folder / name).write_bytes(whole)
    load_model(folder)


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_is_named(name, folder):
    (folder / name).unlink()
    assert repr(name) in refusal(folder)


@pytest.mark.parametrize("name", ["notes.txt", ".hidden", "deep/er.py"])
def test_an_added_file_is_named(name, folder):
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_text("x")
    assert f"{name!r} was added" in refusal(folder)


@pytest.mark.parametrize("name", FILES)
def test_a_file_of_another_model_is_refused(name, folder, model_folders):
    shutil.copy(model_folders["shallow_xgboost"] / name, folder / name)
    assert "not as it was written" in refusal(folder)


def test_another_model_than_the_one_asked_for_is_refused(folder, model_folders):
    digest = load_model(folder)[1].digest
    assert Scorer(folder, digest).card.digest == digest
    shutil.rmtree(folder)
    shutil.copytree(model_folders["shallow_xgboost"], folder)
    assert "is another than the one asked for" in refusal(folder, digest=digest)


def test_a_file_that_is_sealed_in_belongs_to_the_folder(folder):
    _, card = load_model(folder)
    (folder / "some.whl").write_bytes(b"wheel")
    sealed = seal_model(card, folder)
    assert load_model(folder)[1] == sealed != card
    (folder / "some.whl").write_bytes(b"whee1")
    assert "'some.whl' has changed" in refusal(folder)


def test_saving_again_gives_the_same_bytes(model_folders, tmp_path):
    for name, folder in model_folders.items():
        again = save_model(*load_model(folder), tmp_path / name)
        for file in FILES:
            assert (again / file).read_bytes() == (folder / file).read_bytes(), (name, file)


def test_what_is_canonical_stays_so(folder):
    data = (folder / "model.skops").read_bytes()
    assert canonical(data) == data


def test_a_set_is_written_in_one_order(tmp_path):
    for name, words in (("a", ["x", "y", "z" * 9]), ("b", ["z" * 9, "y", "x"])):
        save_procedure({"words": set(words), "more": frozenset(words)}, tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


FIT = """
import sys
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
import numpy as np, pandas as pd
from models import elastic_net, shallow_xgboost, stable_signature
from signature.learn.calibration import CalibratedProcedure
from signature.serve.persistence import save_procedure
from signature.study.handling import Handling
from signature.study.schema import BATCH, batch_column, FeatureSchema
from tests.made.serving_fixtures import SCHEMA
rng = np.random.default_rng(0)
X = pd.DataFrame({n: np.exp(rng.normal(1, 1, 150)) for n in SCHEMA.names})
for m in ("IL1B", "IL6"):
    low = rng.random(150) < 0.3
    X[m + "__below"] = np.where(low, 1.2, np.nan)
    X[m] = X[m].mask(low)
X[BATCH] = (np.arange(150) % 2).astype(float)
y = (rng.random(150) < 0.4).astype(int)
plain = Handling()
full = Handling(limits="conditional", missing="regression", residualise=("age", "bmi"),
                harmonise="combat", harmonised=("IL1B", "IL6", "CRP"))
columns = (*SCHEMA.columns, batch_column(("a", "b")))
for module, handling in ((elastic_net, full), (shallow_xgboost, plain), (elastic_net, plain)):
    schema = FeatureSchema(columns, handling)
    pipeline = module.build(schema, random_state=0)
    fitted = CalibratedProcedure(pipeline, folds=2).fit(X[list(schema.names)], y)
    save_procedure(fitted, Path("m.skops"))
    print(sha256(Path("m.skops").read_bytes()).hexdigest())
"""


@pytest.mark.slow
def test_two_processes_with_other_hash_seeds_write_the_same_bytes(tmp_path):
    found = []
    for seed in ("1", "2"):
        home = tmp_path / seed
        home.mkdir()
        env = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(REPO)}
        done = subprocess.run(
            [sys.executable, "-c", FIT], cwd=home, env=env, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        found.append(done.stdout.split())
    assert found[0] == found[1]
    assert len(set(found[0])) == 3


def test_canonical_bytes_score_the_same(folder, procedures, trial):
    X, _ = trial
    loaded, _ = load_model(folder)
    expected = procedures["elastic_net"].predict_proba(X)
    np.testing.assert_array_equal(loaded.predict_proba(X), expected)
