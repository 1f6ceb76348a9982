"""Shallow boosting: the tuned fold is the fitted model, and nothing is read off a missing value."""

import numpy as np
import pandas as pd
import pytest

from signature.learn.boosting import ShallowBoosting


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.normal(size=(240, 6)), columns=list("abcdef"))
    y = (rng.random(240) < 1 / (1 + np.exp(-2 * X["a"]))).astype(int).to_numpy()
    X.loc[X.index[::7], "b"] = np.nan
    return X, y


@pytest.mark.parametrize("learning_rate", [0.05, 0.3])
def test_the_tuned_fold_is_the_fitted_model(data, learning_rate):
    """Early stopping in the shared fold finds the loss that refitting with its rounds gives."""
    X, y = data
    model = ShallowBoosting(learning_rate=learning_rate, random_state=3)
    fold = model.tuning_fold(X[:160], y[:160], X[160:], y[160:])
    loss, learned = fold.loss(model)
    fitted = model.set_params(n_rounds=int(learned["n_rounds"])).fit(X[:160], y[:160])
    eta = fitted.decision_function(X[160:])
    assert loss == pytest.approx(np.mean(np.logaddexp(0, eta) - y[160:] * eta), abs=1e-5)
    for other in (learned["n_rounds"] // 2, learned["n_rounds"] + 30):
        worse = model.set_params(n_rounds=max(1, int(other))).fit(X[:160], y[:160])
        eta = worse.decision_function(X[160:])
        assert loss < np.mean(np.logaddexp(0, eta) - y[160:] * eta) + 1e-5


def test_one_fold_serves_many_parameter_sets_without_remembering(data):
    X, y = data
    fold = ShallowBoosting().tuning_fold(X[:160], y[:160], X[160:], y[160:])
    model = ShallowBoosting(max_depth=2, random_state=1)
    first = fold.loss(model)
    fold.loss(ShallowBoosting(max_depth=3, learning_rate=0.3))
    assert fold.loss(model) == first


def test_a_value_missing_for_the_first_time_is_read_as_the_median(data):
    X, y = data
    model = ShallowBoosting(random_state=1).fit(X, y)
    absent = X.assign(a=np.nan)
    median = X.assign(a=X["a"].median())
    np.testing.assert_array_equal(model.predict_proba(absent), model.predict_proba(median))
    np.testing.assert_array_equal(model.contributions(absent), model.contributions(median))


def test_a_value_that_training_rows_miss_too_keeps_its_own_branch(data):
    X, y = data
    y = np.where(X["b"].isna(), 1, y)
    model = ShallowBoosting(random_state=1).fit(X, y)
    absent, median = X.assign(b=np.nan), X.assign(b=X["b"].median())
    assert (model.predict_proba(absent)[:, 1] > model.predict_proba(median)[:, 1]).all()


def test_contributions_add_up(data):
    X, y = data
    model = ShallowBoosting(random_state=1).fit(X, y)
    total = model.contributions(X).sum(axis=1)
    np.testing.assert_allclose(total, model.decision_function(X), atol=1e-5)


def test_the_seed_decides_the_bits(data):
    X, y = data
    one, same, other = (
        ShallowBoosting(subsample=0.5, random_state=s).fit(X, y).booster_.tobytes()
        for s in (1, 1, 2)
    )
    assert one == same
    assert one != other
