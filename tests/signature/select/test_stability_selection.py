"""The selector: what it finds, what it does not, and every awkward table."""

import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from signature.select.stability_selection import FEWEST_MARKERS, StabilitySelection
from signature.select.stable_signature import StableSignature


def _table(n=120, p=40, seed=0, effects=((3, 1.5), (7, -1.5))):
    rng = np.random.default_rng(seed)
    X = pd.DataFrame(rng.normal(size=(n, p)), columns=[f"m{i}" for i in range(p)])
    eta = sum(size * X[f"m{i}"] for i, size in effects) if effects else np.zeros(n)
    y = (eta + rng.logistic(size=n) > 0).astype(int)
    return X, np.asarray(y)


@pytest.mark.parametrize("learner", ["elastic_net", "marginal"])
def test_it_finds_what_is_there(learner):
    X, y = _table()
    selector = StabilitySelection(learner=learner).fit(X, y)
    assert selector.selected_ == ["m3", "m7"]
    assert list(selector.get_feature_names_out()) == ["m3", "m7"]
    assert selector.transform(X).shape == (120, 2)
    assert 0 < selector.declared_bound_ <= selector.level
    assert selector.frequencies_[3] > selector.threshold_ > np.median(selector.frequencies_)


@pytest.mark.parametrize("learner", ["elastic_net", "marginal"])
def test_shuffled_outcomes_select_nothing(learner):
    """At alpha = .025 one run in forty selects something; three of twenty have a chance of 1 %."""
    X, y = _table()
    rng = np.random.default_rng(5)
    found = [StabilitySelection(learner=learner).fit(X, rng.permutation(y)) for _ in range(20)]
    assert sum(bool(f.selected_) for f in found) <= 2
    assert np.mean([len(f.selected_) for f in found]) <= found[0].level
    # p-values of a true null are spread evenly
    assert 0.25 < np.mean([f.pvalue_ for f in found]) < 0.75


def test_correlated_markers_and_shuffled_outcomes_select_nothing():
    rng = np.random.default_rng(1)
    X = rng.normal(size=(80, 60)) * 0.5 + np.repeat(rng.normal(size=(80, 6)), 10, axis=1)
    found = [
        StabilitySelection(learner="marginal").fit(X, rng.permutation(np.arange(80) % 2)).selected_
        for _ in range(20)
    ]
    assert sum(map(bool, found)) <= 2


@pytest.mark.slow
def test_the_declared_bound_holds_over_many_runs():
    X, y = _table(n=60, p=200)
    rng = np.random.default_rng(7)
    found = [
        StabilitySelection(learner="marginal", alpha=None).fit(X, rng.permutation(y)).selected_
        for _ in range(100)
    ]
    counts = np.array([len(f) for f in found])
    assert counts.mean() <= 0.25 + 2 * counts.std() / 10


def test_numbers_as_outcome_take_the_linear_path():
    X, _ = _table()
    rng = np.random.default_rng(2)
    y = X["m5"] - X["m9"] + rng.normal(size=120)
    assert StabilitySelection().fit(X, y).selected_ == ["m5", "m9"]


def test_a_share_of_false_selections_can_be_asked_for():
    X, y = _table()
    found = StabilitySelection(error="fdr", level=0.1).fit(X, y)
    assert {"m3", "m7"} <= set(found.selected_)
    assert found.declared_bound_ <= 0.1 * len(found.selected_) + 1e-9


@pytest.mark.parametrize("error", ["pfer", "fdr"])
def test_one_fit_answers_for_other_levels(error):
    X, y = _table(effects=((3, 1.5), (7, -1.5), (11, 0.6), (12, 0.6)))
    told = {"error": error, "max_pairs": 20, "per_half": 6}
    strict, loose = (StabilitySelection(level=v, **told).fit(X, y) for v in (0.05, 0.8))
    assert strict.n_pairs_ == loose.n_pairs_ == 20
    assert strict.selected_at(0.8, error) == loose.selected_ != strict.selected_
    assert loose.selected_at(0.05, error) == strict.selected_
    shuffled = strict.fit(X, np.random.default_rng(5).permutation(y))
    assert shuffled.selected_at(30.0) == []


@pytest.mark.parametrize("bound", ["r-concave", "unimodal", "none"])
def test_analytic_bounds_need_no_permutations(bound):
    X, y = _table(n=200)
    found = StabilitySelection(bound=bound, alpha=None, per_half=4, level=1.0).fit(X, y)
    assert found.n_permutations_ == 0
    assert np.isnan(found.pvalue_)
    assert found.declared_bound_ <= 1.0
    assert found.selected_ == ["m3", "m7"]


