"""Drift between sites: level of both tests, what they see, and what they refuse to say."""

from dataclasses import asdict

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.optimize import minimize
from scipy.special import expit, logit

from signature.exceptions import CohortError, OutcomeError
from signature.study.schema import BELOW
from signature.validation.site_drift import FEWEST_MEASURED, site_drift

NAN = float("nan")


def _people(rng, sizes, *, rates=0.4, slopes=0.0, shift=0.0):
    """Marker, site code and outcome, with an intercept and a slope per site."""
    code = np.repeat(np.arange(len(sizes)), sizes)
    rates, slopes, shift = (np.broadcast_to(part, len(sizes)) for part in (rates, slopes, shift))
    z = rng.normal(size=len(code))
    y = rng.random(len(code)) < expit(logit(rates)[code] + slopes[code] * z)
    return z + shift[code], code, y.astype(int)


def _drift(x, code, y, **columns):
    table = pd.DataFrame({"IL6": x, **columns})
    return site_drift(table, np.char.add("s", code.astype(str)), y, np.arange(len(code)))


@pytest.mark.parametrize(
    ("sizes", "rates", "slope"),
    [
        ((15, 15, 15), 0.45, 0.0),
        ((15, 15, 15), 0.45, 1.0),
        ((15, 60, 400), 0.35, 0.7),
        ((60, 60), (0.2, 0.5), 1.0),
        ((15,) * 6, 0.5, 0.7),
        ((400, 400, 400), (0.2, 0.3, 0.4), 0.8),
    ],
)
def test_both_tests_keep_their_level(sizes, rates, slope):
    """At 5 %: the share of 400 cohorts has a standard error of .011."""
    rng = np.random.default_rng(len(sizes) * sum(sizes))
    runs = 400 if sum(sizes) < 1000 else 200
    found = [_drift(*_people(rng, sizes, rates=rates, slopes=slope))[0] for _ in range(runs)]
    values = np.array([f.shift_p_value for f in found])
    # sites with too few events take no part; some cohorts have no comparison left
    slopes = np.array([f.association_p_value for f in found if f.association_p_value is not None])
    assert len(slopes) > runs / 2
    noise = 3 * np.sqrt(0.05 * 0.95 / runs)
    if slope == 0 or np.ndim(rates) == 0:
        assert np.mean(values < 0.05) < 0.05 + noise
    assert abs(np.mean(slopes < 0.05) - 0.05) < noise


def test_both_tests_see_what_there_is():
    rng = np.random.default_rng(1)
    shifted = _drift(*_people(rng, (60, 60, 60), shift=(0, 0, 1.0)))[0]
    assert shifted.shift_p_value < 1e-4
    assert shifted.association_p_value > 0.01
    assert [s.shift for s in shifted.sites] == pytest.approx([-0.5, -0.5, 1.0], abs=0.35)
    turned = _drift(*_people(rng, (150, 150, 150), slopes=(1, 1, -1)))[0]
    assert turned.shift_p_value > 0.01
    assert turned.association_p_value < 1e-6
    assert [s.log_odds_ratio for s in turned.sites] == pytest.approx([1, 1, -1], abs=0.5)


def test_shifts_by_hand():
    x = np.r_[np.arange(5.0), np.arange(5.0) + 10, np.arange(5.0) + 4]
    y = np.arange(15) % 2
    code = np.repeat([0, 1, 2], 5)
    found = _drift(x, code, y)[0]
    spread = np.sqrt(2.5)  # of 0 … 4
    expected = np.array([2 - (12 + 6) / 2, 12 - (2 + 6) / 2, 6 - (2 + 12) / 2]) / spread
    assert [s.shift for s in found.sites] == pytest.approx(list(expected))
    assert found.shift_p_value == pytest.approx(stats.kruskal(x[:5], x[5:10], x[10:]).pvalue)


def test_log_odds_ratios_are_those_of_a_site_on_its_own():
    x, code, y = _people(np.random.default_rng(3), (80, 120), slopes=(0.5, 1.5), shift=(0, 3))
    x = 5 * x
    found = _drift(x, code, y)[0]
    within = [x[code == s] - x[code == s].mean() for s in (0, 1)]
    spread = np.sqrt(sum((w**2).sum() for w in within) / 198)

    for s in (0, 1):
        z, event = within[s] / spread, y[code == s]

        def loss(beta, z=z, event=event):
            eta = beta[0] + beta[1] * z
            return (np.logaddexp(0, eta) - event * eta).sum()

        best = minimize(loss, [0, 0], method="Nelder-Mead", options={"xatol": 1e-8, "fatol": 1e-10})
        p = expit(best.x[0] + best.x[1] * z)
        design = np.column_stack([np.ones(len(z)), z])
        covariance = np.linalg.inv(design.T @ np.diag(p * (1 - p)) @ design)
        assert found.sites[s].log_odds_ratio == pytest.approx(best.x[1], abs=1e-5)
        assert found.sites[s].standard_error == pytest.approx(np.sqrt(covariance[1, 1]), rel=1e-5)


def test_where_there_are_many_it_agrees_with_the_difference_of_the_estimates():
    x, code, y = _people(np.random.default_rng(4), (3000, 3000), slopes=(0.5, 0.63))
    found = _drift(x, code, y)[0]
    a, b = found.sites
    wald = (a.log_odds_ratio - b.log_odds_ratio) ** 2 / (a.standard_error**2 + b.standard_error**2)
    assert found.association_p_value == pytest.approx(stats.chi2.sf(wald, 1), rel=0.05)
    assert 0.001 < found.association_p_value < 0.5


