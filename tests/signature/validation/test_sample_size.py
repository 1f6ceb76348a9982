"""Sizes of development and validation against published software, and against simulation."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from signature.validation.binormal import binormal, cox_snell_from_auroc
from signature.validation.metrics import auroc, calibration_slope
from signature.validation.sample_size import (
    development_size,
    expected_shrinkage,
    largest_cox_snell,
    parameters_within,
)
from signature.validation.validation_precision import auroc_variance, validation_precision


@pytest.mark.parametrize(
    ("parameters", "event_rate", "cox_snell", "expected"),
    [
        # asserted by the tests of pmsampsize for Python and, but for its rounding then, for R
        (24, 0.174, 0.288, [623, 662, 221]),
        (24, 0.174, 0.55, [255, None, 221]),
        (36, 0.174, 0.288, [934, None, 221]),
        (24, 0.25, 0.288, [623, None, 289]),
    ],
)
def test_criteria_as_asserted_by_pmsampsize(parameters, event_rate, cox_snell, expected):
    found = development_size(parameters, event_rate, cox_snell)
    for criterion, n in zip(found.criteria, expected, strict=True):
        assert n is None or criterion.people == n
    assert found.n == max(c.people for c in found.criteria)


@pytest.mark.parametrize(("r2", "n", "factor"), [(0.288, 668, 0.906), (0.55, 532, 0.948)])
def test_optimism_as_printed_with_a_rounded_factor(r2, n, factor):
    """Older releases rounded the shrinkage to three digits, which is worth a few people."""
    own = development_size(24, 0.174, r2).criteria[1].people
    assert own == pytest.approx(n, rel=0.015)
    largest = largest_cox_snell(0.174)
    assert r2 / (r2 + 0.05 * largest) == pytest.approx(factor, abs=1e-3)


@pytest.mark.parametrize(
    ("auroc_", "event_rate", "parameters", "total"),
    # from 10⁶ simulated people there; the first two criteria of the first are 615 and 660
    [(0.89, 0.174, 24, 660), (0.89, 0.18, 6, 227), (0.81, 0.18, 6, 266)],
)
def test_sizes_from_an_auroc_as_printed_by_pmsampsize(auroc_, event_rate, parameters, total):
    r2 = cox_snell_from_auroc(auroc_, event_rate)
    found = development_size(parameters, event_rate, r2)
    assert found.n == pytest.approx(total, abs=1)
    if parameters == 24:
        assert [c.people for c in found.criteria[:2]] == [615, 660]


@given(st.floats(0.51, 0.99), st.floats(0.01, 0.99))
@settings(max_examples=50, deadline=None)
def test_r2_from_auroc_against_integration_on_a_grid(auroc_, event_rate):
    apart = np.sqrt(2) * norm.ppf(auroc_)
    x = np.linspace(-10, 10 + apart, 20_001)
    events, others = event_rate * norm.pdf(x, apart), (1 - event_rate) * norm.pdf(x)
    log_odds = np.log(event_rate / (1 - event_rate)) + norm.logpdf(x, apart) - norm.logpdf(x)
    terms = -events * np.logaddexp(0, -log_odds) - others * np.logaddexp(0, log_odds)
    known = np.trapezoid(terms, x)
    chance = event_rate * np.log(event_rate) + (1 - event_rate) * np.log1p(-event_rate)
    slow = 1 - np.exp(2 * (chance - known))
    assert cox_snell_from_auroc(auroc_, event_rate) == pytest.approx(slow, rel=1e-5, abs=1e-8)
    assert slow < largest_cox_snell(event_rate)


@given(st.integers(1, 300), st.floats(0.02, 0.98), st.floats(0.02, 0.9))
@settings(max_examples=60, deadline=None)
def test_what_is_read_backwards_agrees(parameters, event_rate, share):
    r2 = share * largest_cox_snell(event_rate)
    size = development_size(parameters, event_rate, r2)
    shrinkage, optimism, _ = size.criteria
    assert expected_shrinkage(shrinkage.people, parameters, r2) >= 0.9 - 1e-9
    if shrinkage.people > 1:
        assert expected_shrinkage(shrinkage.people - 1, parameters, r2) < 0.9
    enough = max(shrinkage.people, optimism.people)
    assert parameters_within(enough, event_rate, r2) >= parameters
    assert parameters_within(enough - 1, event_rate, r2) < parameters
    assert size.nagelkerke == pytest.approx(share)


def test_shrinkage_is_what_refitted_models_need():
    """Maximum likelihood on simulated predictors: the slope in new people is the criterion's."""
    rng = np.random.default_rng(0)
    parameters, n, per = 10, 250, 0.32
    beta = np.full(parameters, per)
    X = rng.normal(size=(200_000, parameters))
    p = 1 / (1 + np.exp(-(X @ beta)))
    y = rng.random(len(p)) < p
    log_likelihood = (np.log(p) * y + np.log1p(-p) * ~y).mean()
    r2 = 1 - np.exp(2 * (np.log(0.5) - log_likelihood))
    slopes = []
    for _ in range(150):
        rows = rng.integers(0, len(X), n)
        design = np.column_stack([np.ones(n), X[rows]])
        w = np.zeros(parameters + 1)
        for _ in range(15):
            q = 1 / (1 + np.exp(-(design @ w)))
            hessian = (design * (q * (1 - q))[:, None]).T @ design
            w += np.linalg.solve(hessian, design.T @ (y[rows] - q))
        # the truth is linear in normal predictors, so its slope on the fit is a projection
        slopes.append(beta @ w[1:] / (w[1:] @ w[1:]))
    assert np.mean(slopes) == pytest.approx(expected_shrinkage(n, parameters, r2), abs=0.02)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: development_size(0, 0.2, 0.1), "parameters must be 1 or more; got 0"),
        (lambda: development_size(5, 0.2, 0.7), "below 0.632, the largest possible"),
        (lambda: development_size(5, 0.2, 0.0), "above 0"),
        (lambda: development_size(5, 1.0, 0.1), "event_rate must lie between 0 and 1"),
        (lambda: development_size(5, 0.2, 0.3, shrinkage=0.2), "shrinkage must be above"),
        (lambda: development_size(5, 0.2, 0.1, margin=float("nan")), "margin must lie"),
        (lambda: cox_snell_from_auroc(1.0, 0.2), "auroc must be at least 0.5 and below 1"),
        (lambda: cox_snell_from_auroc(0.4, 0.2), "auroc must be at least 0.5"),
        (lambda: expected_shrinkage(0, 3, 0.2), "must be 1 or more"),
        (lambda: validation_precision(1, 0.2, 0.7), "n must be 2 or more"),
        (lambda: validation_precision(100, 0.2, 0.5), "auroc must be above 0.5"),
        (lambda: validation_precision(100, 0.2, 0.7, threshold=1), "threshold must lie"),
    ],
)
def test_impossible_designs_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_hopelessly_few_people_shrink_to_the_r2_itself():
    assert expected_shrinkage(1, 10_000, 0.2) == pytest.approx(0.2)