def test_the_same_bits_on_one_thread_and_on_two_and_another_seed_the_same_signature():
    X, y = _table()
    one, two = (StabilitySelection(n_jobs=jobs).fit(X, y) for jobs in (1, 2))
    np.testing.assert_array_equal(one.frequencies_, two.frequencies_)
    assert one.threshold_ == two.threshold_
    other = StabilitySelection(random_state=1).fit(X, y)
    assert other.selected_ == one.selected_
    assert (other.frequencies_ != one.frequencies_).any()


def test_covariates_stay_and_are_not_selected_from():
    X, y = _table()
    X["age"] = X["m3"] + 0.1 * np.random.default_rng(0).normal(size=120)
    panel = [f"m{i}" for i in range(40)]
    found = StabilitySelection(panel=panel).fit(X, y)
    # m3 is all but the covariate, which takes its place
    assert found.selected_ == ["m7"]
    assert list(found.get_feature_names_out()) == ["m7", "age"]
    assert not found.prognostic_score_


def test_many_covariates_are_stood_for_by_one_score():
    X, y = _table(n=200)
    rng = np.random.default_rng(3)
    for i in range(30):
        X[f"c{i}"] = rng.normal(size=200)
    found = StabilitySelection(panel=[f"m{i}" for i in range(40)]).fit(X, y)
    assert found.prognostic_score_
    assert {"m3", "m7"} <= set(found.selected_)


def test_a_marker_brings_its_flag_along():
    X, y = _table()
    X["m3__censored"] = (X["m3"] < -1).astype(float)
    found = StabilitySelection(panel=["m3", *(f"m{i}" for i in range(10, 30))]).fit(X, y)
    assert found.selected_ == ["m3"]
    assert {"m3", "m3__censored"} <= set(found.get_feature_names_out())


def test_people_are_kept_whole():
    """Four copies of each person are no more evidence than one."""
    X, _ = _table(n=30, p=40, effects=())
    y = np.arange(30) % 2
    many, people = pd.concat([X] * 4, ignore_index=True), np.tile(np.arange(30), 4)
    pvalues = [
        StabilitySelection(random_state=s).fit(many, np.tile(y, 4), groups=people).pvalue_
        for s in range(2)
    ]
    once = StabilitySelection().fit(X, y).pvalue_
    assert pvalues == pytest.approx([once] * 2, abs=0.07)
    with pytest.raises(ValueError, match="3 groups for 120 rows"):
        StabilitySelection().fit(many, np.tile(y, 4), groups=[1, 2, 3])


def test_sites_with_their_own_levels_and_event_rates_select_nothing():
    """Small sites count as one; a marker that matters within sites is found."""
    rng = np.random.default_rng(0)
    X, _ = _table(n=200, p=40, effects=())
    site = np.repeat(["a", "b", "c", "d"], [110, 75, 8, 7])
    level = pd.Series(site).map({"a": -1.0, "b": 1.0, "c": 2.0, "d": 2.0}).to_numpy()
    y = (level + rng.logistic(size=200) > 0).astype(int)
    higher = X.add(level, axis=0)
    assert StabilitySelection().fit(higher, y).pvalue_ <= 0.025
    found = StabilitySelection().fit(higher, y, sites=site)
    assert found.selected_ == []
    assert found.pvalue_ > 0.025
    higher["m3"] += 1.2 * (y - y.mean())
    assert StabilitySelection().fit(higher, y, sites=site).selected_ == ["m3"]
    gaps = np.where(np.arange(200) < 2, None, site)
    with pytest.raises(ValueError, match="site of 2 of 200 rows is missing"):
        StabilitySelection().fit(X, y, sites=gaps)
    # a covariate that says the same as the site
    doubled = higher.assign(clinic=(site == "a").astype(float))
    panel = [f"m{i}" for i in range(40)]
    two = np.where(site == "a", "a", "b")
    assert StabilitySelection(panel).fit(doubled, y, sites=two).selected_ != []
    with pytest.raises(ValueError, match="3 sites for 200 rows"):
        StabilitySelection().fit(X, y, sites=["a", "b", "a"])


def test_rows_that_look_like_visits_are_asked_about():
    X, y = _table(n=40, p=20, effects=())
    X["age"], X["bmi"] = np.random.default_rng(1).normal(size=(2, 40))
    twice, outcome, people = pd.concat([X, X]), np.r_[y, y], np.tile(np.arange(40), 2)
    selector = StabilitySelection([f"m{i}" for i in range(20)], alpha=0.5)
    with pytest.warns(UserWarning, match="80 of 80 rows agree .* give whose rows they are"):
        selector.fit(twice, outcome)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        selector.fit(twice, outcome, people)
        # strangers of one sex and about one age are no visits
        selector.fit(X.drop(columns="bmi").assign(age=X["age"].round()), y)


