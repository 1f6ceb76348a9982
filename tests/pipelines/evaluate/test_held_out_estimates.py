"""Calibration, decision curve and pooled sites: by hand, and right about made-up truth."""

import numpy as np
import pandas as pd
import pytest

from pipelines.evaluate.held_out_estimates import (
    THRESHOLDS,
    WeightedPredictions,
    calibration_record,
    decision_curve,
    overlap,
    pooled_sites,
    widened,
)
from signature.validation.draws import estimate_of_draws


def _held_out(n=400, times=1.0, repeats=2, draws=60, seed=0):
    """Log-odds that are right, taken `times` over."""
    rng = np.random.default_rng(seed)
    eta = rng.normal(size=n) - 0.5
    y = (rng.random(n) < 1 / (1 + np.exp(-eta))).astype(int)
    weights = np.vstack([np.ones((1, n)), rng.multinomial(n, np.full(n, 1 / n), size=draws)])
    p = 1 / (1 + np.exp(-times * eta))
    return WeightedPredictions(
        [(y, p, weights)] * repeats, np.full((draws + 1, repeats), 1 / repeats)
    )


def test_probabilities_that_are_right_are_off_by_no_more_than_noise():
    right = calibration_record(_held_out(), np.random.default_rng(1))
    assert right.p_value > 0.05
    assert right.ici < right.expected_high
    assert right.scaled_brier.low > 0
    # the curve runs along the diagonal, within its band
    inside = [
        c.low - 0.02 <= x <= c.high + 0.02 for x, c in zip(right.at, right.curve, strict=True)
    ]
    assert np.mean(inside) > 0.9


def test_probabilities_that_are_too_extreme_are_found_out():
    wrong = calibration_record(_held_out(times=3.0), np.random.default_rng(1))
    assert wrong.p_value < 0.01
    assert wrong.ici > wrong.expected_high
    assert wrong.reliability > 0.02


def test_the_same_probability_for_all_has_no_curve():
    y, p, w = _held_out().parts[0]
    flat = WeightedPredictions([(y, np.full_like(p, 0.3), w)], np.ones((len(w), 1)))
    assert calibration_record(flat, np.random.default_rng(1)) is None


def test_net_benefit_is_counted_at_each_threshold():
    procedure, reference = _held_out(), _held_out(times=0.0)
    curve = decision_curve(procedure, reference)
    y, p, _ = procedure.parts[0]
    i = int(np.argmin(np.abs(THRESHOLDS - 0.4)))
    t = THRESHOLDS[i]
    expected = ((p >= t) & (y == 1)).mean() - ((p >= t) & (y == 0)).mean() * t / (1 - t)
    assert curve.procedure[i].value == pytest.approx(expected)
    everybody = y.mean() - (1 - y.mean()) * t / (1 - t)
    assert curve.everybody[i].value == pytest.approx(everybody)
    assert curve.over_defaults[i].value == pytest.approx(expected - max(everybody, 0))
    # one half for everybody: everybody below, nobody above
    assert curve.reference[i].value == pytest.approx(everybody)
    assert curve.over_reference[i].low > 0


def test_repeats_are_averaged_by_their_shares():
    one, two = _held_out(seed=0).parts[0], _held_out(seed=1).parts[0]
    shares = np.tile([0.25, 0.75], (61, 1))
    found = WeightedPredictions([one, two], shares).averaged(lambda y, p, w: w @ p / w.sum(axis=1))
    assert found[0] == pytest.approx(0.25 * one[1].mean() + 0.75 * two[1].mean())


def _sites(k=4, n=80, seed=0):
    rng = np.random.default_rng(seed)
    site = np.repeat(np.arange(k), n)
    y = rng.integers(0, 2, k * n)
    return pd.DataFrame(
        {
            "repeat": 0,
            "fold": site,
            "site": [f"site {s}" for s in site],
            "person": np.arange(k * n),
            "outcome": y,
            "probability": 1 / (1 + np.exp(-(y + rng.normal(size=k * n)))),
        }
    )


def test_sites_are_pooled_and_a_further_one_is_less_certain_than_their_mean():
    found = pooled_sites(_sites())
    assert len(found.sites) == 4
    assert found.left_out == {}
    assert found.prediction.low <= found.auroc.low < found.auroc.value < found.auroc.high
    assert found.auroc.low < 0.76 < found.auroc.high
    assert all(s.auroc.low < s.auroc.value < s.auroc.high for s in found.sites)


def test_a_site_with_one_class_is_named_and_left_out():
    table = _sites()
    table.loc[table["fold"] == 0, "outcome"] = 0
    found = pooled_sites(table)
    assert found.left_out == {"site 0": "AUROC is undefined"}
    assert found.sites[0].auroc.value is None
    assert found.auroc.value is not None


def test_two_sites_foretell_no_third():
    found = pooled_sites(_sites(k=2))
    assert found.prediction.low is None
    assert found.auroc.low is not None


def test_folds_that_are_no_sites_are_not_pooled():
    table = _sites()
    table["fold"] = np.arange(len(table)) % 4
    assert pooled_sites(table) is None
    assert pooled_sites(_sites(k=1)) is None


def test_draws_are_widened_about_the_value_and_differences_stay_paired():
    rng = np.random.default_rng(4)
    own, other = 0.8 + 0.05 * rng.normal(size=(2, 501))
    for values in (own, own - other):
        before, after = estimate_of_draws(values), estimate_of_draws(widened(values, overlap(5)))
        assert after.value == before.value
        assert after.high - after.low == pytest.approx(np.sqrt(1.25) * (before.high - before.low))
    apart = widened(own, overlap(5)) - widened(other, overlap(5))
    assert apart == pytest.approx(widened(own - other, overlap(5)))
    assert overlap(1) == 1
    missing = widened(np.array([0.5, np.nan, 0.7]), 2.0)
    assert missing == pytest.approx([0.5, np.nan, 0.9], nan_ok=True)


def test_a_held_out_set_widens_all_that_is_averaged():
    fixed = _held_out(repeats=1)
    shared = WeightedPredictions(fixed.parts, fixed.shares, overlap(2))
    one, other = (decision_curve(h, h).procedure[10] for h in (fixed, shared))
    assert one.value == other.value
    assert other.high - other.low == pytest.approx(np.sqrt(2) * (one.high - one.low))
