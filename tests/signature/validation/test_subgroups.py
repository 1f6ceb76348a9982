"""Subgroups: who is in them, what is said of them, and what is not."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import brier_score_loss, roc_auc_score

from signature.exceptions import CohortError
from signature.validation.metrics import calibration_slope, person_counts
from signature.validation.subgroup_performance import METRICS, auroc_by_fold, subgroup_performance
from signature.validation.subgroups import subgroups

NAN = float("nan")


def _people(n=400, *, seed=0, draws=300, rows_each=1, repeats=1):
    rng = np.random.default_rng(seed)
    person = np.repeat(np.arange(n), rows_each)
    sex = np.array(["f", "m"])[rng.integers(0, 2, n)]
    signal = np.where(sex == "f", 2.0, 0.3)
    y = (rng.random(n) < 0.4).astype(int)
    eta = (signal * (y - 0.5))[person] + rng.normal(size=len(person))
    table = pd.DataFrame({"sex": sex, "age": rng.uniform(20, 80, n)}).iloc[person]
    fold = rng.integers(0, 5, n)[person]
    counts = person_counts(person, y[person], draws, rng)
    p = 1 / (1 + np.exp(-eta))
    return y[person], p, table, person, fold, counts


def _table(study, definition):
    y, p, table, person, fold, counts = study
    groups = subgroups(table, definition)
    return subgroup_performance(y, p, groups, person=person, fold=fold, weights=counts)


def test_numbers_are_those_of_the_rows():
    study = _people()
    y, p, table, _, fold, _ = study
    found = _table(study, {"sex": None, "age": [40, 60]})
    assert [(r.column, r.level) for r in found.rows] == [
        ("sex", "f"),
        ("sex", "m"),
        ("age", "below 40"),
        ("age", "40 to below 60"),
        ("age", "60 and above"),
    ]
    for row in found.rows[:2]:
        mine = (table["sex"] == row.level).to_numpy()
        assert (row.people, row.events) == (mine.sum(), y[mine].sum())
        assert row.metrics["brier"].value == pytest.approx(brier_score_loss(y[mine], p[mine]))
        slope = calibration_slope(y[mine], p[mine], np.ones((1, mine.sum())))[0]
        assert row.metrics["calibration_slope"].value == pytest.approx(slope)
        good = pairs = 0
        for k in range(5):
            own = mine & (fold == k)
            n = y[own].sum() * (1 - y[own]).sum()
            good += n * roc_auc_score(y[own], p[own])
            pairs += n
        assert row.metrics["auroc"].value == pytest.approx(good / pairs)
        for name in METRICS:
            assert row.metrics[name].low < row.metrics[name].value < row.metrics[name].high


def test_intervals_and_differences_share_the_draws():
    study = _people()
    y, p, table, _, fold, counts = study
    found = _table(study, {"sex": None})
    (gap,) = found.differences
    larger = max(found.rows, key=lambda r: r.people)
    assert gap.against == larger.level
    drawn = {}
    for level in "fm":
        mine = (table["sex"] == level).to_numpy()
        drawn[level] = auroc_by_fold(y[mine], p[mine], fold[mine], counts[:, mine])
    by_hand = drawn[gap.level] - drawn[gap.against]
    low, high = np.percentile(by_hand, [2.5, 97.5])
    assert (gap.metrics["auroc"].low, gap.metrics["auroc"].high) == pytest.approx((low, high))
    # women's outcome is told well, men's hardly
    sign = 1 if gap.level == "f" else -1
    assert sign * gap.metrics["auroc"].value > 0.2
    assert low > 0 or high < 0


def test_equal_subgroups_seldom_differ():
    rng = np.random.default_rng(1)
    away = 0
    for seed in range(60):
        y, p, table, person, fold, counts = _people(200, seed=seed, draws=200)
        coin = table.assign(coin=np.array(["a", "b"])[rng.integers(0, 2, 200)])
        found = _table((y, p, coin, person, fold, counts), {"coin": None})
        interval = found.differences[0].metrics["auroc"]
        away += not interval.low <= 0 <= interval.high
    assert away <= 9


@pytest.mark.parametrize(
    ("people", "events", "reason", "told"),
    [
        (19, 9, "fewer than 20 people, fewer than 10 with the event", None),
        (19, 10, "fewer than 20 people, fewer than 10 without it", None),
        (40, 9, "fewer than 10 with the event", 9),
        (40, 31, "fewer than 10 without it", 31),
        (20, 10, None, 10),
        (
            0,
            0,
            "fewer than 20 people, fewer than 10 with the event, fewer than 10 without it",
            None,
        ),
    ],
)
def test_small_subgroups_are_not_shown_and_why(people, events, reason, told):
    rng = np.random.default_rng(2)
    n = people + 60
    inside = np.arange(n) < people
    y = np.r_[np.arange(people) < events, np.arange(60) < 30].astype(int)
    table = pd.DataFrame({"g": np.where(inside, "small", "large")})
    definition = {"g": ["small", "large"]} if people else {"x": [1]}
    table["x"] = 0.0
    groups = subgroups(table, definition)
    groups = groups[:1] if people else groups[1:]
    counts = person_counts(np.arange(n), y, 50, rng)
    found = subgroup_performance(
        y, rng.random(n), groups, person=np.arange(n), fold=np.zeros(n), weights=counts
    )
    (row,) = found.rows
    assert (row.people, row.events) == (people, told)
    assert row.suppressed == reason or row.suppressed.startswith(reason)
    assert bool(row.metrics) == (reason is None)
    assert found.differences == ()


def test_people_count_not_rows():
    """Nine people with five rows each are nine people."""
    y, p, table, person, fold, counts = _people(9, rows_each=5, draws=20)
    (row,) = _table((y, p, table.assign(g="all"), person, fold, counts), {"g": None}).rows
    assert row.people == 9
    assert row.suppressed.startswith("fewer than 20 people")


def test_repeats_of_the_same_predictions_change_nothing():
    y, p, table, person, fold, counts = _people(150)
    once = _table((y, p, table, person, fold, counts), {"sex": None})
    twice = _table(
        (
            np.tile(y, 2),
            np.tile(p, 2),
            pd.concat([table, table]),
            np.tile(person, 2),
            np.r_[fold, fold + 5],
            np.tile(counts, 2),
        ),
        {"sex": None},
    )
    for a, b in zip(once.rows, twice.rows, strict=True):
        assert (a.people, a.events) == (b.people, b.events)
        for name in METRICS:
            assert a.metrics[name].value == pytest.approx(b.metrics[name].value, abs=1e-7)
            assert a.metrics[name].low == pytest.approx(b.metrics[name].low, abs=1e-6)


def test_only_pairs_of_the_same_model_count():
    """Each fold ranks perfectly; the folds' levels would undo it."""
    y, p = np.array([0, 1, 0, 1]), np.array([0.6, 0.7, 0.1, 0.2])
    fold = np.array([0, 0, 1, 1])
    assert auroc_by_fold(y, p, fold, np.ones((1, 4))) == 1
    assert np.isnan(auroc_by_fold(y, p, np.arange(4), np.ones((1, 4)))).all()