def test_constant_equal_and_separating_columns():
    X, y = _table()
    X["m10"] = 1.0
    X["m12"] = X["m11"] = 2.0 * y + np.linspace(0, 0.1, len(y))
    found = StabilitySelection(learner="marginal").fit(X, y)
    assert {"m11", "m12"} <= set(found.selected_)
    assert "m10" not in found.selected_
    lasso = StabilitySelection().fit(X, y)
    assert "m11" in lasso.selected_
    model = StableSignature(StabilitySelection(learner="marginal")).fit(X, y)
    assert np.isfinite(model.coef_).all()
    assert np.abs(model.coef_).max() < 10


@pytest.mark.parametrize("p", [1, 2, FEWEST_MARKERS - 1])
def test_a_small_panel_is_tested_marker_by_marker(p):
    X, y = _table(p=p, effects=((0, 1.0),))
    assert StabilitySelection().fit(X, y).selected_ == ["m0"]
    nothing = StabilitySelection().fit(X, np.random.default_rng(1).permutation(y))
    assert nothing.selected_ == []
    assert nothing.declared_bound_ == 0.0


def test_a_panel_as_small_as_can_compete_can_be_selected_from():
    X, y = _table(p=FEWEST_MARKERS, effects=((0, 1.5),))
    assert StabilitySelection().fit(X, y).selected_ == ["m0"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"level": 0}, "level must be above 0"),
        ({"level": 1, "error": "fdr"}, "below 1 for a share"),
        ({"alpha": 1e-4}, "alpha must lie between"),
        ({"learner": "oracle"}, "learner must be one of"),
        ({"bound": "hope"}, "bound must be one of"),
        ({"too_few": "guess"}, "too_few must be one of"),
        ({"per_half": 0}, "per_half must be 1 or more"),
        ({"panel": ["IL6"]}, "none of the 40 columns is a marker of the panel"),
    ],
)
def test_what_cannot_be_is_refused(change, message):
    X, y = _table()
    with pytest.raises(ValueError, match=message):
        StabilitySelection(**change).fit(X, y)


def test_tables_that_cannot_be_selected_from_are_refused():
    X, y = _table()
    few = np.zeros(120, dtype=int)
    few[:3] = 1
    with pytest.raises(ValueError, match="rarer class has 3 people"):
        StabilitySelection().fit(X, few)
    with pytest.raises(ValueError, match="one class only"):
        StabilitySelection().fit(X, np.zeros(120))
    with pytest.raises(ValueError, match="3 classes"):
        StabilitySelection().fit(X, np.array(["a", "b", "c"] * 40))
    gaps = X.copy()
    gaps.iloc[0, 0] = np.nan
    with pytest.raises(ValueError, match="NaN"):
        StabilitySelection().fit(gaps, y)


def test_at_most_so_many_markers():
    X, y = _table(n=300, effects=tuple((i, 1.0) for i in range(6)))
    assert len(StabilitySelection().fit(X, y).selected_) >= 5
    found = StabilitySelection(max_markers=2).fit(X, y)
    assert len(found.selected_) == 2


def test_a_signature_of_nothing_is_the_event_rate():
    X, _ = _table(effects=())
    y = (np.arange(120) % 3 == 0).astype(int)
    model = StableSignature().fit(X, y)
    assert model.selected_ == []
    np.testing.assert_allclose(model.predict_proba(X)[:, 1], 1 / 3)


def test_weights_are_those_of_a_ridge_on_the_selected_columns():
    X, y = _table()
    model = make_pipeline(StandardScaler().set_output(transform="pandas"), StableSignature())
    model.fit(X, y)
    last = model[-1]
    assert last.selected_ == ["m3", "m7"]
    assert (last.coef_[0] != 0).sum() == 2
    assert last.coef_[0][3] > 0 > last.coef_[0][7]


def test_a_class_of_three_may_be_allowed_to_select_nothing():
    X, _ = _table()
    y = (np.arange(len(X)) < 3).astype(int)
    panel = [f"m{i}" for i in range(30)]
    selector = StabilitySelection(panel=panel, too_few="nothing")
    model = StableSignature(selector).fit(X, y)
    assert model.selected_ == []
    assert model.declared_bound_ == 0.0
    assert np.isnan(model.selector_.pvalue_)
    assert model.selector_.selected_at(5.0) == []
    # covariates stay, as ever
    assert list(model.selector_.get_feature_names_out()) == [f"m{i}" for i in range(30, 40)]
    assert (model.coef_[0][30:] != 0).all()
    assert (model.coef_[0][:30] == 0).all()
