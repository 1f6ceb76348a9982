"""Elastic-net logistic regression agrees with scikit-learn's, and tunes as it fits."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.utils.estimator_checks import parametrize_with_checks

from signature.learn.penalised_logistic import PenalisedLogistic


def _data(n, p, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p))
    return X, (X[:, :3].sum(axis=1) + 2 * rng.normal(size=n) > 0).astype(int)


@parametrize_with_checks([PenalisedLogistic(), PenalisedLogistic(C=0.5, l1_ratio=0.5)])
def test_scikit_learn_takes_it_for_one_of_its_own(estimator, check):
    check(estimator)


@pytest.mark.parametrize("l1_ratio", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("C", [0.01, 0.1, 1.0])
def test_weights_are_those_of_scikit_learn(C, l1_ratio):
    X, y = _data(150, 20)
    told = {"C": C, "l1_ratio": l1_ratio}
    oracle = LogisticRegression(solver="saga", tol=1e-11, max_iter=50_000, **told).fit(X, y)
    found = PenalisedLogistic(**told).fit(X, y)
    np.testing.assert_allclose(found.coef_, oracle.coef_, atol=1e-6)
    # saga looks at the coefficients alone before it stops, so its intercept may be the worse one
    assert _objective(found, X, y, **told) <= _objective(oracle, X, y, **told) + 1e-10


def _objective(model, X, y, *, C, l1_ratio):
    eta, weights = model.decision_function(X), model.coef_[0]
    penalty = l1_ratio * np.abs(weights).sum() + (1 - l1_ratio) / 2 * (weights**2).sum()
    return C * np.sum(np.logaddexp(0, eta) - y * eta) + penalty


def test_without_a_weight_the_answer_is_the_event_rate():
    X, y = _data(150, 20)
    found = PenalisedLogistic(C=1e-4, l1_ratio=1.0).fit(X, y)
    assert not found.coef_.any()
    np.testing.assert_allclose(found.predict_proba(X)[:, 1], y.mean(), atol=1e-8)


def test_a_separable_panel_gets_finite_weights():
    X, _ = _data(40, 200)
    y = (X[:, 0] > 0).astype(int)
    found = PenalisedLogistic(C=10, l1_ratio=0.0).fit(X, y)
    gradient = X.T @ (y - found.predict_proba(X)[:, 1]) - found.coef_[0] / 10
    assert np.abs(gradient).max() < 1e-6 * len(y)


def test_a_tuning_fold_gives_the_loss_of_a_fit():
    X, y = _data(120, 15, seed=1)
    model = PenalisedLogistic(C=0.2, l1_ratio=0.5)
    fold = model.tuning_fold(X[:80], y[:80], X[80:], y[80:])
    p = model.fit(X[:80], y[:80]).predict_proba(X[80:])[:, 1]
    expected = -np.mean(y[80:] * np.log(p) + (1 - y[80:]) * np.log(1 - p))
    loss, learned = fold.loss(model)
    assert loss == pytest.approx(expected, rel=1e-12)
    assert learned == {}


@pytest.mark.parametrize("told", [{"C": 0}, {"C": -1.0}, {"l1_ratio": 1.5}, {"l1_ratio": -0.1}])
def test_parameters_out_of_range_are_refused(told):
    with pytest.raises(ValueError, match="C must be positive and l1_ratio from 0 to 1"):
        PenalisedLogistic(**told).fit(*_data(30, 3))
