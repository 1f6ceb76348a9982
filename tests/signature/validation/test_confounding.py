"""Conditional test of predictions: against independent fits, and by counting rejections."""

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize
from scipy.special import expit
from scipy.stats import binomtest, norm

from signature.learn.binary import log_odds
from signature.validation import confounding
from signature.validation.confounder_design import PeopleAtSites, confounder_design
from signature.validation.confounding import confounder_test


def _study(rng, n, *, effect=0.0, curved=0.0, visits=1):
    """Age, BMI, sex and site drive both prediction and outcome; `effect` is the marker's own."""
    age, sex = rng.normal(size=n), rng.integers(0, 2, n)
    bmi = 0.3 * age + rng.normal(size=n)
    smoker = (rng.random(n) < 0.3).astype(float)
    site = np.array(["A", "B", "C"])[rng.integers(0, 3, n)]
    risk = 0.8 * age + 0.4 * bmi + 0.5 * sex + 0.4 * (site == "B") + curved * (age**2 - 1) - 0.9
    marker = rng.normal(size=n)
    y = (rng.random(n) < expit(risk + effect * marker)).astype(int)
    person = np.repeat(np.arange(n), visits)
    eta = (0.8 * risk + marker + 0.3 * smoker)[person]
    if visits > 1:
        eta = eta + 0.2 * rng.normal(size=len(eta))
    table = pd.DataFrame(
        {
            "age": 50 + 10 * age,
            "bmi": 26 + 4 * bmi,
            "sex": np.array(["f", "m"])[sex],
            "smoker": smoker,
        }
    ).iloc[person]
    return y[person], expit(eta), table, person, site[person]


def _tested(study, seed=0, permutations=199):
    y, p, table, person, site = study
    return confounder_test(
        y, p, table, person=person, site=site, seed=seed, permutations=permutations
    )


@pytest.fixture
def _without_explained(monkeypatch):
    """The share explained takes most of the time of a small study, and is tested by itself."""
    monkeypatch.setattr(confounding, "_explained", lambda *_: 0.0)


def _rejections(n, studies, seed, **how):
    rng = np.random.default_rng(seed)
    found = [_tested(_study(rng, n, **how), seed=k).pvalue <= 0.05 for k in range(studies)]
    return int(np.sum(found))


@pytest.mark.usefixtures("_without_explained")
@pytest.mark.parametrize(
    ("n", "curved", "visits", "studies"),
    [(40, 0.0, 1, 120), (40, 0.5, 1, 80), (150, 0.5, 1, 60), (50, 0.0, 3, 60)],
)
def test_predictions_of_confounders_alone_are_not_accused_too_often(n, curved, visits, studies):
    count = _rejections(n, studies, n, curved=curved, visits=visits)
    assert binomtest(count, studies, 0.05).pvalue > 0.001


@pytest.mark.usefixtures("_without_explained")
@pytest.mark.parametrize(("n", "effect"), [(40, 1.0), (150, 0.6)])
def test_what_a_marker_adds_is_found(n, effect):
    assert _rejections(n, 40, n, effect=effect) / 40 > 0.5


@pytest.mark.usefixtures("_without_explained")
def test_without_the_confounders_the_same_predictions_would_look_informative():
    """Otherwise the test of type I error could not fail."""
    rng = np.random.default_rng(1)
    found = []
    for _ in range(15):
        y, p, table, person, _ = _study(rng, 100)
        nothing = pd.DataFrame({"smoker": table["smoker"]})
        found.append(confounder_test(y, p, nothing, person=person, seed=1, permutations=99).pvalue)
    assert np.mean(np.array(found) <= 0.05) > 0.8


@pytest.mark.usefixtures("_without_explained")
def test_a_line_alone_leaves_what_is_curved(monkeypatch):
    rng = np.random.default_rng(2)
    studies = [_study(rng, 150, curved=1.0) for _ in range(20)]
    with_squares = np.mean([_tested(s).pvalue <= 0.05 for s in studies])
    monkeypatch.setattr("signature.validation.confounder_design.PEOPLE_PER_COLUMN", 1000)
    found = [_tested(s) for s in studies]
    assert not any(f.squares for f in found)
    assert np.mean([f.pvalue <= 0.05 for f in found]) > 0.5 > 0.2 > with_squares


