"""Normal variables below a limit, against quadrature and scipy."""

import numpy as np
import pytest
from scipy.integrate import dblquad
from scipy.stats import multivariate_normal, truncnorm

from signature.prepare.truncated_normal import below, draw_below, means_below


@pytest.mark.parametrize("limit", [-30.0, -8.0, -1.0, 0.0, 2.0, 9.0])
def test_mean_and_variance_are_those_of_scipy(limit):
    mean, variance = below(np.array([0.5]), 2.0, np.array([limit]))
    oracle = truncnorm(-np.inf, (limit - 0.5) / 2, loc=0.5, scale=2)
    assert mean[0] == pytest.approx(oracle.mean(), rel=1e-9)
    assert variance[0] == pytest.approx(oracle.var(), rel=1e-6)


def test_far_below_the_mean_nothing_overflows():
    limit = np.array([-99.0, -101.0, -1e6])
    mean, variance = below(np.zeros(3), 1.0, limit)
    np.testing.assert_allclose(mean - limit, 1 / limit, rtol=1e-3)
    assert (mean <= limit).all()
    np.testing.assert_allclose(variance, 1 / limit**2, rtol=1e-3)


@pytest.mark.parametrize("limit", [-40.0, -2.0, 1.0, np.inf])
def test_draws_have_the_distribution_of_scipy(limit):
    uniform = (np.arange(999) + 0.5) / 999
    drawn = draw_below(np.full(999, 1.0), 2.0, np.full(999, limit), uniform)
    oracle = truncnorm(-np.inf, (limit - 1) / 2, loc=1, scale=2).ppf(uniform)
    np.testing.assert_allclose(drawn, oracle, atol=1e-4)
    assert (drawn <= limit).all()


def test_a_uniform_number_of_zero_gives_a_number():
    assert np.isfinite(draw_below(np.zeros(2), 1.0, np.array([0.0, -50.0]), np.zeros(2))).all()


@pytest.mark.parametrize("r", [0.0, 0.5, 0.9])
@pytest.mark.parametrize("limits", [(0.0, 0.0), (-1.0, 0.7)])
def test_two_variables_below_limits_against_quadrature(r, limits):
    covariance = np.array([[1.0, r], [r, 1.0]])
    density = multivariate_normal([0.2, -0.1], covariance).pdf

    def integral(weight):
        return dblquad(
            lambda b, a: weight(a, b) * density([a, b]), -6, limits[0], -6, limits[1], epsabs=1e-7
        )[0]

    mass = integral(lambda a, b: 1.0)
    oracle = [integral(lambda a, b: a) / mass, integral(lambda a, b: b) / mass]
    precision = np.linalg.inv(covariance)
    found = means_below(
        precision[None], (precision @ [0.2, -0.1])[None], np.array(limits, dtype=float)[None]
    )
    np.testing.assert_allclose(found[0], oracle, atol=5e-3)


def test_a_row_does_not_see_the_others():
    rng = np.random.default_rng(0)
    factor = rng.normal(size=(50, 6, 6))
    precision = factor @ factor.transpose(0, 2, 1) + np.eye(6) * 0.1
    pull, limit = rng.normal(size=(50, 6)), rng.normal(size=(50, 6))
    together = means_below(precision, pull, limit)
    alone = [
        means_below(precision[i : i + 1], pull[i : i + 1], limit[i : i + 1]) for i in range(50)
    ]
    np.testing.assert_array_equal(together, np.concatenate(alone))
    assert (together <= limit).all()
