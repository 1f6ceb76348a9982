"""Learners of benefit on trials whose benefit by person is known."""

import sys
from types import ModuleType

import numpy as np
import pytest

from signature.effect.learners.causal_forest import CausalForest
from signature.effect.learners.dr_learner import DRLearner
from signature.effect.learners.effect_learner import EffectLearner
from signature.effect.learners.modified_covariate import ModifiedCovariate
from signature.effect.learners.r_learner import RLearner
from signature.effect.trial.trial_people import trial_people
from signature.exceptions import (
    AllocationError,
    MissingExtraError,
    OutcomeError,
    PredictionsError,
)
from signature.randomness import generator
from tests.made.made_up_effects import linear_trial

LEARNERS = {
    "modified covariate": ModifiedCovariate(),
    "R": RLearner(),
    "R trees": RLearner("trees"),
    "DR": DRLearner(),
    "DR trees": DRLearner("trees"),
}
LINEAR = ["modified covariate", "R", "DR"]
every_learner = pytest.mark.parametrize("name", LEARNERS)


def _fit(name, x, y, arm, share, **more) -> EffectLearner:
    from sklearn.base import clone

    return clone(LEARNERS[name]).fit(x, y, treated=arm, share=share, **more)


def _trial(n, *, per_sd=0.8, prognosis=2.0, treated=0.5, seed=0, noise_columns=7):
    """Column 0 is the marker of `linear_trial`, which is both prognostic and predictive."""
    rng = generator(seed, "effect learners")
    trial = linear_trial(rng, n, per_sd=per_sd, prognosis=prognosis, treated=treated)
    x = np.column_stack([trial.marker, rng.normal(size=(n, noise_columns))])
    return x, trial.outcome, trial.arm, trial.expected[:, 1] - trial.expected[:, 0]


@every_learner
def test_benefit_is_predicted_and_better_with_more_people(name):
    x_new, _, _, truth = _trial(2000, seed=99)
    error = []
    for n in (100, 800):
        one = [
            np.mean((_fit(name, *_trial(n, seed=s)[:3], 0.5).predict(x_new) - truth) ** 2)
            for s in range(2)
        ]
        error.append(np.mean(one))
    predicted = _fit(name, *_trial(800, seed=1)[:3], 0.5).predict(x_new)
    assert np.corrcoef(predicted, truth)[0, 1] > (0.9 if name in LINEAR else 0.75)
    assert error[1] < 0.6 * error[0]


@every_learner
def test_predictions_hardly_vary_where_benefit_is_the_same_for_all(name):
    """Main effects of two per SD are no benefit.

    Of 30 other trials each learner predicts one benefit for all in 22 or more, and the spread is
    0.03 to 0.05 on average with an SD of 0.1: bounds are three errors of eight trials away.
    """
    spread = []
    for seed in range(8):
        x, y, arm, _ = _trial(300, per_sd=0.0, seed=seed)
        spread.append(_fit(name, x, y, arm, 0.5).predict(x).std())
    assert np.mean(spread) < 0.16
    assert sum(s < 1e-9 for s in spread) >= 2


@every_learner
@pytest.mark.parametrize("treated", [2 / 3, 0.75])
def test_uneven_arms_do_not_bias(name, treated):
    """Average and slope over trials, against 0.3 and 0.8."""
    x_new, _, _, _ = _trial(500, seed=98)
    found = []
    for seed in range(5):
        x, y, arm, _ = _trial(240, treated=treated, seed=seed)
        p = _fit(name, x, y, arm, treated).predict(x_new)
        slope = np.polyfit(x_new[:, 0], p, 1)[0]
        found.append((p.mean() - slope * x_new[:, 0].mean(), slope))
    mean, error = np.mean(found, axis=0), np.std(found, axis=0, ddof=1) / np.sqrt(5)
    assert abs(mean[0] - 0.3) < 3.5 * error[0] + 0.02
    # penalties shrink a slope, and never turn it round or enlarge it
    assert 0.3 < mean[1] < 0.8 + 3.5 * error[1]