@pytest.mark.usefixtures("_without_explained")
def test_a_prediction_that_points_the_wrong_way_is_no_information():
    rng = np.random.default_rng(3)
    y, p, table, person, site = _study(rng, 150, effect=1.5)
    right = _tested((y, p, table, person, site))
    wrong = _tested((y, 1 - p, table, person, site))
    assert right.pvalue < 0.02 < 0.98 < wrong.pvalue
    assert right.log_odds_per_sd == pytest.approx(-wrong.log_odds_per_sd, rel=1e-6)


def test_estimate_is_that_of_an_independent_fit():
    rng = np.random.default_rng(4)
    y, p, table, person, site = _study(rng, 200, effect=0.7)
    found = _tested((y, p, table, person, site))
    eta = log_odds(p)
    design = confounder_design(table, site, 200).columns
    X = np.column_stack([np.ones(200), design, (eta - eta.mean()) / eta.std()])
    # the ridge is on the confounders, once the prediction's residual stands beside them
    base = X[:, :-1]
    left = (eta - base @ np.linalg.lstsq(base, eta, rcond=None)[0]) / eta.std()
    Z = np.column_stack([base, left])

    def loss(b):
        return np.logaddexp(0, Z @ b).sum() - y @ (Z @ b) + 0.5 * (b[1:-1] ** 2).sum()

    best = minimize(loss, np.zeros(Z.shape[1]), method="BFGS", options={"gtol": 1e-8}).x
    assert found.log_odds_per_sd == pytest.approx(best[-1], abs=1e-5)
    # without any ridge it is the coefficient of the prediction itself, nearly
    plain = minimize(
        lambda b: np.logaddexp(0, X @ b).sum() - y @ (X @ b), np.zeros(X.shape[1]), method="BFGS"
    ).x[-1]
    assert found.log_odds_per_sd == pytest.approx(plain, rel=0.1)
    assert found.low < found.log_odds_per_sd < found.high


@pytest.mark.usefixtures("_without_explained")
def test_the_interval_holds_the_truth():
    rng = np.random.default_rng(5)
    held = 0
    for k in range(80):
        study = _study(rng, 200, effect=0.6)
        found = _tested(study, seed=k, permutations=9)
        # the marker's own part has an SD of 1; the estimate is per SD of the whole prediction
        held += found.low <= 0.6 * log_odds(study[1]).std() <= found.high
    assert binomtest(held, 80, 0.95).pvalue > 0.001


@pytest.mark.usefixtures("_without_explained")
def test_with_many_people_the_p_value_is_the_normal_one():
    """Rao's score test with everything fitted without a ridge."""
    rng = np.random.default_rng(6)
    y, p, table, person, site = _study(rng, 600, effect=0.15)
    found = _tested((y, p, table, person, site), permutations=9999)
    design = confounder_design(table, site, 600).columns
    X = np.column_stack([np.ones(600), design])
    fit = minimize(
        lambda b: np.logaddexp(0, X @ b).sum() - y @ (X @ b), np.zeros(X.shape[1]), method="BFGS"
    )
    mu, eta = expit(X @ fit.x), log_odds(p)
    w = mu * (1 - mu)
    information = (X * w[:, None]).T @ X
    cross = X.T @ (w * eta)
    variance = (w * eta**2).sum() - cross @ np.linalg.solve(information, cross)
    normal = norm.sf((eta @ (y - mu)) / np.sqrt(variance))
    assert 0.001 < normal < 0.5
    assert found.pvalue == pytest.approx(normal, abs=0.02)
    assert found.pvalue_low < found.pvalue < found.pvalue_high


@pytest.mark.usefixtures("_without_explained")
def test_the_monte_carlo_interval_is_the_exact_one():
    found = _tested(_study(np.random.default_rng(7), 60), permutations=499)
    count = round(found.pvalue * 500) - 1
    exact = binomtest(count, 499).proportion_ci(0.95, "exact")
    assert (found.pvalue_low, found.pvalue_high) == pytest.approx((exact.low, exact.high))


