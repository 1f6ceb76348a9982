"""The best single marker: chosen by ranks alone, and brings its 0/1 column along."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from signature.learn.single_marker import BestSingleMarker, column_auroc


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    y = np.arange(100) % 2
    X = pd.DataFrame({"weak": rng.normal(size=100) + 0.2 * y, "down": rng.normal(size=100) - 2 * y})
    X["down__censored"] = (X["down"] < -2).astype(float)
    X["clinical"] = 5.0 * y + rng.normal(size=100)
    return X, y


def test_the_furthest_from_one_half_wins_in_either_direction(data):
    X, y = data
    model = BestSingleMarker(among=["weak", "down"]).fit(X, y)
    assert model.chosen_ == ["down", "down__censored"]
    assert model.coef_[0][0] == model.coef_[0][3] == 0
    assert roc_auc_score(y, model.decision_function(X)) > 0.9


def test_it_chooses_among_the_named_columns_only(data):
    X, y = data
    assert BestSingleMarker().fit(X, y).chosen_ == ["clinical"]
    assert BestSingleMarker(among=["weak"]).fit(X, y).chosen_ == ["weak"]
    with pytest.raises(ValueError, match="none of the 4 columns"):
        BestSingleMarker(among=["elsewhere"]).fit(X, y)


def test_ranks_alone_decide(data):
    X, y = data
    same = X.assign(down=np.sign(X["down"]) * np.abs(X["down"]) ** 3)
    assert BestSingleMarker(["weak", "down"]).fit(same, y).chosen_[0] == "down"


def test_column_auroc_equals_scikit_learn_with_ties():
    rng = np.random.default_rng(1)
    X, y = np.round(rng.normal(size=(80, 5)), 1), rng.integers(0, 2, 80)
    expected = [roc_auc_score(y, X[:, i]) for i in range(5)]
    np.testing.assert_allclose(column_auroc(X, y), expected)
