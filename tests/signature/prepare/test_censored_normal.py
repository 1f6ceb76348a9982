"""The censored normal: its likelihood against scipy, its substitutes against the rules."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import fmin
from scipy.stats import CensoredData, norm, truncnorm

from signature.prepare.censored_normal import CensoredNormal, fit_left_censored
from signature.serve.persistence import load_procedure, save_procedure

NAN = float("nan")

# mean and sd of scipy.stats.norm.fit(CensoredData(uncensored=MEASURED, left=LIMITS), optimizer=
# lambda f, x, args, disp: fmin(f, x, args, disp=disp, xtol=1e-12, ftol=1e-14, maxfun=10_000))
MEASURED = np.array([1.2, 2.3, 0.4, 3.1, 1.8, 2.7, 0.9, 4.2])
LIMITS = np.array([0.5, 0.5, 1.0, 1.0, 0.2])
GOLDEN = (1.053170867, 1.699360912)


def _table(**columns):
    return pd.DataFrame(columns, dtype="float64")


def _tight(function, start, args=(), disp=0):
    return fmin(function, start, args, disp=disp, xtol=1e-12, ftol=1e-14, maxfun=10_000)


def _scipy(values, limits):
    return norm.fit(CensoredData(uncensored=values, left=limits), optimizer=_tight)


def test_golden_numbers():
    np.testing.assert_allclose(fit_left_censored(MEASURED, LIMITS), GOLDEN, rtol=1e-7)


@pytest.mark.parametrize(("rows", "share"), [(12, 0.4), (200, 0.7), (400, 0.05)])
def test_the_maximum_is_that_of_scipy(rows, share):
    rng = np.random.default_rng(rows)
    z = rng.normal(3, 2, rows)
    limit = np.quantile(z, share) + rng.normal(0, 0.5, rows)
    low = z < limit
    found = fit_left_censored(z[~low], limit[low])
    np.testing.assert_allclose(found, _scipy(z[~low], limit[low]), rtol=1e-6)


def test_without_limits_it_is_the_sample():
    assert fit_left_censored(MEASURED, np.array([])) == pytest.approx(
        (MEASURED.mean(), MEASURED.std()), rel=1e-12
    )


def test_it_recovers_the_truth_with_a_limit_per_row():
    rng = np.random.default_rng(1)
    z = rng.normal(3, 2, 40_000)
    limit = rng.choice([1.0, 2.0, 4.5], 40_000)
    low = z < limit
    mean, sd = fit_left_censored(z[~low], limit[low])
    assert mean == pytest.approx(3, abs=0.05)
    assert sd == pytest.approx(2, abs=0.05)


@pytest.mark.parametrize("values", [[], [1.0], [2.0, 2.0, 2.0], [NAN, 1.0]])
def test_nothing_tells_the_spread_of_one_value(values):
    assert fit_left_censored(np.array(values, dtype=float), np.array([0.5, 3.0])) is None


@pytest.mark.parametrize("limit", [-1e6, 1e6])
def test_limits_far_from_all_values_are_borne(limit):
    found = fit_left_censored(np.array([1.0, 2.0, 3.0]), np.array([limit]))
    assert np.isfinite(found).all()


def test_the_substitute_is_the_mean_below_the_limit_on_the_log_scale():
    table = _table(IL6=[NAN, 4.0, 8.0, 16.0, 32.0], IL6__below=[4.0, NAN, NAN, NAN, NAN])
    step = CensoredNormal().fit(table)
    mean, sd = _scipy(np.array([2.0, 3.0, 4.0, 5.0]), np.array([2.0]))
    oracle = truncnorm(-np.inf, (2 - mean) / sd, loc=mean, scale=sd).mean()
    assert np.log2(step.transform(table)["IL6"][0]) == pytest.approx(oracle, rel=1e-6)


def test_logarithmic_markers_are_not_logged_again():
    raw = _table(IL6=[NAN, 4.0, 8.0, 16.0], IL6__below=[4.0, NAN, NAN, NAN])
    npx = np.log2(raw)
    found = CensoredNormal(["IL6"]).fit_transform(npx)["IL6"]
    np.testing.assert_allclose(np.exp2(found), CensoredNormal().fit_transform(raw)["IL6"])


def test_one_substitute_for_all_rows_hides_the_assay_lot():
    rng = np.random.default_rng(0)
    z = np.exp2(rng.normal(2, 1, 200))
    limit = np.where(np.arange(200) < 100, 2.0, 5.0)
    low = z < limit
    table = _table(IL6=np.where(low, NAN, z), IL6__below=np.where(low, limit, NAN))
    assert CensoredNormal().fit_transform(table)["IL6"][low].nunique() == 1
    own = CensoredNormal(own_limits=True).fit_transform(table)["IL6"]
    assert own[low].nunique() == 2
    assert (own[low] < table["IL6__below"][low]).all()


def test_a_limit_far_above_training_is_no_measurement():
    train = _table(IL6=[NAN, 5.0, 9.0, 7.0], IL6__below=[2.0, NAN, NAN, NAN])
    out = CensoredNormal().fit(train).transform(_table(IL6=[NAN], IL6__below=[4000.0]))
    assert out.isna().all(axis=None)


def test_missing_stays_missing():
    train = _table(IL6=[NAN, 5.0, 9.0, NAN], IL6__below=[2.0, NAN, NAN, NAN])
    out = CensoredNormal().fit_transform(train)
    assert out.isna().all(axis=1).tolist() == [False, False, False, True]


def test_a_marker_censored_only_later_uses_the_limit_of_its_row():
    fitted = CensoredNormal().fit(_table(IL6=[4.0, 8.0, 16.0], IL6__below=[NAN] * 3))
    out = fitted.transform(_table(IL6=[NAN, NAN], IL6__below=[2.0, 7.0]))
    assert list(out) == ["IL6"]
    assert (out["IL6"] < [2.0, 7.0]).all()
    assert out["IL6"].nunique() == 2


def test_too_few_values_for_a_fit_fall_back_to_the_root_of_two():
    table = _table(IL6=[NAN, 8.0, 8.0], IL6__below=[2.0, NAN, NAN])
    out = CensoredNormal().fit_transform(table)
    assert out["IL6"][0] == pytest.approx(np.sqrt(2))


def test_zero_and_negative_readings_are_borne():
    table = _table(IL6=[0.0, -1.0, 4.0, 8.0, NAN], IL6__below=[NAN] * 4 + [2.0])
    out = CensoredNormal().fit_transform(table)
    assert list(out["IL6"][:4]) == [0.0, -1.0, 4.0, 8.0]
    assert 0 < out["IL6"][4] < 2


@given(
    st.lists(st.floats(-6, 6), min_size=4, max_size=30),
    st.floats(-4, 4),
    st.floats(-8, 8),
)
@settings(max_examples=60, deadline=None)
def test_substitutes_follow_the_unit_and_stay_below_the_limit(z, cut, shift):
    z = np.array(z)
    low = z < cut
    table = _table(IL6=np.exp2(np.where(low, NAN, z)), IL6__below=np.exp2(np.where(low, cut, NAN)))
    out = CensoredNormal(detected_above=None).fit_transform(table)["IL6"]
    scaled = CensoredNormal(detected_above=None).fit_transform(table * 2.0**shift)["IL6"]
    assert (out[low] <= 2.0**cut).all()
    assert (out[low] > 0).all()
    np.testing.assert_array_equal(out[~low], table["IL6"][~low])
    np.testing.assert_allclose(scaled, out * 2.0**shift, rtol=1e-5)


def test_it_comes_back_from_a_file(tmp_path):
    rng = np.random.default_rng(0)
    z = np.exp2(rng.normal(2, 1, 50))
    table = _table(IL6=np.where(z < 3, NAN, z), IL6__below=np.where(z < 3, 3.0, NAN))
    step = CensoredNormal().fit(table)
    save_procedure(step, tmp_path / "step.skops")
    loaded = load_procedure(tmp_path / "step.skops")
    pd.testing.assert_frame_equal(loaded.transform(table), step.transform(table))
