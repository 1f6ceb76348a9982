"""The average of three penalties is one equation, chosen without the outcome of those held out."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.utils.estimator_checks import parametrize_with_checks

from signature.learn.linear_average import L1_RATIOS, STRENGTHS, LinearAverage
from signature.study.splits import person_folds


def made_up(n, p, seed, weight=0.5, relevant=8):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p))
    eta = weight * X[:, :relevant].sum(axis=1)
    return X, (rng.random(n) < 1 / (1 + np.exp(-eta))).astype(int)


@parametrize_with_checks([LinearAverage()])
def test_scikit_learn_takes_it_for_one_of_its_own(estimator, check):
    check(estimator)


def test_members_are_those_of_scikit_learn_and_their_mean_is_the_equation():
    X, y = made_up(120, 15, seed=0)
    found = LinearAverage().fit(X, y)
    oracle = [
        LogisticRegression(solver="saga", C=C, l1_ratio=ratio, tol=1e-11, max_iter=50_000).fit(X, y)
        for C, ratio in zip(found.C_, L1_RATIOS, strict=True)
    ]
    np.testing.assert_allclose(found.members_, [one.coef_[0] for one in oracle], atol=1e-4)
    eta = np.mean([one.decision_function(X) for one in oracle], axis=0)
    np.testing.assert_allclose(found.decision_function(X), eta, atol=1e-3)
    np.testing.assert_array_equal(found.coef_[0], found.members_.mean(axis=0))


def test_without_room_for_the_simpler_the_smallest_held_out_loss_decides():
    X, y = made_up(100, 30, seed=1)
    found = LinearAverage(l1_ratios=(0.0,), simpler=0.0, random_state=4).fit(X, y)
    losses = []
    for C in STRENGTHS:
        loss = np.empty(len(y))
        for train, held_out in person_folds(y, np.arange(len(y)), 5, 4):
            model = LogisticRegression(C=C, tol=1e-10, max_iter=10_000).fit(X[train], y[train])
            eta = model.decision_function(X[held_out])
            loss[held_out] = np.logaddexp(0, eta) - y[held_out] * eta
        losses.append(loss.mean())
    assert found.C_[0] == STRENGTHS[int(np.argmin(losses))]


def test_the_more_room_there_is_the_stronger_is_the_penalty():
    X, y = made_up(100, 30, seed=1)
    chosen = [LinearAverage(simpler=room).fit(X, y).C_ for room in (0.0, 0.25, 1.0)]
    assert (chosen[0] >= chosen[1]).all()
    assert (chosen[1] >= chosen[2]).all()
    assert chosen[0].sum() > chosen[2].sum()


def test_rows_of_a_person_are_held_out_together():
    """Copies of a person would let a weak penalty seem to foretell them."""
    X, y = made_up(60, 40, seed=2, weight=0.0)
    X, y, person = np.repeat(X, 3, axis=0), np.repeat(y, 3), np.repeat(np.arange(60), 3)
    together, apart = LinearAverage().fit(X, y, groups=person), LinearAverage().fit(X, y)
    assert (together.C_ < apart.C_).all()


def test_more_columns_than_people_take_no_time():
    """A ridge of 1,500 columns once took half a minute: it is solved in as many directions as
    there are people."""
    X, y = made_up(60, 1500, seed=3)
    found = LinearAverage().fit(X, y)
    C = found.C_[0]
    oracle = LogisticRegression(C=C, tol=1e-10, max_iter=20_000).fit(X, y)
    np.testing.assert_allclose(found.members_[0], oracle.coef_[0], atol=1e-6)


def test_where_nothing_is_held_out_people_are_ranked_by_chance():
    found = []
    for seed in range(40):
        X, y = made_up(160, 30, seed, weight=0.0)
        eta = LinearAverage().fit(X[:80], y[:80]).decision_function(X[80:])
        found.append(roc_auc_score(y[80:], eta))
    assert np.mean(found) == pytest.approx(0.5, abs=0.025)


@pytest.mark.parametrize("events", [1, 2, 3])
def test_a_handful_of_events_is_enough_to_fit(events):
    X, _ = made_up(40, 5, seed=5)
    y = (np.arange(40) < events).astype(int)
    found = LinearAverage().fit(X, y)
    assert np.isfinite(found.coef_).all()
    assert np.isfinite(found.intercept_).all()


@pytest.mark.parametrize("told", [{"l1_ratios": ()}, {"l1_ratios": (2.0,)}, {"folds": 1}])
def test_what_cannot_be_is_refused(told):
    X, y = made_up(40, 3, seed=0)
    with pytest.raises(ValueError, match="l1_ratios lie between 0 and 1"):
        LinearAverage(**told).fit(X, y)