@given(st.floats(0.01, 100), st.floats(-50, 50), st.integers(0, 99))
@settings(max_examples=15, deadline=None)
def test_another_unit_or_order_of_people_changes_nothing(unit, offset, seed):
    rng = np.random.default_rng(seed)
    x, code, y = _people(rng, (20, 25, 30), slopes=0.5, shift=(0, 1, 0))
    order = rng.permutation(75)
    one = _drift(x, code, y)[0]
    other = _drift((x * unit + offset)[order], code[order], y[order])[0]
    lines = [[asdict(d), *(s.model_dump() for s in d.sites)] for d in (one, other)]
    for a, b in zip(*lines, strict=True):
        for name in a.keys() - {"sites", "marker", "site"}:
            assert (a[name] is None) == (b[name] is None)
            assert a[name] is None or b[name] == pytest.approx(a[name], rel=1e-5, abs=1e-7)


def test_the_first_row_of_a_person_is_used():
    x, code, y = _people(np.random.default_rng(5), (30, 30))
    site = np.array(["a", "b"])[code]
    table = pd.DataFrame({"IL6": np.r_[x, x + 50 * code]})
    person = np.arange(60)
    twice = site_drift(table, np.r_[site, site], np.r_[y, 1 - y], np.r_[person, person])
    assert twice == site_drift(table[:60], site, y, person)


def test_missing_values_are_shares_and_few_show_nothing():
    x, code, y = _people(np.random.default_rng(6), (30, 30, 40))
    x[code == 0] = NAN
    x[:4] = [1.0, 2.0, 3.0, 4.0]
    found = _drift(x, code, y, never=np.full(100, NAN), same=np.full(100, 0.1))
    few = found[0].sites[0]
    assert (few.people, few.missing) == (4, pytest.approx(26 / 30))
    assert few.people < FEWEST_MEASURED
    assert (few.shift, few.log_odds_ratio) == (None, None)
    assert found[0].association_sites == 2
    assert found[0].shift_p_value == pytest.approx(stats.kruskal(x[code == 1], x[code == 2]).pvalue)
    # not tests, so they do not make the others' correction harder
    assert found[0].shift_p_holm == found[0].shift_p_value
    for nothing in found[1:]:
        assert (nothing.shift_p_value, nothing.association_p_value) == (None, None)
        assert {(s.shift, s.log_odds_ratio) for s in nothing.sites} == {(None, None)}


def test_a_marker_that_separates_the_outcomes_has_no_association_to_compare():
    _, code, y = _people(np.random.default_rng(7), (30, 30))
    x = y + np.random.default_rng(8).uniform(0, 0.5, 60)
    found = _drift(x, code, y)[0]
    assert found.association_sites == 2
    assert found.association_p_value is None
    assert [s.log_odds_ratio for s in found.sites] == [None, None]
    at_one = np.where(code == 0, x, np.random.default_rng(9).normal(size=60))
    part = _drift(at_one, code, y)[0]
    assert part.association_p_value < 0.05  # the score test needs no estimate at either site
    assert [s.log_odds_ratio is None for s in part.sites] == [True, False]


def test_a_site_without_events_has_values_to_compare_but_no_association():
    x, code, y = _people(np.random.default_rng(10), (30, 30))
    y[code == 1] = 0
    found = _drift(x, code, y)[0]
    assert found.shift_p_value is not None
    assert (found.association_p_value, found.association_sites) == (None, 1)
    assert found.sites[0].log_odds_ratio is not None


def test_two_hospitals_whose_samples_were_not_bridged_and_two_halves_of_one(
    cohort_of, with_outcome
):
    cohort = cohort_of("covid_olink_three_sites").where({"timepoint": ["T1", "W1T1"]})
    cohort = with_outcome(cohort, "icu_admission").at_sites("hospital")
    proteins = cohort.X[[limit.removesuffix(BELOW) for limit in cohort.schema.limits]]
    outcome, person = cohort.outcome.to_numpy(), cohort.person.to_numpy()
    between = site_drift(proteins, cohort.site.to_numpy(), outcome, person)
    assert sum((d.shift_p_holm or 1) < 0.05 for d in between) > 10
    one = (cohort.site == "Breda").to_numpy()
    halves = np.where(person % 2, "odd", "even")
    within = site_drift(proteins[one], halves[one], outcome[one], person[one])
    assert not any((d.shift_p_holm or 1) < 0.05 for d in within)
    assert not any((d.association_p_holm or 1) < 0.05 for d in within)


def test_what_cannot_be_compared_is_refused():
    table = pd.DataFrame({"IL6": np.arange(10.0)})
    site, y, person = np.repeat(["a", "b"], 5), np.arange(10) % 2, np.arange(10)
    with pytest.raises(CohortError, match="two sites or more; got 1"):
        site_drift(table, np.repeat("a", 10), y, person)
    with pytest.raises(CohortError, match="got 10, 9, 10 and 10"):
        site_drift(table, site[:9], y, person)
    with pytest.raises(OutcomeError, match="1 of 10 rows"):
        site_drift(table, site, np.r_[y[:9], 7], person)
