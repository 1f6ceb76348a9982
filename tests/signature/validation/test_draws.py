"""Intervals from draws: by hand, and DeLong's where people are many."""

import numpy as np
import pytest

from signature.validation.delong import delong
from signature.validation.draws import estimate_of_draws
from signature.validation.metrics import auroc


def test_shapes_of_an_interval_by_hand():
    draws = np.r_[0.8, np.linspace(0.5, 0.9, 401)]  # 2.5 and 97.5 %: .51 and .89
    percentile = estimate_of_draws(draws)
    assert [percentile.low, percentile.high] == pytest.approx([0.51, 0.89])
    centred = estimate_of_draws(draws, "centred")
    assert [centred.low, centred.high] == pytest.approx([0.61, 0.99])
    on_log_odds = estimate_of_draws(draws, "log-odds")
    center, half = np.log(0.8 / 0.2), 0.19 / (0.8 * 0.2)
    assert [on_log_odds.low, on_log_odds.high] == pytest.approx(
        [1 / (1 + np.exp(half - center)), 1 / (1 + np.exp(-half - center))]
    )
    assert percentile.value == centred.value == on_log_odds.value == 0.8


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_where_the_log_odds_are_infinite_the_percentiles_remain(value):
    draws = np.r_[value, np.linspace(0.6, 1, 401)]
    assert estimate_of_draws(draws, "log-odds") == estimate_of_draws(draws)


def test_the_interval_on_log_odds_is_delongs_where_people_are_many():
    rng = np.random.default_rng(3)
    y = (rng.random(400) < 0.3).astype(int)
    score = rng.normal(size=400) + 1.8 * y
    weights = np.vstack([np.ones((1, 400)), rng.multinomial(400, np.full(400, 1 / 400), 4000)])
    found = estimate_of_draws(auroc(y, score, weights), "log-odds")
    assert [found.low, found.high] == pytest.approx(delong(y, score).interval(), abs=0.003)


@pytest.mark.parametrize("values", [[0.7], [np.nan, 0.1, 0.2], [0.7, *[0.6] * 8, np.nan]])
def test_without_nine_draws_in_ten_there_is_no_interval(values):
    found = estimate_of_draws(np.array(values))
    assert (found.low, found.high) == (None, None)
    assert found.value == (None if np.isnan(values[0]) else 0.7)
