"""Variance within arms that held-out predictions explain: against sums by hand, and by chance."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import LinearRegression
from sklearn.metrics import r2_score
from sklearn.model_selection import KFold, cross_val_predict

from signature.effect.benefit.prognosis import Prognosis, prognosis
from signature.exceptions import PredictionsError
from signature.records.estimates import Estimate


def made_up(n=60, seed=0, arms=3):
    rng = np.random.default_rng(seed)
    arm = np.arange(n) % arms
    low, panel = rng.normal(size=(2, n))
    y = low + 0.7 * panel + rng.normal(size=n) + 4 * arm
    return y, arm, low, low + panel


def asked(y, arm, low, panel, *, seed=1, **how):
    return prognosis(y, arm, low, panel, np.random.default_rng(seed), **({"draws": 200} | how))


def share_by_hand(y, arm, predicted, weight):
    """Explained share, arm by arm and person by person."""
    left = spread = 0.0
    for name in set(arm.tolist()):
        own = [i for i in range(len(y)) if arm[i] == name]
        total = sum(weight[i] for i in own)
        mean = sum(weight[i] * y[i] for i in own) / total
        centre = sum(weight[i] * predicted[i] for i in own) / total
        for i in own:
            left += weight[i] * (y[i] - mean - (predicted[i] - centre)) ** 2
            spread += weight[i] * (y[i] - mean) ** 2
    return 1 - left / spread


def test_shares_are_those_by_hand():
    y, arm, low, panel = made_up()
    weight = np.random.default_rng(2).uniform(0.5, 3, len(y))
    found = asked(y, arm, low, panel, weight=weight)
    alone, both = (share_by_hand(y, arm, p, weight) for p in (low, panel))
    assert found.baseline.value == pytest.approx(alone)
    assert found.panel.value == pytest.approx(both)
    assert found.gain.value == pytest.approx(both - alone)
    assert found.people == 60


def test_in_one_arm_it_is_the_r_squared_of_centred_predictions():
    y, _, low, panel = made_up(arms=1)
    found = asked(y, np.zeros(60), low, panel)
    expected = r2_score(y - y.mean(), low - low.mean())
    assert found.baseline.value == pytest.approx(expected)


def test_a_whole_weight_is_so_many_equal_rows():
    y, arm, low, panel = made_up()
    times = np.random.default_rng(3).integers(1, 5, len(y))
    weighted = asked(y, arm, low, panel, weight=times.astype("float64"))
    repeated = asked(*(np.repeat(column, times) for column in (y, arm, low, panel)))
    for one in ("baseline", "panel", "gain"):
        assert getattr(weighted, one).value == pytest.approx(getattr(repeated, one).value)


def test_a_weight_of_nothing_is_nobody():
    y, arm, low, panel = made_up()
    weight = np.where(np.arange(60) < 48, 1.0, 0.0)
    y[48:] = 1e6
    inside = asked(*(column[:48] for column in (y, arm, low, panel)))
    assert asked(y, arm, low, panel, weight=weight).gain.value == pytest.approx(inside.gain.value)


@given(
    shift=st.lists(st.floats(-50, 50), min_size=3, max_size=3),
    scale=st.floats(0.01, 100),
    turn=st.permutations(["a", "b", "c"]),
)
def test_effects_of_arms_units_and_names_of_arms_change_nothing(shift, scale, turn):
    y, arm, low, panel = made_up()
    plain = asked(y, arm, low, panel)
    moved = asked(
        scale * (y + np.take(shift, arm)),
        np.take(np.array(turn), arm),
        scale * low + 7,
        scale * (panel - np.take(shift, arm)),
    )
    for one in ("baseline", "panel", "gain"):
        assert getattr(moved, one).value == pytest.approx(getattr(plain, one).value, abs=1e-8)


def test_no_more_than_all_is_explained_and_the_arms_mean_explains_nothing():
    y, arm, _, _ = made_up()
    found = asked(y, arm, np.zeros(60), y)
    assert found.baseline == Estimate(value=0.0, low=0.0, high=0.0)
    assert found.panel == Estimate(value=1.0, low=1.0, high=1.0)
    assert found.adds
    assert asked(y, arm, np.zeros(60), -y).panel.value == pytest.approx(-3)


def test_of_an_event_it_is_the_gain_in_the_brier_score():
    rng = np.random.default_rng(4)
    risk = rng.uniform(size=400)
    y = (rng.random(400) < risk).astype("float64")
    found = asked(y, np.zeros(400), np.full(400, y.mean()), risk - risk.mean() + y.mean())
    brier = np.mean((y - (risk - risk.mean() + y.mean())) ** 2)
    assert found.panel.value == pytest.approx(1 - brier / (y.mean() * (1 - y.mean())))
    assert found.gain.value == pytest.approx(found.panel.value)


def test_folds_widen_about_the_estimate():
    y, arm, low, panel = made_up()
    plain, wide = (asked(y, arm, low, panel, folds=folds) for folds in (None, 5))
    factor = np.sqrt(5 / 4)
    for one in ("baseline", "panel", "gain"):
        a, b = getattr(plain, one), getattr(wide, one)
        assert b.value == a.value
        assert b.low - b.value == pytest.approx(factor * (a.low - a.value))
        assert b.high - b.value == pytest.approx(factor * (a.high - a.value))


def test_a_lower_level_has_a_narrower_interval():
    y, arm, low, panel = made_up()
    wide, narrow = (asked(y, arm, low, panel, level=level).gain for level in (0.95, 0.5))
    assert wide.low < narrow.low < narrow.value < narrow.high < wide.high


def test_the_same_draws_give_the_same_interval():
    y, arm, low, panel = made_up()
    assert asked(y, arm, low, panel) == asked(y, arm, low, panel)
    assert asked(y, arm, low, panel).gain != asked(y, arm, low, panel, seed=9).gain


@pytest.mark.parametrize(("low", "adds"), [(None, False), (0.0, False), (1e-6, True)])
def test_it_adds_where_the_interval_lies_above_nothing(low, adds):
    gain = Estimate(value=0.1, low=low, high=0.2)
    assert Prognosis(9, gain, gain, gain).adds == adds


def test_too_few_draws_give_no_interval():
    found = asked(*made_up(), draws=99)
    assert found.gain.low is None
    assert found.gain.high is None
    assert not found.adds


def test_an_outcome_that_hardly_ever_varies_gives_a_value_without_a_fault():
    """One event among eight: more than a third of all draws of people have none."""
    y = np.zeros(8)
    y[0] = 1
    found = asked(y, np.zeros(8), np.zeros(8), y)
    assert found.panel.value == 1
    assert np.isfinite([found.gain.low, found.gain.high]).all()


@pytest.mark.parametrize(
    ("at", "value", "words"),
    [(0, np.nan, "1 of them not finite"), (3, np.inf, "1 of them not finite")],
)
def test_a_missing_number_is_refused_and_counted(at, value, words):
    columns = list(made_up())
    columns[at] = columns[at].astype("float64")
    columns[at][5] = value
    with pytest.raises(PredictionsError, match=words):
        asked(*columns)


def test_one_number_per_person_is_asked_for():
    y, arm, low, panel = made_up()
    with pytest.raises(PredictionsError, match="one finite number per person"):
        asked(y, arm[:-1], low, panel)


def test_an_outcome_that_is_the_arm_cannot_be_foretold():
    _, arm, low, panel = made_up()
    with pytest.raises(PredictionsError, match="does not vary within arms"):
        asked(arm.astype("float64"), arm, low, panel)


def share_that_adds(trials, *, people=120, columns=6, effect=0.0):
    """Share of trials in which a panel is said to add; with no effect it is noise."""
    added = 0
    for seed in range(trials):
        rng = np.random.default_rng([11, seed])
        x, panel = rng.normal(size=(people, 1)), rng.normal(size=(people, columns))
        y, folds = x[:, 0] + effect * panel[:, 0] + rng.normal(size=people), KFold(5)
        without, with_it = (
            cross_val_predict(LinearRegression(), X, y, cv=folds)
            for X in (x, np.hstack([x, panel]))
        )
        arm = np.arange(people) % 2
        added += asked(y, arm, without, with_it, seed=seed, folds=5).adds
    return added / trials


def test_a_panel_of_noise_hardly_ever_adds_and_one_that_tells_does():
    assert share_that_adds(100) <= 0.05
    assert share_that_adds(40, effect=0.7) >= 0.8


@pytest.mark.slow
def test_nor_does_one_noisy_marker():
    """The hardest case: what one column costs is little, and chance can outweigh it."""
    assert share_that_adds(1000, columns=1) <= 0.025


def test_intervals_hold_what_fixed_predictions_explain_in_truth():
    """Of a variance of 3 the one leaves 2, the other 1: shares of a third and two thirds."""
    held, trials = np.zeros(3), 200
    for seed in range(trials):
        rng = np.random.default_rng([12, seed])
        a, b, error = rng.normal(size=(3, 200))
        found = asked(a + b + error, np.arange(200) % 2, a, a + b, seed=seed)
        parts = zip((found.baseline, found.panel, found.gain), (1 / 3, 2 / 3, 1 / 3), strict=True)
        held += [one.low <= truth <= one.high for one, truth in parts]
    assert (held / trials >= 0.90).all(), held / trials
    assert (held / trials <= 0.99).all(), held / trials