@pytest.mark.parametrize("name", LINEAR)
def test_shares_by_stratum_undo_the_confounding_they_make(name):
    rng = generator(2, "strata")
    n = 3000
    severe = (rng.random(n) < 0.5).astype(float)
    share = np.where(severe == 1, 0.8, 0.2)
    arm = (rng.random(n) < share).astype(float)
    x = np.column_stack([rng.normal(size=n), rng.normal(size=n)])  # severity is not told
    y = -3 * severe + arm * (1 + 0.5 * x[:, 0]) + rng.normal(size=n)
    learned = _fit(name, x, y, arm, share)
    assert learned.intercept_ == pytest.approx(1, abs=0.35)
    assert learned.coef_[0] == pytest.approx(0.5, abs=0.35)
    assert _fit(name, x, y, arm, 0.5).intercept_ < 0


@every_learner
def test_a_prognostic_marker_is_not_taken_for_a_predictive_one(name):
    """Column 0 makes outcomes vary by four and no benefit, column 1 makes the benefit."""
    rng = generator(3, "prognostic")
    x, arm = rng.normal(size=(800, 6)), rng.permutation(np.arange(800) % 2)
    y = 4 * x[:, 0] + np.abs(x[:, 2]) + arm * x[:, 1] + rng.normal(size=800)
    predicted = _fit(name, x, y, arm, 0.5).predict(x)
    assert np.corrcoef(predicted, x[:, 1])[0, 1] > 0.75
    assert abs(np.corrcoef(predicted, x[:, 0])[0, 1]) < 0.35


@every_learner
def test_of_an_event_the_benefit_is_a_difference_of_risks(name):
    rng = generator(4, "event")
    n = 1500
    x, arm = rng.normal(size=(n, 5)), (rng.random(n) < 0.6).astype(int)
    benefit = np.clip(0.1 + 0.15 * x[:, 1], -0.2, 0.4)
    risk = 0.4 + 0.1 * np.clip(x[:, 0], -1.5, 1.5) + arm * benefit
    y = (rng.random(n) < risk).astype(int)
    predicted = _fit(name, x, y, arm, 0.6).predict(x)
    assert np.corrcoef(predicted, benefit)[0, 1] > 0.7
    assert predicted.mean() == pytest.approx(0.1, abs=0.07)
    assert np.abs(predicted).max() < 1
    turned = _fit(name, x, 1 - y, arm, 0.6).predict(x)
    # the same trial, but for the folds
    assert np.abs(turned + predicted).mean() < 0.05


@every_learner
def test_a_weight_is_a_number_of_rows(name):
    x, y, arm, _ = _trial(300, seed=5)
    times = generator(5, "times").integers(0, 4, 300)
    people = np.arange(300)
    weighted = _fit(name, x, y, arm, 0.5, weight=times, person=people)
    rows = np.repeat(people, times)
    repeated = _fit(name, x[rows], y[rows], arm[rows], 0.5, person=rows)
    np.testing.assert_allclose(weighted.predict(x), repeated.predict(x), atol=1e-4)
    plain = _fit(name, x, y, arm, 0.5)
    assert np.abs(weighted.predict(x) - plain.predict(x)).max() > 0.01


@every_learner
def test_the_scale_of_weights_and_outcomes_does_not_matter(name):
    x, y, arm, _ = _trial(150, seed=6)
    one = _fit(name, x, y, arm, 0.5).predict(x)
    np.testing.assert_allclose(
        _fit(name, x, y, arm, 0.5, weight=np.full(150, 7.0)).predict(x), one, atol=1e-5
    )
    np.testing.assert_allclose(
        _fit(name, x, 2 * y, arm, 0.5).predict(x), 2 * one, atol=1e-3, rtol=1e-3
    )


def test_folds_keep_people_whole_and_arms_and_events_even():
    rng = generator(7, "folds")
    person = np.repeat(np.arange(100), 2)
    arm, y = (
        np.repeat(rng.permutation(np.arange(100) % 2), 2),
        np.repeat(np.arange(100) % 4 == 0, 2),
    )
    fold = trial_people(y.astype(float), arm, 0.5, person=person).folds(5, 0)
    assert (fold[0::2] == fold[1::2]).all()
    for what in (arm == 1, arm == 0, (arm == 1) & y):
        count = np.bincount(fold[what], minlength=5)
        assert np.ptp(count) <= 2


def test_at_equal_shares_modified_covariates_are_half_the_centred_arm():
    """The R-learner with linear main effects is then the same estimator."""
    from signature.effect.learners.effect_learner import ToLearn
    from signature.effect.learners.r_learner import unexpected

    x, y, arm, _ = _trial(120, seed=8)
    people = trial_people(y, arm, 0.5)
    told = ToLearn(x, people, people.folds(5, 0))
    one, other = ModifiedCovariate()._regression(told), unexpected(told, trees=False)
    np.testing.assert_allclose(one.response, other.response, atol=1e-9)
    np.testing.assert_array_equal(one.contrast, other.contrast)


