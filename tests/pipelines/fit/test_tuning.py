"""Tuning: shortcuts change the time and nothing else, and no row is scored by its own model."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.pipeline import Pipeline

from pipelines.fit.fitting import Rows
from pipelines.fit.tuning import Tuner, fit_tuned
from pipelines.question.assembly import assemble
from pipelines.question.experiment import load_experiment
from signature.learn.calibration import decision
from signature.study.splits import person_folds
from signature.study.whose import Whose
from tests.made.candidates_of import probability_candidates
from tests.made.checkout import EXPERIMENTS

EXPERIMENT = EXPERIMENTS / "opt_periodontal_nonresponse.toml"
CANDIDATES = probability_candidates()


@pytest.fixture(scope="module")
def rows() -> Rows:
    return Rows.of(assemble(load_experiment(EXPERIMENT)).cohort)


def _tuner(rows: Rows, name: str, trials: int = 4) -> Tuner:
    return Tuner(CANDIDATES[name], rows.schema, rows.X, rows.outcome, rows.whose, 3, trials, 11, 12)


@pytest.mark.parametrize("name", sorted(CANDIDATES))
def test_shared_folds_give_what_refitting_the_whole_pipeline_gives(rows, name):
    tuner = _tuner(rows, name)
    tuned = tuner.run()
    for train, held_out in person_folds(rows.outcome, rows.whose.person, 3, 12):
        whole = clone(tuner.build().set_params(**tuned.params))
        whole.fit(rows.X.iloc[train], rows.outcome[train])
        expected = decision(whole, rows.X.iloc[held_out])
        np.testing.assert_allclose(tuned.out_of_fold[held_out], expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("name", ["elastic_net", "shallow_xgboost"])
def test_the_same_seed_gives_the_same_bits(rows, name):
    one, same = _tuner(rows, name).run(), _tuner(rows, name).run()
    assert one.params == same.params
    np.testing.assert_array_equal(one.out_of_fold, same.out_of_fold)
    assert one.trials.equals(same.trials)


def test_what_is_learned_before_the_model_is_learned_from_training_rows_alone(rows):
    """Standardised by its own rows a fold's training part has mean 0; by all rows it would not."""
    tuner = _tuner(rows, "elastic_net", trials=1)
    tuner.run()
    (folds,) = tuner._prepared.values()
    for fold in folds:
        np.testing.assert_allclose(fold.train.mean(), 0, atol=1e-9)
        assert np.abs(fold.held_out.mean()).max() > 0.05


def test_a_candidate_without_parameters_is_looked_at_once(rows):
    assert len(_tuner(rows, "intercept_only", trials=9).run().trials) == 1


def test_the_fitted_procedure_uses_the_tuned_parameters(rows):
    tuner = _tuner(rows, "shallow_xgboost")
    tuned = tuner.run()
    fitted = fit_tuned(tuner, tuned)
    assert fitted.estimator_[-1].n_rounds == tuned.params["model__n_rounds"]
    assert fitted.slope_ >= 0


def test_a_choice_among_a_few_is_tried_once_each(rows, monkeypatch):
    looks = []
    monkeypatch.setattr(
        Tuner, "_fold_loss", lambda self, fold, params, tail: (looks.append(params), (0.5, {}))[1]
    )
    tuner = _tuner(rows, "stable_signature", trials=20)
    _, trials = tuner._search()
    assert len(looks) == 2 * tuner.folds
    assert set(trials["learner"]) == {"elastic_net", "marginal"}
    assert tuner.sets == 2


class _Sure(ClassifierMixin, BaseEstimator):
    """Log-odds that are the first column, so many times over."""

    def __init__(self, times: float = 0.0) -> None:
        self.times = times

    def fit(self, X, y):
        """Learn nothing."""
        self.classes_ = np.array([0, 1])
        return self

    def decision_function(self, X):
        """Return them."""
        return self.times * np.asarray(X)[:, 0]


def test_a_few_sets_are_compared_as_candidates_are_after_calibration(rows):
    """One that ranks well and is too sure beats one that knows nothing."""
    rng = np.random.default_rng(0)
    eta = rng.normal(size=200)
    y = (eta + rng.logistic(size=200) > 0).astype(int)
    candidate = SimpleNamespace(
        build=lambda schema, *, random_state: Pipeline([("model", _Sure())]),
        space=lambda trial: {"model__times": trial.suggest_categorical("times", [0.0, 20.0])},
    )
    tuner = Tuner(
        candidate, rows.schema, pd.DataFrame({"eta": eta}), y, Whose(np.arange(200)), 3, 20, 11, 12
    )
    tuned = tuner.run()
    by_times = tuned.trials.drop_duplicates("times").set_index("times")["loss"]
    assert by_times[0.0] < by_times[20.0]
    assert tuned.params == {"model__times": 20.0}
    assert tuned.loss < np.log(2)
