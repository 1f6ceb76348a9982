"""Markers that tell who benefits are found, and those that tell of the outcome alone are not."""

import numpy as np
import pandas as pd
import pytest

from signature.effect.interaction.predictive_signature import PredictiveSignature
from signature.randomness import generator


def _trial(n=400, p=24, *, size=0.7, share=0.5, seed=0, binary=False):
    """Markers share a factor; m0 and m1 make outcomes vary, m3 and m7 the benefit."""
    rng = generator(seed, "predictive markers")
    x = rng.normal(size=(n, p)) + 0.5 * rng.normal(size=(n, 1))
    x = x / x.std(axis=0)
    arm = rng.permutation((np.arange(n) < round(n * share)).astype(int))
    benefit = 0.5 + size * (x[:, 3] - x[:, 7])
    if binary:
        risk = 1 / (1 + np.exp(-1.5 * x[:, 0] - arm * benefit))
        y = (rng.random(n) < risk).astype(int)
    else:
        y = 3 * x[:, 0] + 2 * np.abs(x[:, 1]) + arm * benefit + rng.normal(size=n)
    return pd.DataFrame(x, columns=[f"m{i}" for i in range(p)]), y, arm


def _fit(X, y, arm, share=0.5, **params):
    return PredictiveSignature(**params).fit(X, y, treated=arm, share=share)


@pytest.mark.parametrize("share", [0.5, 0.75])
def test_planted_interactions_are_found_among_24_markers(share):
    X, y, arm = _trial(share=share)
    found = _fit(X, y, arm, share)
    assert found.selected_ == ["m3", "m7"]
    assert found.pvalue_ == found.adjusted_pvalues_.min() == 0.001
    assert found.adjusted_pvalues_[0] > 0.05
    assert found.frequencies_[3] >= found.threshold_ > np.median(found.frequencies_)
    assert 0 < found.declared_bound_ <= 0.25
    assert list(np.flatnonzero(found.coef_)) == [3, 7]
    assert found.coef_[3] == pytest.approx(0.7, abs=0.35)
    assert found.coef_[7] == pytest.approx(-0.7, abs=0.35)
    assert found.predict(X).mean() == pytest.approx(0.5, abs=0.3)


@pytest.mark.parametrize("binary", [False, True])
def test_strong_main_effects_alone_select_nothing(binary):
    """The small twin of the next: at 5 %, three of twelve would be chance in 2 % of cases."""
    found = [_fit(*_trial(80, size=0.0, seed=s, binary=binary), random_state=s) for s in range(12)]
    assert sum(bool(f.selected_) for f in found) <= 2
    assert 0.2 < np.mean([f.pvalue_ for f in found]) < 0.8
    for one in found:
        if not one.selected_:
            assert not one.coef_.any()
            assert one.declared_bound_ == 0
            assert np.ptp(one.predict(_trial(80)[0])) == 0


@pytest.mark.slow
@pytest.mark.parametrize(("n", "share"), [(120, 0.5), (120, 2 / 3), (200, 0.75)])
def test_one_trial_in_twenty_selects_anything_without_interactions(n, share):
    found = []
    for s in range(200):
        X, y, arm = _trial(n, size=0.0, share=share, seed=s)
        found.append(bool(_fit(X, y, arm, share, random_state=s).selected_))
    # 5 % and two Monte Carlo standard errors
    assert np.mean(found) <= 0.05 + 2 * np.sqrt(0.05 * 0.95 / 200)


def test_a_few_markers_are_tested_one_by_one():
    X, y, arm = _trial(p=8)
    few = _fit(X[["m0", "m1", "m2", "m3"]], y, arm)
    assert few.selected_ == ["m3"]
    assert few.threshold_ == np.inf
    assert few.declared_bound_ == 0.05
    assert not _fit(X[["m0", "m1"]], y, arm).selected_


def test_only_the_panel_is_selected_from_and_a_marker_brings_its_flag():
    X, y, arm = _trial(p=12)
    X = X.rename(columns={"m0": "age"}).assign(m3__below=(X["m3"] < -1).astype(float))
    found = _fit(X, y, arm, panel=["m3", "m4", "m5"])
    assert found.markers_ == ["m3", "m4", "m5"]
    assert found.selected_ == ["m3"]
    coef = dict(zip(X.columns, found.coef_, strict=True))
    assert coef["m3"] != 0
    assert coef["m3__below"] != 0
    assert coef["age"] == coef["m7"] == 0


def test_a_marker_that_follows_a_covariate_is_not_predictive_itself():
    """Age makes the benefit; a marker that goes with age tells of it, until age is known."""
    X, y, arm = _trial(p=10, size=0.0)
    rng = generator(1, "covariate")
    age = rng.normal(size=len(X))
    y = y + 1.2 * arm * age
    X = X.assign(m5=age + 0.5 * rng.normal(size=len(X)))
    assert "m5" in _fit(X, y, arm).selected_
    panel = list(X.columns)
    assert "m5" not in _fit(X.assign(age=age), y, arm, panel=panel).selected_


def test_dealing_arms_keeps_probabilities_apart():
    """Severe people are treated four times in five and do worse: no interaction is made of it."""
    found = []
    for seed in range(6):
        rng = generator(seed, "strata")
        X, y, _ = _trial(160, size=0.0, seed=seed)
        severe = X["m0"].to_numpy() > 0
        share = np.where(severe, 0.8, 0.2)
        arm = (rng.random(160) < share).astype(int)
        found.append(bool(_fit(X, y - 3 * severe + arm, arm, share).selected_))
    assert sum(found) <= 1


def test_at_most_so_many_and_the_seed_decides():
    X, y, arm = _trial(200)
    one = _fit(X, y, arm, max_markers=1)
    assert len(one.selected_) == 1
    same, other = _fit(X, y, arm, max_markers=1), _fit(X, y, arm, random_state=5)
    np.testing.assert_array_equal(one.frequencies_, same.frequencies_)
    assert (one.frequencies_ != other.frequencies_).any()


def test_columns_that_say_nothing_are_never_selected():
    X, y, arm = _trial(200, p=10)
    X = X.assign(m0=0.0, m1=X["m3"])
    found = _fit(X, y, arm)
    assert "m0" not in found.selected_
    assert found.frequencies_[0] == 0


def test_a_panel_that_is_not_there_is_refused():
    X, y, arm = _trial(40)
    with pytest.raises(ValueError, match="none of the 24 columns is a marker of the panel"):
        _fit(X, y, arm, panel=["IL6"])