_X = np.arange(40.0).reshape(20, 2) % 7
_Y, _ARM = np.arange(20.0) % 6, np.arange(20) % 2


@every_learner
@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"treated": _ARM * (np.arange(20) < 6)}, AllocationError, "treated arm has 3 people"),
        ({"treated": 1 - _ARM * (np.arange(20) < 6)}, AllocationError, "control arm has 3 people"),
        ({"weight": np.where(_ARM == 0, 1, np.arange(20) < 4)}, AllocationError, "has 2 people"),
        ({"y": np.where(_ARM == 1, 1, _Y % 2)}, OutcomeError, "treated arm have the same outcome"),
        ({"y": np.where(_Y > 4, np.nan, _Y)}, OutcomeError, "missing or infinite in 3 of 20"),
        ({"treated": _ARM + 1}, AllocationError, "neither in 10 of 20 rows"),
        ({"treated": _ARM[:5]}, AllocationError, r"shape \(20,\); got shape \(5,\)"),
        ({"share": np.where(_Y == 0, 1.0, 0.5)}, AllocationError, "it is not in 4 of 20 rows"),
        ({"share": np.nan}, AllocationError, "it is not in 20 of 20 rows"),
        ({"weight": -np.ones(20)}, PredictionsError, "must not be negative"),
        ({"person": np.arange(20) // 2}, PredictionsError, "10 persons have rows in two arms"),
        ({"X": _X[:10]}, ValueError, "10 rows of X for 20 outcomes"),
    ],
)
def test_what_cannot_teach_a_benefit_is_refused(name, change, error, message):
    from sklearn.base import clone

    told = {"X": _X, "y": _Y, "treated": _ARM, "share": 0.5} | change
    with pytest.raises(error, match=message):
        clone(LEARNERS[name]).fit(**told)


@pytest.mark.parametrize(
    ("learner", "message"),
    [(RLearner("forest"), "stage must be one of"), (ModifiedCovariate(folds=1), "folds must be 2")],
)
def test_parameters_out_of_range_are_refused(learner, message):
    with pytest.raises(ValueError, match=message):
        learner.fit(_X, _Y, treated=_ARM, share=0.5)


@every_learner
def test_four_people_in_an_arm_are_enough(name):
    arm = (np.arange(20) < 4).astype(int)
    assert np.isfinite(_fit(name, _X, _Y, arm, 0.2).predict(_X)).all()


def test_without_econml_it_is_said_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "econml", None)
    monkeypatch.setitem(sys.modules, "econml.grf", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'immune-signature\[causal\]'"):
        CausalForest().fit(_X, _Y, treated=_ARM, share=0.5)


def test_a_forest_is_given_the_arm_less_its_probability(monkeypatch):
    given = {}

    class Forest:
        def __init__(self, **params):
            given.update(params)

        def fit(self, X, T, y, *, sample_weight):
            given.update(X=X, T=T, y=y, weight=sample_weight)
            return self

        def predict(self, X):
            return X[:, :1]

    package, module = ModuleType("econml"), ModuleType("econml.grf")
    module.CausalForest = Forest
    monkeypatch.setitem(sys.modules, "econml", package)
    monkeypatch.setitem(sys.modules, "econml.grf", module)
    x, y, arm, _ = _trial(60, seed=9)
    share, weight = np.where(x[:, 1] > 0, 0.5, 0.75), np.arange(60) % 3
    forest = CausalForest(n_trees=8, random_state=4)
    forest.fit(x, y, treated=arm, share=share, weight=weight)
    kept = weight > 0
    np.testing.assert_array_equal(given["T"], (arm - share)[kept, None])
    np.testing.assert_array_equal(given["X"], x[kept])
    np.testing.assert_allclose(given["weight"] / given["weight"][0], weight[kept] / weight[kept][0])
    # main effects are gone: outcomes vary by two with column 0, and what is left hardly does
    assert abs(np.corrcoef(given["y"], x[kept, 0])[0, 1]) < 0.5
    assert np.std(given["y"]) < np.std(y)
    assert (given["n_estimators"], given["random_state"], given["n_jobs"]) == (8, 4, 1)
    np.testing.assert_array_equal(forest.predict(x), x[:, 0])
