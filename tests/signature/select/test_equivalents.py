"""Swapping markers: a copy costs nothing, noise costs what the marker was worth."""

import numpy as np
import pandas as pd
import pytest

from signature.learn.fixed_signature import FixedSignature
from signature.select.equivalents import FoldSets, HeldOutRows, compare, measure, swapped
from signature.select.marker_clusters import clusters, marker_values
from signature.select.stability_selection import StabilitySelection
from signature.select.stable_signature import StableSignature
from signature.study.splits import person_folds
from signature.validation.metrics import person_counts


@pytest.fixture(scope="module")
def rows():
    rng = np.random.default_rng(1)
    X = pd.DataFrame(rng.normal(size=(400, 5)), columns=["age", "a", "b", "noise", "near"])
    X["copy"] = X["a"]
    X["near"] = 0.85 * X["a"] + np.sqrt(1 - 0.85**2) * X["near"]
    eta = (1.2 * X["a"] - 0.8 * X["b"] + 0.5 * X["age"]).to_numpy()
    y = (rng.random(400) < 1 / (1 + np.exp(-eta))).astype(int)
    return X, y, np.arange(400)


PANEL = ["a", "b", "noise", "near", "copy"]


@pytest.fixture(scope="module")
def compared(rows):
    X, y, person = rows
    splits = person_folds(y, person, 4, 0)
    sets = [FoldSets(X.iloc[t], y[t], person[t], PANEL, folds=3) for t, _ in splits]
    where = [HeldOutRows(0, h) for _, h in splits]
    draws = person_counts(person, np.zeros(400), 300, np.random.default_rng(2))
    weights = np.vstack([np.ones((1, 400), dtype=draws.dtype), draws])

    def chances(markers):
        pairs = zip(sets, where, strict=True)
        return [s.probabilities(markers, X.iloc[w.rows]) for s, w in pairs]

    def result(stand_in):
        both = swapped(["a", "b"], "a", stand_in)
        own, other = (measure(where, chances(markers), y, weights) for markers in both)
        return compare(other, own, 0.02)

    return result


def test_a_copy_is_equivalent_and_noise_is_not(compared):
    copy, noise, near = (compared(name) for name in ("copy", "noise", "near"))
    assert copy.auroc.value == pytest.approx(0, abs=1e-12)
    assert copy.log_loss.value == pytest.approx(0, abs=1e-12)
    assert copy.equivalent
    assert noise.auroc.high < -0.02
    assert noise.log_loss.low > 0
    assert not noise.equivalent
    assert noise.auroc.value < near.auroc.value < copy.auroc.value


def test_clusters_are_of_ranks_and_either_way():
    rng = np.random.default_rng(0)
    a = rng.normal(size=50)
    table = pd.DataFrame(
        {"a": a, "up": np.exp(a), "down": -(a**3), "c": rng.normal(size=50), "flat": 1.0}
    )
    found = clusters(table, ["a", "flat", "gone"])
    assert found["a"] == {"up": pytest.approx(1.0), "down": pytest.approx(-1.0)}
    assert found["flat"] == {}
    assert found["gone"] == {}
    assert list(marker_values(table.rename(columns={"c": "c__censored"}), ["c", "x"])) == ["c"]


def test_a_fixed_set_is_the_refit_of_the_selection(rows):
    X, y, _ = rows
    whole = StableSignature(StabilitySelection(panel=PANEL, random_state=0)).fit(X, y)
    fixed = FixedSignature(whole.selected_, PANEL).fit(X, y)
    np.testing.assert_allclose(fixed.coef_, whole.coef_, atol=1e-8)
    alone = FixedSignature([], PANEL).fit(X[PANEL], y)
    assert not alone.coef_.any()
    assert alone.intercept_[0] == pytest.approx(np.log(y.mean() / (1 - y.mean())))


def test_the_best_within_reach_by_training_rows(rows):
    X, y, person = rows
    sets = FoldSets(X, y, person, PANEL, folds=3)
    assert set(sets.cluster("a")) == {"copy", "near"}
    assert sets.within(["a", "b"], ["a", "b"]) == ["a", "b"]
    assert sets.within(["a", "b"], ["b", "near", "noise"]) == ["b", "near"]
    assert sets.within(["a", "b"], ["noise"]) == []
    cost = {"a": 5.0, "b": 1.0, "noise": 1.0, "near": 4.0, "copy": 2.0}
    assert sets.cheapest(["a", "b", "noise"], PANEL, cost) == ["b", "copy"]


def test_rows_of_a_person_count_together(rows):
    X, y, _ = rows
    twice = np.repeat(np.arange(200), 2)
    rng = np.random.default_rng(0)
    own = rng.normal(size=200)[twice]
    one = FoldSets(X, y, np.arange(400), PANEL, folds=3)._standard_error(own)
    together = FoldSets(X, y, twice, PANEL, folds=3)._standard_error(own)
    assert together == pytest.approx(np.sqrt(2) * one)
