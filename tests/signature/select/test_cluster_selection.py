"""Clusters: how they are made, what is found of them, and what is not."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import false_discovery_control

from experiments.benchmarks import selection_clusters as benchmark
from signature.randomness import generator
from signature.select.cluster_selection import ClusterSelection
from signature.select.cluster_tests import benjamini_hochberg
from signature.select.covariates import adjust, adjusted_further
from signature.select.half_samples import PeopleInRows
from signature.select.panel_clusters import panel_clusters


def _table(kind="block", correlation=0.5, loading=0.0, number=0):
    rng = generator(3, kind, number)
    markers, covariates, y, matters = benchmark.draw(kind, correlation, loading, rng)
    panel = [f"m{i}" for i in range(benchmark.MARKERS)]
    names = [*panel, "z0", "z1"]
    return pd.DataFrame(np.hstack([markers, covariates]), columns=names), y, panel, matters


def test_blocks_are_clusters_and_each_marker_is_in_one():
    X, y, panel, _ = _table()
    found = ClusterSelection(panel, resamples=5).fit(X, y)
    assert sorted(m for c in found.clusters_ for m in c.members) == sorted(panel)
    blocks = [{int(m[1:]) // benchmark.BLOCK for m in c.members} for c in found.clusters_]
    assert np.mean([len(b) == 1 for b in blocks]) > 0.9
    assert 18 <= len(blocks) <= 28
    assert all(c.medoid == c.members[0] for c in found.clusters_)
    assert np.mean([c.stability for c in found.clusters_]) > 0.8


def test_the_outcome_has_no_part_in_the_clusters():
    X, y, panel, _ = _table()
    selector = ClusterSelection(panel, resamples=0)
    first, *others = (
        {c.members for c in selector.fit(X[panel], outcome).clusters_}
        for outcome in (y, 1 - y, np.roll(y, 7))
    )
    assert all(other == first for other in others)


def test_it_finds_blocks_that_matter_and_says_in_which_direction():
    hits, false = [], []
    for number in range(6):
        X, y, panel, matters = _table(number=number)
        found = ClusterSelection(panel, resamples=0).fit(X, y)
        blocks = [int(c.medoid[1:]) // benchmark.BLOCK for c in found.found_]
        hits.append(len({b for b in blocks if matters[b]}))
        false.append(sum(not matters[b] for b in blocks))
        for c in found.found_[:1]:
            apart = X[c.medoid][y == 1].mean() - X[c.medoid][y == 0].mean()
            assert np.sign(apart) == c.direction
    assert np.mean(hits) > 2
    assert np.mean(false) < 1


def test_a_factor_through_everything_is_not_the_whole_panel():
    """Beyond the covariates all markers go with the outcome; beyond what they share, four do."""
    counts = {"shared": [], "covariates": []}
    for number in range(8):
        X, y, panel, matters = _table("block", 0.5, 0.5, number)
        for beyond, said in counts.items():
            found = ClusterSelection(panel, beyond=beyond, resamples=0).fit(X, y)
            blocks = {int(c.medoid[1:]) // benchmark.BLOCK for c in found.found_}
            said.append(sum(not matters[b] for b in blocks))
            assert found.n_shared_ == (beyond == "shared")
    assert np.mean(counts["shared"]) < 0.7
    assert np.mean(counts["covariates"]) > 3


def test_nothing_is_found_where_nothing_is():
    found = []
    for number in range(20):
        X, y, panel, _ = _table("none", 0.5, 0.3, number)
        found.append(len(ClusterSelection(panel, resamples=0).fit(X, y).found_))
    assert sum(map(bool, found)) <= 5  # at .1: more has a chance of 1 %


def test_a_marker_s_flag_and_visits_are_taken_along():
    X, y, panel, _ = _table()
    X = X[[*panel[:40], "z0", "z1"]]
    X["m0__censored"] = (X["m0"] < -1).astype(float)
    once = ClusterSelection(panel[:40], resamples=0).fit(X, y)
    assert once.markers_ == panel[:40]
    twice, people = pd.concat([X, X], ignore_index=True), np.tile(np.arange(len(X)), 2)
    again = ClusterSelection(panel[:40], resamples=0).fit(twice, np.tile(y, 2), people)
    mean = [np.mean(np.log([c.pvalue for c in s.clusters_])) for s in (once, again)]
    assert mean[1] == pytest.approx(mean[0], abs=0.5)


def test_markers_that_never_vary_do_not_make_others_stand_out():
    X, y, panel, _ = _table("none")
    X = X[[*panel[:20], "z0", "z1"]]
    alone = ClusterSelection(panel[:20], resamples=0, beyond="covariates").fit(X, y)
    dull = [f"m{i}" for i in range(300, 500)]
    wide = pd.concat([X, pd.DataFrame(1.0, index=X.index, columns=dull)], axis=1)
    among = ClusterSelection([*panel[:20], *dull], resamples=0, beyond="covariates").fit(wide, y)
    least = [min(c.pvalue for c in s.clusters_) for s in (alone, among)]
    assert least[1] == pytest.approx(least[0], rel=0.5)
    assert {c.pvalue for c in among.clusters_ if c.medoid in dull} == {1.0}


def test_numbers_as_outcome_and_small_panels():
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.normal(size=(80, 3)), columns=["IL6", "TNF", "age"])
    y = X["IL6"] + rng.normal(size=80)
    found = ClusterSelection(["IL6", "TNF"]).fit(X, y)
    assert [c.members for c in found.found_] == [("IL6",)]
    assert found.n_shared_ == 0
    X["TNF"] = 1.0
    assert ClusterSelection(["IL6", "TNF"]).fit(X, y).clusters_[1].pvalue == 1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"beyond": "all"}, "beyond must be one of"),
        ({"level": 0.0}, "level must lie between 0 and 1"),
        ({"cut": 1.5}, "cut must lie between 0 and 1"),
        ({"panel": ["CRP"]}, "is a marker of the panel"),
    ],
)
def test_what_cannot_be_is_refused(change, message):
    X = pd.DataFrame(np.random.default_rng(0).normal(size=(40, 3)), columns=["a", "b", "c"])
    with pytest.raises(ValueError, match=message):
        ClusterSelection(**change).fit(X, np.arange(40) % 2)


def test_a_class_of_three_is_refused():
    X = np.random.default_rng(0).normal(size=(40, 3))
    with pytest.raises(ValueError, match="the rarer class has 3 people"):
        ClusterSelection().fit(X, (np.arange(40) < 3).astype(int))


def test_one_group_per_row_is_needed():
    X = np.random.default_rng(0).normal(size=(40, 3))
    with pytest.raises(ValueError, match="3 groups for 40 rows"):
        ClusterSelection().fit(X, np.arange(40) % 2, np.arange(3))


def test_the_same_bits_again():
    X, y, panel, _ = _table()
    one, two = (ClusterSelection(panel).fit(X, y).clusters_ for _ in range(2))
    assert one == two


@given(st.lists(st.floats(0.0001, 1), min_size=1, max_size=30), st.floats(0.01, 0.5))
@settings(max_examples=50, deadline=None)
def test_the_rule_is_that_of_scipy(pvalues, level):
    p = np.array(pvalues)
    close = np.abs(false_discovery_control(p) - level) < 1e-9
    passed = benjamini_hochberg(p, level)
    assert (passed == (false_discovery_control(p) <= level))[~close].all()


def test_equal_markers_are_one_cluster_and_constant_ones_alone():
    rng = np.random.default_rng(0)
    a = rng.normal(size=(50, 1))
    values = np.hstack([a, -a, a**3, rng.normal(size=(50, 1)), np.ones((50, 1))])
    found = panel_clusters(values, list("abcde"), rng=rng)
    assert [set(c.members) for c in found] == [{"a", "b", "c"}, {"d"}, {"e"}]
    assert found[0].stability == 1
    one = panel_clusters(a, ["a"], rng=rng)
    assert [c.members for c in one] == [("a",)]


def test_what_is_taken_out_further_is_gone():
    rng = np.random.default_rng(0)
    X, Z, y = rng.normal(size=(90, 4)), rng.normal(size=(90, 1)), np.arange(90) % 2.0
    people = PeopleInRows(np.arange(90), y)
    given_ = adjust(X, Z, y, family="logistic", rarer=people.fewest // 2)
    extra = np.linalg.qr(rng.normal(size=(90, 1)))[0]
    found = adjusted_further(given_, extra, y, "logistic")
    assert np.abs(extra.T @ found.markers).max() < 1e-12
    assert abs(float(extra[:, 0] @ found.unexplained)) < 0.02
    assert found.basis.shape[1] == given_.basis.shape[1] + 1
