"""The sigmoid: right on average, never upside down, and fitted to scores of unseen rows."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from signature.learn.calibration import CalibratedProcedure, fit_sigmoid


@given(st.integers(0, 2**31), st.integers(12, 200), st.floats(0.1, 20), st.floats(-5, 5))
@settings(max_examples=40, deadline=None)
def test_the_mean_probability_is_the_smoothed_event_rate(seed, n, scale, shift):
    rng = np.random.default_rng(seed)
    event = np.r_[0, 1, rng.integers(0, 2, n - 2)]
    scores = scale * rng.normal(size=n) + shift
    slope, intercept = fit_sigmoid(scores, event)
    assert slope >= 0
    p = 1 / (1 + np.exp(-(slope * scores + intercept)))
    n1, n0 = event.sum(), n - event.sum()
    target = (n1 * (n1 + 1) / (n1 + 2) + n0 / (n0 + 2)) / n
    assert p.mean() == pytest.approx(target, abs=1e-5)


def test_equals_a_logistic_regression_on_many_rows():
    rng = np.random.default_rng(1)
    scores = rng.normal(size=20_000)
    event = (rng.random(20_000) < 1 / (1 + np.exp(-(0.7 * scores - 1)))).astype(int)
    oracle = LogisticRegression(C=np.inf, tol=1e-10).fit(scores[:, None], event)
    slope, intercept = fit_sigmoid(scores, event)
    assert slope == pytest.approx(oracle.coef_[0, 0], abs=1e-3)
    assert intercept == pytest.approx(oracle.intercept_[0], abs=1e-3)


def test_a_score_that_ranks_the_wrong_way_round_is_not_turned_round():
    scores = np.linspace(-2, 2, 40)
    slope, intercept = fit_sigmoid(scores, (scores < 0).astype(int))
    assert slope == 0
    assert intercept == pytest.approx(0, abs=1e-6)


def test_the_same_score_for_everybody_gives_the_event_rate():
    slope, intercept = fit_sigmoid(np.full(100, 3.0), np.r_[np.ones(20), np.zeros(80)])
    assert 1 / (1 + np.exp(-(slope * 3 + intercept))) == pytest.approx(0.2, abs=0.01)


class _Memory(ClassifierMixin, BaseEstimator):
    """Knows the outcome of the rows that it was fitted on, and nothing of others."""

    def fit(self, X, y):
        self.classes_ = np.array([0, 1])
        self.known_ = dict(zip(X["id"], y, strict=True))
        return self

    def decision_function(self, X):
        return np.array([{0: -9.0, 1: 9.0}.get(self.known_.get(i), 0.0) for i in X["id"]])


def test_the_sigmoid_never_sees_scores_of_rows_the_model_was_fitted_on():
    X = pd.DataFrame({"id": np.arange(60.0)})
    y = np.arange(60) % 2
    fitted = CalibratedProcedure(_Memory()).fit(X, y)
    # out of fold the memory is empty, so there is nothing to be steep about
    assert fitted.slope_ * 9 + fitted.intercept_ < 10
    assert fitted.slope_ == 1.0
    assert fitted.intercept_ == pytest.approx(0, abs=0.01)


def test_a_group_is_never_split_between_fitting_and_scoring():
    X = pd.DataFrame({"id": np.repeat(np.arange(40.0), 3)})
    y = np.repeat(np.arange(40) % 2, 3)
    grouped = CalibratedProcedure(_Memory()).fit(X, y, groups=X["id"].to_numpy())
    loose = CalibratedProcedure(_Memory()).fit(X, y)
    assert grouped.slope_ == 1.0
    assert loose.slope_ != 1.0


class _Asking(LogisticRegression):
    """Remembers whose rows it was given."""

    def fit(self, X, y, groups=None, sites=None):
        self.seen_, self.where_ = groups, sites
        return super().fit(X, y)


def test_a_model_that_asks_is_told_whose_rows_they_are():
    rng = np.random.default_rng(0)
    X, y, person = rng.normal(size=(40, 3)), np.arange(40) % 2, np.arange(40) // 4
    asking = Pipeline([("scale", StandardScaler()), ("model", _Asking())])
    fitted = CalibratedProcedure(asking, folds=2).fit(X, y, groups=person)
    np.testing.assert_array_equal(fitted.estimator_[-1].seen_, person)
    assert fitted.estimator_[-1].where_ is None
    fitted.fit(X, y, groups=person, sites=person % 2)
    np.testing.assert_array_equal(fitted.estimator_[-1].where_, person % 2)
    silent = Pipeline([("scale", StandardScaler()), ("model", LogisticRegression())])
    CalibratedProcedure(silent, folds=2).fit(X, y, groups=person, sites=person % 2)