def test_share_explained_of_a_line_and_of_noise():
    rng = np.random.default_rng(8)
    age = rng.normal(size=500)
    y = rng.integers(0, 2, 500)
    table = pd.DataFrame({"age": age})
    how = {"person": np.arange(500), "seed": 1, "permutations": 9}
    half = confounder_test(y, expit(age + rng.normal(size=500)), table, **how)
    none = confounder_test(y, expit(rng.normal(size=500)), table, **how)
    every = confounder_test(y, expit(age), table, **how)
    assert half.explained == pytest.approx(0.5, abs=0.07)
    assert -0.03 < none.explained < 0.03
    assert every.explained > 0.999
    # nothing is left of the prediction, and rounding is not mistaken for information
    assert every.pvalue == 1.0
    assert every.log_odds_per_sd is None


def test_a_constant_prediction_says_nothing():
    y, _, table, person, site = _study(np.random.default_rng(9), 80)
    found = _tested((y, np.full(80, 0.3), table, person, site))
    assert found.pvalue == 1.0
    assert found.log_odds_per_sd is None
    assert found.explained is None


@pytest.mark.usefixtures("_without_explained")
def test_separated_classes_have_a_p_value_and_no_estimate():
    y, _, table, person, site = _study(np.random.default_rng(10), 60)
    jitter = np.random.default_rng(0).random(60)
    found = _tested((y, expit(4 * y - 2 + jitter), table, person, site))
    assert found.pvalue == 1 / 200
    assert found.log_odds_per_sd is None


def test_people_trade_places_at_their_site_with_all_their_rows():
    person = np.array([0, 0, 1, 1, 2, 2, 3, 4, 5, 5])
    site = np.array(list("aaaabbabaa"))
    people = PeopleAtSites(person, site)
    drawn = people.permuted(400, np.random.default_rng(0))
    np.testing.assert_array_equal(np.sort(drawn, axis=1), np.tile(np.arange(10), (400, 1)))
    assert (site[drawn] == site).all()
    for who in np.unique(person):
        assert (np.ptp(person[drawn][:, person == who], axis=1) == 0).all()
    # three people of two rows at site a have six orders
    orders = np.unique(person[drawn][:, [0, 2, 8]], axis=0)
    assert len(orders) == 6
    # who alone has one row at a, two at b, or one at b
    assert people.fixed == 3


def test_design_of_levels_gaps_and_squares():
    table = pd.DataFrame(
        {
            "age": [30.0, 40, 50, 60, np.nan, 70] * 10,
            "same": 1.0,
            "drug": ["a", "a", "b", None, "a", "c"] * 10,
            "smoker": [True, False] * 30,
        }
    )
    # age, its gaps, three levels beside the most frequent, smoker; then age squared
    assert confounder_design(table, None, 20).columns.shape == (60, 6)
    wide = confounder_design(table, None, 28)
    assert wide.squares
    assert wide.columns.shape == (60, 7)
    np.testing.assert_allclose(wide.columns.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(wide.columns.std(axis=0), 1)
    sites = np.repeat(["x", "y", "z"], 20)
    assert confounder_design(table, sites, 20).columns.shape == (60, 8)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"outcome": np.zeros(60, int)}, "must hold both"),
        ({"outcome": np.arange(60)}, "nothing else"),
        ({"probability": np.full(59, 0.5)}, "outcome has 60 rows, but probability 59"),
        ({"probability": np.full(60, np.nan)}, "60 of 60 probabilities are missing"),
        ({"site": np.array(["a"])}, "site 1"),
        ({"person": np.repeat(np.arange(6), 10)}, "6 people are too few for"),
    ],
)
def test_impossible_input_is_refused(wrong, message):
    y, p, table, person, site = _study(np.random.default_rng(11), 60)
    how = {"outcome": y, "probability": p, "confounders": table, "person": person, "site": site}
    with pytest.raises(ValueError, match=message):
        confounder_test(**(how | wrong), seed=1)