def test_a_constant_prediction_has_no_slope_and_no_interval():
    y, _, table, person, fold, counts = _people(100)
    (row,) = _table(
        (y, np.full(100, 0.4), table.assign(g="all"), person, fold, counts), {"g": None}
    ).rows
    slope = row.metrics["calibration_slope"]
    assert (slope.value, slope.low, slope.high) == (None, None, None)
    assert row.metrics["auroc"].value == 0.5


def test_missing_values_and_whole_numbers_as_levels():
    table = pd.DataFrame(
        {
            "arm": [1.0, 2.0, NAN, 1.0] * 15,
            "age": [NAN, 30.0, 40.0, 50.0] * 15,
            "smoker": [True, False, True, False] * 15,
        }
    )
    found = {g.label: g.rows for g in subgroups(table, {"arm": None, "age": [40], "smoker": None})}
    assert list(found) == [
        "arm: 1",
        "arm: 2",
        "age: below 40",
        "age: 40 and above",
        "smoker: False",
        "smoker: True",
    ]
    assert [int(rows.sum()) for rows in found.values()] == [30, 15, 15, 30, 30, 30]
    (women,) = subgroups(table.assign(sex="f"), {"sex": ["f"]})
    assert women.rows.all()


@pytest.mark.parametrize(
    ("definition", "message"),
    [
        ({"height": None}, "no column 'height' to form subgroups by; there are: age, sex"),
        ({"sex": ["f", "x"]}, "no row has sex = 'x'"),
        ({"age": None}, "different values in 60 rows; give cut points"),
        ({"age": [60, 40]}, "must ascend: got 60, 40"),
        ({"age": [40, 40]}, "must ascend"),
        ({"sex": [1.5]}, "need a numeric column"),
        ({"age": [40, "old"]}, "numbers only"),
    ],
)
def test_impossible_definitions_are_named(definition, message):
    _, _, table, *_ = _people(60, draws=1)
    with pytest.raises(CohortError, match=message):
        subgroups(table, definition)