def _by_measure(*args, **kwargs):
    return {p.measure: p for p in validation_precision(*args, **kwargs)}


def test_validation_sizes_as_asserted_by_pmvalsampsize():
    """Prevalence 0.018, AUROC 0.8; an interval of O/E that is 1 wide, stepped finely there."""
    widths = {"auroc": 0.1, "observed_over_expected": 1, "calibration_slope": 0.2}
    found = _by_measure(4252, 0.018, 0.8, widths=widths)
    assert found["observed_over_expected"].n_needed == pytest.approx(905, abs=1)
    assert found["auroc"].n_needed == pytest.approx(4252, abs=1)
    # from 10⁴ simulated people with 180 events there, so to two digits
    assert found["calibration_slope"].n_needed == pytest.approx(16175, rel=0.1)


def test_an_interval_is_as_wide_as_asked_at_the_size_needed():
    for measure in ("auroc", "observed_over_expected", "calibration_slope", "net_benefit"):
        first = _by_measure(100, 0.25, 0.78, threshold=0.3)[measure]
        at, before = (
            _by_measure(first.n_needed - less, 0.25, 0.78, threshold=0.3)[measure]
            for less in (0, 1)
        )
        assert at.high - at.low <= at.target_width < before.high - before.low


def test_binormal_people_are_calibrated_and_rank_as_asked():
    log_odds, weight, event = binormal(0.8, 0.2)
    assert weight.sum() == pytest.approx(1)
    chance = 1 / (1 + np.exp(-log_odds))
    assert weight @ chance == pytest.approx(0.2, abs=1e-6)
    assert weight[event].sum() == pytest.approx(0.2)
    assert weight @ (log_odds * chance) == pytest.approx(weight[event] @ log_odds[event], abs=1e-6)
    apart = weight[event] @ log_odds[event] / 0.2 - weight[~event] @ log_odds[~event] / 0.8
    variance = weight[event] @ (log_odds[event] ** 2) / 0.2
    variance -= (weight[event] @ log_odds[event] / 0.2) ** 2
    assert norm.cdf(apart / np.sqrt(2 * variance)) == pytest.approx(0.8)


def test_standard_errors_are_those_of_simulated_validations():
    rng = np.random.default_rng(1)
    n, event_rate, c, threshold, studies = 800, 0.3, 0.75, 0.4, 1500
    apart = np.sqrt(2) * norm.ppf(c)
    y = rng.random((studies, n)) < event_rate
    log_odds = rng.normal(size=(studies, n)) * apart + np.where(y, 0.5, -0.5) * apart**2
    log_odds += np.log(event_rate / (1 - event_rate))
    ones = np.ones((1, n))
    p = 1 / (1 + np.exp(-log_odds))
    aurocs = [auroc(a.astype(int), b, ones)[0] for a, b in zip(y, p, strict=True)]
    slopes = [
        calibration_slope(a.astype(int), b, ones)[0] for a, b in zip(y[:700], p, strict=False)
    ]
    treated, rate = p >= threshold, y.mean(axis=1)
    odds = threshold / (1 - threshold)
    benefits = ((treated & y).mean(axis=1) - odds * (treated & ~y).mean(axis=1)) / rate
    expected = _by_measure(n, event_rate, c, threshold=threshold)
    se = {m: (e.high - e.low) / (2 * 1.959964) for m, e in expected.items()}
    assert np.std(aurocs) == pytest.approx(se["auroc"], rel=0.08)
    assert np.std(slopes) == pytest.approx(se["calibration_slope"], rel=0.1)
    assert np.std(benefits) == pytest.approx(se["net_benefit"], rel=0.08)
    assert np.mean(benefits) == pytest.approx(expected["net_benefit"].anticipated, abs=0.01)
    # expected events are not random here: the model's mean risk is taken as known
    log_ratio = np.log(rate / event_rate)
    ratio = np.log(expected["observed_over_expected"].high) / 1.959964
    assert np.std(log_ratio) == pytest.approx(ratio, rel=0.08)


def test_variance_of_an_auroc_at_one_half_is_near_the_exact_one():
    """Without ties and at 1/2 it is (n + 1) / (12 · events · others)."""
    n, rate = 500, 0.4
    exact = (n + 1) / (12 * n**2 * rate * (1 - rate))
    assert auroc_variance(0.5, n, rate) == pytest.approx(exact, rel=0.01)
