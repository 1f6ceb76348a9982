"""The compiled paths, against scikit-learn's solvers at tight tolerance."""

import subprocess
import sys
import textwrap

import numpy as np
import pytest
from sklearn.linear_model import ElasticNet, LogisticRegression

from signature.learn.elastic_net_path import elastic_net_path


def _data(n, p, seed, correlation=0.0):
    rng = np.random.default_rng(seed)
    X = np.sqrt(1 - correlation) * rng.normal(size=(n, p))
    X += np.sqrt(correlation) * rng.normal(size=(n, 1))
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    eta = X[:, :3] @ np.array([1.0, -0.8, 0.5])
    y = (rng.random(n) < 1 / (1 + np.exp(-eta))).astype(float)
    return X, y, rng


@pytest.mark.parametrize("correlation", [0.0, 0.9])
@pytest.mark.parametrize(("n", "p"), [(80, 10), (40, 120)])
@pytest.mark.parametrize("l1_ratio", [1.0, 0.5, 0.1])
def test_logistic_paths_equal_saga(n, p, l1_ratio, correlation):
    X, y, rng = _data(n, p, seed=n + p, correlation=correlation)
    weight = rng.uniform(0.5, 2.0, size=n)
    # small enough that something is used: saga stops at once, its intercept unsettled, where not
    w = weight / weight.sum()
    largest = np.abs(X.T @ (w * (y - w @ y))).max() / l1_ratio
    lambdas = [0.6 * largest, 0.3 * largest, 0.15 * largest]
    found = elastic_net_path(X, y, lambdas, l1_ratio=l1_ratio, sample_weight=weight)
    for lam, coef, intercept in zip(lambdas, found.coef, found.intercept, strict=True):
        model = LogisticRegression(
            solver="saga", l1_ratio=l1_ratio, C=1 / (lam * n), tol=1e-10, max_iter=100_000
        ).fit(X, y, sample_weight=weight * n / weight.sum())
        np.testing.assert_allclose(coef, model.coef_[0], atol=1e-6)
        assert (coef != 0).any()
        assert intercept == pytest.approx(model.intercept_[0], abs=1e-6)


def test_ridge_paths_equal_lbfgs():
    X, y, _ = _data(60, 20, seed=1)
    found = elastic_net_path(X, y, [0.1], l1_ratio=0.0)
    model = LogisticRegression(C=1 / (0.1 * 60), tol=1e-12, max_iter=10_000).fit(X, y)
    np.testing.assert_allclose(found.coef[0], model.coef_[0], atol=1e-6)


def test_linear_paths_equal_coordinate_descent():
    X, _, rng = _data(50, 80, seed=2, correlation=0.5)
    y = X[:, 0] - X[:, 1] + rng.normal(size=50)
    for l1_ratio in (1.0, 0.3):
        found = elastic_net_path(X, y, [0.5, 0.2], l1_ratio=l1_ratio, family="linear")
        for lam, coef in zip([0.5, 0.2], found.coef, strict=True):
            model = ElasticNet(alpha=lam, l1_ratio=l1_ratio, tol=1e-14, max_iter=100_000)
            np.testing.assert_allclose(coef, model.fit(X, y).coef_, atol=1e-6)


def test_unpenalised_columns_and_intercept_meet_their_conditions_exactly():
    """The gradient of whatever is not penalised is zero, of the rest at most the penalty."""
    X, y, rng = _data(100, 60, seed=3)
    weight, lam = rng.uniform(0.5, 2.0, size=100), 0.08
    found = elastic_net_path(X, y, [lam], unpenalised=[4, 7], sample_weight=weight)
    p = 1 / (1 + np.exp(-(X @ found.coef[0] + found.intercept[0])))
    rest = weight / weight.sum() * (y - p)
    gradient = X.T @ rest
    assert abs(rest.sum()) < 1e-8
    assert np.abs(gradient[[4, 7]]).max() < 1e-8
    assert (found.coef[0][[4, 7]] != 0).all()
    others = np.delete(np.arange(60), [4, 7])
    used = others[found.coef[0][others] != 0]
    assert 0 < len(used) < len(others)
    np.testing.assert_allclose(gradient[used], lam * np.sign(found.coef[0][used]), atol=1e-8)
    assert np.abs(gradient[others]).max() <= lam + 1e-8


def test_a_path_equals_its_steps_fitted_alone():
    X, y, _ = _data(60, 200, seed=4, correlation=0.3)
    lambdas = np.geomspace(0.3, 0.02, 12)
    whole = elastic_net_path(X, y, lambdas)
    alone = [elastic_net_path(X, y, [lam]).coef[0] for lam in lambdas]
    np.testing.assert_allclose(whole.coef, alone, atol=1e-6)


def test_a_separating_column_and_constant_and_equal_columns():
    X, y, _ = _data(40, 5, seed=5)
    X[:, 0] = np.where(y == 1, 1.0, -1.0)
    X[:, 1] = 0.0
    X[:, 3] = X[:, 2]
    found = elastic_net_path(X, y, [0.1, 0.001])
    assert np.isfinite(found.coef).all()
    assert found.coef[1, 0] > 1
    assert found.coef[1, 1] == 0


@pytest.mark.parametrize("lambdas", [[], [0.1, 0.2], [0.1, 0.0], [[0.1]]])
def test_penalties_that_cannot_be_are_refused(lambdas):
    with pytest.raises(ValueError, match="falling"):
        elastic_net_path(np.eye(4), np.array([0, 1, 0, 1]), lambdas)


def test_without_numba_the_message_says_what_to_install():
    script = """
        import sys
        sys.modules["numba"] = None
        import numpy as np
        from signature.learn.elastic_net_path import elastic_net_path
        try:
            elastic_net_path(np.eye(4), np.array([0, 1, 0, 1]), [0.1])
        except Exception as error:
            print(type(error).__name__, error)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("MissingExtraError fitting penalised models needs numba")
