"""The mathematics of ComBat: equal to its reference, defined where that one is not."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signature.prepare.combat import Frame, batch_effect, fit_frame
from signature.prepare.harmonisation import ComBat

# regenerate with: python tests/golden/make_combat.py > tests/golden/combat.json
GOLDEN = json.loads((Path(__file__).parent / "golden" / "combat.json").read_text("utf-8"))
NAN = float("nan")


def _golden_table():
    values = pd.DataFrame(GOLDEN["values"]).rename(columns="m{}".format)
    return values.assign(
        age=GOLDEN["age"], sex=GOLDEN["sex"], assay_batch=np.array(GOLDEN["batch"], dtype=float)
    )


def _name(case):
    return "-".join(
        [
            "parametric" if case["parametric"] else "nonparametric",
            "mean" if case["mean_only"] else "mean+scale",
            "reference" if case["reference"] else "all",
            "covariates" if case["covariates"] else "plain",
        ]
    )


@pytest.mark.parametrize("case", GOLDEN["cases"], ids=_name)
def test_equal_to_neurocombat_on_complete_data(case):
    table = _golden_table()
    markers = [c for c in table if c.startswith("m")]
    step = ComBat(
        columns=markers,
        covariates=case["covariates"],
        parametric=case["parametric"],
        mean_only=case["mean_only"],
        reference=case["reference"],
    )
    out = step.fit_transform(table)
    np.testing.assert_allclose(out[markers], case["harmonised"], rtol=0, atol=1e-8)


def test_the_golden_numbers_hold_every_combination():
    assert len({_name(case) for case in GOLDEN["cases"]}) == len(GOLDEN["cases"]) == 16


def _simulated(seed=0, n=60, markers=6, batches=3, missing=0.0):
    rng = np.random.default_rng(seed)
    batch = np.arange(n) % batches
    values = rng.normal(5, 1, (n, markers)) + rng.normal(0, 1, (batches, markers))[batch]
    values[rng.random(values.shape) < missing] = NAN
    return values, batch, rng.normal(50, 10, (n, 2))


def _plain(frame, **kwargs):
    return {"frame": frame, "parametric": True, "mean_only": False} | kwargs


def test_missing_values_leave_each_marker_its_observed_rows():
    values, batch, covariates = _simulated(missing=0.2)
    frame = fit_frame(values, batch, covariates)
    for k in range(values.shape[1]):
        rows = ~np.isnan(values[:, k])
        alone = fit_frame(values[rows, k : k + 1], batch[rows], covariates[rows])
        assert frame.mean[k] == pytest.approx(alone.mean[0])
        assert frame.sd[k] == pytest.approx(alone.sd[0])
        np.testing.assert_allclose(frame.coef[:, k], alone.coef[:, 0], rtol=1e-8)


def test_covariate_effects_are_those_of_least_squares_with_batch_indicators():
    values, batch, covariates = _simulated(seed=1)
    design = np.hstack([np.eye(3)[batch], covariates])
    expected = np.linalg.lstsq(design, values, rcond=None)[0][3:]
    np.testing.assert_allclose(fit_frame(values, batch, covariates).coef, expected, rtol=1e-8)


def test_a_covariate_that_is_the_batch_keeps_nothing():
    values, batch, _ = _simulated()
    assert np.all(fit_frame(values, batch, batch[:, None].astype(float)).coef == 0)


@pytest.mark.parametrize("parametric", [True, False])
@pytest.mark.parametrize("mean_only", [True, False])
def test_rows_without_any_value_change_nothing(parametric, mean_only):
    values, batch, covariates = _simulated(missing=0.1)
    frame = fit_frame(values, batch, covariates)
    rows = frame.standardise(values, covariates)[batch == 0]
    how = _plain(frame, parametric=parametric, mean_only=mean_only)
    padded = np.vstack([rows, np.full((4, rows.shape[1]), NAN)])
    for with_, without in zip(batch_effect(padded, **how), batch_effect(rows, **how), strict=True):
        np.testing.assert_allclose(with_, without, rtol=1e-12)


def test_the_parametric_estimates_solve_their_equations_with_missing_values():
    values, batch, covariates = _simulated(seed=2, missing=0.3, markers=9)
    frame = fit_frame(values, batch, covariates)
    rows = frame.standardise(values, covariates)[batch == 1]
    shift, scale = batch_effect(rows, **_plain(frame))
    n = (~np.isnan(rows)).sum(axis=0)
    mean, variance = np.nanmean(rows, axis=0), np.nanvar(rows, axis=0, ddof=1)
    t2 = mean.var(ddof=1)
    m, v = variance.mean(), variance.var(ddof=1)
    a, b = (2 * v + m**2) / v, (m * v + m**3) / v
    np.testing.assert_allclose(
        shift, (t2 * n * mean + scale * mean.mean()) / (t2 * n + scale), atol=1e-4
    )
    squares = np.nansum((rows - shift) ** 2, axis=0)
    np.testing.assert_allclose(scale, (squares / 2 + b) / (n / 2 + a - 1), atol=1e-4)


def test_the_nonparametric_estimates_are_weighted_means_with_missing_values():
    values, batch, covariates = _simulated(seed=3, missing=0.2)
    frame = fit_frame(values, batch, covariates)
    rows = frame.standardise(values, covariates)[batch == 2]
    shift, scale = batch_effect(rows, **_plain(frame, parametric=False))
    g, d = np.nanmean(rows, axis=0), np.nanvar(rows, axis=0, ddof=1)
    for k in range(rows.shape[1]):
        x = rows[~np.isnan(rows[:, k]), k]
        others = [j for j in range(rows.shape[1]) if j != k]
        likelihood = [
            np.prod(np.exp(-((x - g[j]) ** 2) / (2 * d[j])) / np.sqrt(2 * np.pi * d[j]))
            for j in others
        ]
        assert shift[k] == pytest.approx(np.average(g[others], weights=likelihood))
        assert scale[k] == pytest.approx(np.average(d[others], weights=likelihood))


def test_large_batches_do_not_underflow():
    """The likelihood of 5,000 rows is zero in double precision; its logarithm is not."""
    rng = np.random.default_rng(4)
    values = rng.normal(0, 1, (10_000, 4))
    batch = np.repeat([0, 1], 5_000)
    frame = fit_frame(values, batch, np.empty((10_000, 0)))
    rows = frame.standardise(values, np.empty((10_000, 0)))[batch == 1]
    shift, scale = batch_effect(rows, **_plain(frame, parametric=False))
    assert np.isfinite(shift).all()
    np.testing.assert_allclose(scale, 1, atol=0.1)


@pytest.mark.parametrize("parametric", [True, False])
@pytest.mark.parametrize("mean_only", [True, False])
def test_a_marker_missing_from_a_batch_gets_what_the_others_have(parametric, mean_only):
    values, batch, _ = _simulated(seed=5)
    values[batch == 0, 0] = NAN
    nothing = np.empty((len(values), 0))
    frame = fit_frame(values, batch, nothing)
    rows = frame.standardise(values, nothing)[batch == 0]
    shift, scale = batch_effect(rows, **_plain(frame, parametric=parametric, mean_only=mean_only))
    assert shift[0] == pytest.approx(np.nanmean(rows[:, 1:], axis=0).mean())
    assert (scale[0] == 1) if mean_only else (0.3 < scale[0] < 3)


@pytest.mark.parametrize("parametric", [True, False])
def test_a_batch_of_one_row_is_shrunk_and_not_stretched(parametric):
    values, batch, _ = _simulated(seed=6)
    values, batch = np.vstack([values, values[:1] + 2]), np.append(batch, 3)
    nothing = np.empty((len(values), 0))
    frame = fit_frame(values, batch, nothing)
    rows = frame.standardise(values, nothing)[batch == 3]
    shift, scale = batch_effect(rows, **_plain(frame, parametric=parametric))
    assert np.all(scale == 1)
    assert np.ptp(shift) < np.ptp(rows)
    assert np.isfinite(shift).all()


@pytest.mark.parametrize("parametric", [True, False])
def test_one_value_throughout_a_batch_is_moved_and_finite(parametric):
    values, batch, _ = _simulated(seed=7)
    values[batch == 0, 0] = 9.0
    nothing = np.empty((len(values), 0))
    frame = fit_frame(values, batch, nothing)
    rows = frame.standardise(values, nothing)[batch == 0]
    shift, scale = batch_effect(rows, **_plain(frame, parametric=parametric))
    assert np.isfinite(shift).all()
    assert np.all(scale > 0.05)
    assert shift[0] > 0


@pytest.mark.parametrize("reference", [None, 1])
def test_a_marker_that_is_all_batch_is_moved_in_full(reference):
    values, batch, _ = _simulated(seed=8)
    values[:, 0] = np.array([1.1, 2.3, 7.7])[batch]
    nothing = np.empty((len(values), 0))
    frame = fit_frame(values, batch, nothing, reference)
    assert list(frame.flat) == [True, *[False] * 5]
    assert frame.sd[0] == 1
    rows = frame.standardise(values, nothing)
    for k in range(3):
        shift, scale = batch_effect(rows[batch == k], **_plain(frame))
        assert rows[batch == k][0, 0] == pytest.approx(shift[0], abs=1e-12)
        assert scale[0] == 1


@pytest.mark.parametrize("reference", [None, 1])
def test_a_marker_without_anything_to_compare_with_is_left_alone(reference):
    values, batch, _ = _simulated(seed=9)
    values[:, 0] = NAN
    if reference is not None:
        values[batch == 0, 0] = 3.0
    nothing = np.empty((len(values), 0))
    frame = fit_frame(values, batch, nothing, reference)
    assert list(frame.unknown) == [True, *[False] * 5]
    shift, scale = batch_effect(frame.standardise(values, nothing)[batch == 0], **_plain(frame))
    assert (shift[0], scale[0]) == (0, 1)
    assert np.isfinite(shift).all()


@pytest.mark.parametrize("parametric", [True, False])
def test_a_single_marker_has_nothing_to_be_shrunk_towards(parametric):
    values, batch, _ = _simulated(seed=10, markers=1)
    nothing = np.empty((len(values), 0))
    frame = fit_frame(values, batch, nothing)
    rows = frame.standardise(values, nothing)[batch == 0]
    shift, scale = batch_effect(rows, **_plain(frame, parametric=parametric))
    assert shift[0] == pytest.approx(rows.mean())
    assert scale[0] == pytest.approx(rows.var(ddof=1))


@pytest.mark.parametrize("parametric", [True, False])
def test_markers_that_agree_throughout_share_one_estimate(parametric):
    """Their scales do not vary, so the prior of the scale is a point."""
    column = _simulated(seed=12, markers=1)[0]
    batch = np.arange(60) % 3
    nothing = np.empty((60, 0))
    frame = fit_frame(np.repeat(column, 4, axis=1), batch, nothing)
    rows = frame.standardise(np.repeat(column, 4, axis=1), nothing)[batch == 1]
    shift, scale = batch_effect(rows, **_plain(frame, parametric=parametric))
    np.testing.assert_allclose(shift, rows[:, 0].mean())
    np.testing.assert_allclose(scale, rows[:, 0].var(ddof=1))


def test_more_rows_are_shrunk_less():
    rng = np.random.default_rng(11)
    no = np.zeros(40, dtype=bool)
    frame = Frame(np.zeros(40), np.ones(40), np.empty((0, 40)), flat=no, unknown=no)
    true = rng.normal(0, 1, 40)
    left = []
    for n in (3, 30, 300):
        noise = rng.normal(0, 1, (n, 40))
        rows = noise - noise.mean(axis=0) + true
        left.append(np.abs(batch_effect(rows, **_plain(frame))[0] - true).mean())
    assert left[0] > 3 * left[1] > 9 * left[2]


@given(
    seed=st.integers(0, 10_000),
    missing=st.sampled_from([0.0, 0.3, 0.8]),
    parametric=st.booleans(),
    mean_only=st.booleans(),
    coarse=st.booleans(),
)
@settings(max_examples=60, deadline=None)
def test_whatever_is_missing_or_tied_the_adjustment_is_a_number(
    seed, missing, parametric, mean_only, coarse
):
    values, batch, _ = _simulated(seed=seed, n=14, markers=4, batches=4, missing=missing)
    if coarse:
        values = np.round(values / 2)
    nothing = np.empty((len(values), 0))
    frame = fit_frame(values, batch, nothing)
    rows = frame.standardise(values, nothing)
    for k in range(4):
        shift, scale = batch_effect(
            rows[batch == k], frame, parametric=parametric, mean_only=mean_only
        )
        assert np.isfinite(shift).all()
        assert np.isfinite(scale).all()
        assert np.all(scale > 0)
