"""The contract of candidates that predict benefit, from raw columns to a saved file."""

import sys

import numpy as np
import pandas as pd
import pytest
import skops.io
from sklearn.base import clone
from sklearn.pipeline import Pipeline

from pipelines.question.assembly import assemble
from pipelines.question.experiment import load_experiment
from signature.exceptions import ExperimentError, MissingExtraError
from signature.randomness import generator
from signature.serve.persistence import TRUSTED_TYPES
from signature.study.schema import Column, FeatureSchema, Role, Scale, censored
from tests.made.candidates_of import effect_candidates, probability_candidates
from tests.made.checkout import EXPERIMENTS

EXPERIMENT = EXPERIMENTS / "simulated_signature.toml"
CANDIDATES = effect_candidates()
FITTED = sorted(set(CANDIDATES) - {"effect_causal_forest"})
"""Those whose library is there."""

SCHEMA = FeatureSchema(
    (
        Column("age", Role.CLINICAL, "demographics", unit="years", low=14, high=50),
        *censored(
            Column("IL6", Role.MARKER, "cytokine", unit="pg/mL", scale=Scale.LOG2, low=0, high=1e4)
        ),
        *(
            Column(
                f"M{i}", Role.MARKER, "cytokine", unit="pg/mL", scale=Scale.LOG2, low=0, high=1e4
            )
            for i in range(8)
        ),
    )
).choose(baseline=["demographics"], panel=["cytokine"], confounders=["demographics"])


@pytest.fixture(scope="module")
def told():
    """Raw rows with gaps and limits, outcomes, and arms two to one."""
    rng = generator(0, "effect models")
    n = 240
    X = pd.DataFrame(np.exp2(rng.normal(4, 1, size=(n, 9))), columns=["IL6", *_M])
    benefit = 1.2 * (np.log2(X["M0"]) - 4)
    X["age"] = rng.normal(30, 5, size=n)
    arm = rng.permutation((np.arange(n) % 3 > 0).astype(int))
    y = 0.3 * X["age"] + arm * (0.5 + benefit) + rng.normal(size=n)
    X["IL6__below"] = np.where(X["IL6"] < 8, 8.0, np.nan)
    X["IL6"] = X["IL6"].where(X["IL6"] >= 8)
    X.loc[::11, "M1"] = np.nan
    X = X[list(SCHEMA.names)].astype("float64")
    return X, y.to_numpy(), arm, np.full(n, 2 / 3), benefit.to_numpy()


_M = [f"M{i}" for i in range(8)]


@pytest.fixture(scope="module")
def fitted(told):
    return {name: _fit(name, told) for name in FITTED}


def _fit(name, told, **more):
    X, y, arm, share, _ = told
    pipeline = CANDIDATES[name].build(SCHEMA, random_state=0)
    return pipeline.fit(X, y, model__treated=arm, model__share=share, **more)


def test_the_two_kinds_of_candidates_are_told_apart():
    assert len(CANDIDATES) == 7
    assert not set(CANDIDATES) & set(probability_candidates())
    assert all(name.startswith("effect_") for name in CANDIDATES)
    assert len({m.LABEL for m in CANDIDATES.values()}) == 7


@pytest.mark.parametrize("name", CANDIDATES)
def test_an_unfitted_pipeline_is_cloned_and_has_nothing_to_tune(name):
    module = CANDIDATES[name]
    pipeline = module.build(SCHEMA, random_state=7)
    assert isinstance(pipeline, Pipeline)
    assert pipeline.steps[-1][0] == "model"
    copy = clone(pipeline)
    assert copy["model"].get_params() == pipeline["model"].get_params()
    assert copy["model"].random_state == 7
    assert module.space(None) == {}


@pytest.mark.parametrize("name", FITTED)
def test_benefit_is_predicted_from_raw_rows(name, fitted, told):
    X, _, _, _, benefit = told
    predicted = fitted[name].predict(X)
    assert predicted.shape == (len(X),)
    assert np.corrcoef(predicted, benefit)[0, 1] > 0.6
    assert predicted.mean() == pytest.approx(0.5 + benefit.mean(), abs=0.5)


@pytest.mark.parametrize("name", FITTED)
def test_a_row_does_not_depend_on_its_company(name, fitted, told):
    rows = told[0].head(20)
    alone = [fitted[name].predict(rows.iloc[[i]])[0] for i in range(20)]
    np.testing.assert_allclose(fitted[name].predict(rows), alone, rtol=1e-9)


@pytest.mark.parametrize("name", FITTED)
def test_weights_and_persons_are_handed_through(name, fitted, told):
    X = told[0]
    weight = np.arange(len(X)) % 4 + 0.5
    weighted = _fit(name, told, model__weight=weight, model__person=np.arange(len(X)))
    assert np.abs(weighted.predict(X) - fitted[name].predict(X)).max() > 1e-3


@pytest.mark.parametrize("name", FITTED)
def test_the_seed_decides_the_bits(name, fitted, told):
    np.testing.assert_array_equal(_fit(name, told).predict(told[0]), fitted[name].predict(told[0]))


@pytest.mark.parametrize("name", FITTED)
def test_a_saved_model_predicts_as_the_fitted_one(name, fitted, told, tmp_path):
    file = tmp_path / "model.skops"
    skops.io.dump(fitted[name], file)
    trusted = {*TRUSTED_TYPES, *CANDIDATES[name].TRUSTED_TYPES}
    assert set(skops.io.get_untrusted_types(file=file)) <= trusted
    loaded = skops.io.load(file, trusted=sorted(trusted))
    np.testing.assert_array_equal(loaded.predict(told[0]), fitted[name].predict(told[0]))


def test_a_causal_forest_says_what_is_to_be_installed(told, monkeypatch):
    monkeypatch.setitem(sys.modules, "econml", None)
    with pytest.raises(MissingExtraError, match=r"immune-signature\[causal\]"):
        _fit("effect_causal_forest", told)


def test_an_ordinary_experiment_refuses_them(tmp_path):
    text = EXPERIMENT.read_text(encoding="utf-8")
    assert "[candidates]" not in text
    file = tmp_path / EXPERIMENT.name
    file.write_text(text + '\n[candidates]\ncontenders = ["effect_r_learner"]\n', encoding="utf-8")
    with pytest.raises(ExperimentError, match="'effect_r_learner' predict benefit of a treatment"):
        assemble(load_experiment(file))
