"""Contributions from tables are XGBoost's own, but for its rounding, whatever the trees."""

import numpy as np
import pytest
import xgboost

from signature.learn.boosting import ShallowBoosting
from signature.learn.shallow_shapley import DEEPEST, ShallowTrees


def made_up(n=400, p=6, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p))
    # gaps in half of the columns; ties and thresholds that single precision rounds in one
    X[:, : p // 2][rng.random((n, p // 2)) < 0.3] = np.nan
    X[:, -1] = np.round(X[:, -1] * 10) / 10
    y = (np.nan_to_num(X[:, 0]) * X[:, 4] + X[:, 5] + rng.normal(size=n) > 0).astype(int)
    return X, y


def theirs(model, X):
    data = xgboost.DMatrix(model.as_seen(X), nthread=1)
    return model.booster.predict(data, pred_contribs=True).astype("float64")


@pytest.mark.parametrize(
    "told",
    [
        {"max_depth": 1},
        {"max_depth": 2},
        {"max_depth": 3, "n_rounds": 120},
        {"max_depth": 3, "min_child_weight": 12.0},  # leaves that come early
        {"max_depth": 3, "reg_alpha": 1e6},  # no tree splits at all
        {"max_depth": 3, "n_columns": 1},  # the same column again and again on a path
    ],
)
def test_the_tables_say_what_xgboost_computes(told):
    told = dict(told)
    X, y = made_up()
    X = X[:, -told.pop("n_columns", 6) :]
    model = ShallowBoosting(n_rounds=told.pop("n_rounds", 40), **told).fit(X, y)
    assert ShallowTrees.of(model.booster) is not None
    new, _ = made_up(n=700, seed=1)
    new = new[:, -X.shape[1] :]
    new[::5] = np.nan
    found = model.contributions(new)
    np.testing.assert_allclose(found, theirs(model, new), rtol=0, atol=3e-6)
    np.testing.assert_allclose(found.sum(axis=1), model.decision_function(new), rtol=0, atol=3e-6)


def test_a_row_alone_gets_what_it_gets_among_others():
    X, y = made_up()
    model = ShallowBoosting(max_depth=3).fit(X, y)
    alone = np.vstack([model.contributions(X[[i]]) for i in range(20)])
    np.testing.assert_allclose(alone, model.contributions(X)[:20], rtol=0, atol=1e-12)


def test_deeper_trees_are_left_to_xgboost():
    X, y = made_up()
    model = ShallowBoosting(max_depth=DEEPEST + 2, n_rounds=5).fit(X, y)
    assert ShallowTrees.of(model.booster) is None
    np.testing.assert_array_equal(model.contributions(X), theirs(model, X))
