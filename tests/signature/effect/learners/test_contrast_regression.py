"""The regression that learners of benefit share, against scikit-learn and least squares by hand."""

import numpy as np
import pytest
from sklearn.linear_model import ElasticNet, LinearRegression, Ridge

from signature.effect.learners.contrast_regression import ContrastRegression, linear_benefit
from signature.effect.learners.held_out_outcome import held_out_outcome
from signature.effect.learners.tree_benefit import tree_benefit
from signature.randomness import generator


def _regression(n=200, p=6, *, slope=1.0, treated=0.7, seed=0):
    rng = generator(seed, "contrast regression")
    x = rng.normal(size=(n, p)) @ (np.eye(p) + 0.3)
    contrast = (rng.random(n) < treated) - treated
    response = 0.4 + contrast * (0.7 + slope * x[:, 1]) + rng.normal(size=n)
    weight = rng.random(n) + 0.5
    return x, ContrastRegression(response, contrast, weight, np.arange(n) % 5)


def _projected(x, told, rows):
    """Columns and response, in their units, less level and average benefit, and how."""
    w = told.weight[rows]
    free = told.unpenalised[rows]
    whole = np.column_stack([told.contrast[:, None] * x, told.response])[rows]
    gone = LinearRegression(fit_intercept=False).fit(free, whole, sample_weight=w)
    left = whole - free @ gone.coef_.T
    return left[:, :-1], left[:, -1], w / w.sum() * len(w), gone.coef_


def _oracle(x, told, penalty, l1_ratio, rows):
    """Coefficients, and the level and average benefit that go with them."""
    everybody = np.ones(len(x), dtype=bool)
    whole, weight = _projected(x, told, everybody)[1], told.weight
    size = np.sqrt(np.average(told.contrast**2, weights=weight))
    unit = np.sqrt(np.average(whole**2, weights=weight))
    columns, response, w, gone = _projected(x, told, rows)
    columns, response = columns / size, response / unit
    if not np.isfinite(penalty):
        beta = np.zeros(x.shape[1])
    elif l1_ratio == 0:
        beta = Ridge(penalty * len(w), fit_intercept=False).fit(columns, response, w).coef_
    else:
        net = ElasticNet(
            penalty, l1_ratio=l1_ratio, fit_intercept=False, tol=1e-10, max_iter=100_000
        )
        beta = net.fit(columns, response, sample_weight=w).coef_
    beta = beta * unit / size
    return beta, gone[-1] - beta @ gone[:-1]


@pytest.mark.parametrize("l1_ratio", [1.0, 0.5, 0.0])
def test_it_is_scikit_learns_fit_at_the_penalty_that_was_chosen(l1_ratio):
    x, told = _regression()
    found = linear_benefit(x, told, l1_ratio=l1_ratio)
    beta, free = _oracle(x, told, found.penalty, l1_ratio, np.ones(len(x), dtype=bool))
    np.testing.assert_allclose(found.coef, beta, atol=2e-4)
    assert found.intercept == pytest.approx(free[-1], abs=2e-4)


@pytest.mark.parametrize("slope", [1.0, 0.2, 0.0])
def test_the_penalty_is_the_best_one_for_people_held_out(slope):
    """Neighbouring penalties, and none of the columns at all, predict held-out people worse."""
    x, told = _regression(slope=slope, seed=3)
    found = linear_benefit(x, told)
    step = 0.02 ** (1 / 24)

    def loss(penalty):
        total = 0.0
        for k in range(5):
            out = told.fold == k
            beta, free = _oracle(x, told, penalty, 0.5, ~out)
            left = told.response - told.unpenalised @ free - told.contrast * (x @ beta)
            total += told.weight[out] @ left[out] ** 2
        return total

    others = [np.inf] if not np.isfinite(found.penalty) else [np.inf, found.penalty * step]
    if np.isfinite(found.penalty):
        others.append(found.penalty / step)
    assert loss(found.penalty) <= min(map(loss, others)) * (1 + 1e-6)


def test_with_more_columns_than_rows_it_is_still_a_fit():
    x, told = _regression(n=40, p=60)
    found = linear_benefit(x, told)
    assert np.isfinite(found.coef).all()


def test_without_columns_benefit_is_the_average():
    x, told = _regression()
    found = linear_benefit(x[:, :0], told)
    free = LinearRegression(fit_intercept=False).fit(
        told.unpenalised, told.response, sample_weight=told.weight
    )
    assert found.intercept == pytest.approx(free.coef_[-1])
    assert found.penalty == np.inf


def test_trees_find_a_threshold_that_no_line_does():
    rng = generator(5, "threshold")
    x, treated = rng.normal(size=(800, 3)), np.arange(800) % 2
    benefit = 2.0 * (np.abs(x[:, 1]) > 1)
    y = treated * benefit + rng.normal(size=800)
    told = ContrastRegression(y - y.mean(), treated - 0.5, np.ones(800), np.arange(800) // 2 % 5)
    found = tree_benefit(x, told)
    assert found.average == pytest.approx(y[treated == 1].mean() - y[treated == 0].mean())
    assert len(found.trees)


def test_trees_grow_nowhere_where_benefit_is_the_same_for_all():
    """Held-out people decide: in most trials without any difference no tree is grown."""
    grown = 0
    for seed in range(10):
        x, told = _regression(slope=0.0, seed=seed)
        grown += len(tree_benefit(x, told).trees) > 0
    assert grown <= 5


@pytest.mark.parametrize("trees", [False, True])
def test_no_outcome_helps_to_predict_itself(trees):
    """Where outcomes are noise, held-out predictions do not follow them; in-sample ones would."""
    rng = generator(6, "noise")
    x, y = rng.normal(size=(80, 30)), rng.normal(size=80)
    found = held_out_outcome(x, y, weight=np.ones(80), fold=np.arange(80) % 5, trees=trees)
    assert np.corrcoef(found, y)[0, 1] < 0.2
    changed = y + np.where(np.arange(80) == 3, 1e-3, 0.0)
    again = held_out_outcome(x, changed, weight=np.ones(80), fold=np.arange(80) % 5)
    ridge = held_out_outcome(x, y, weight=np.ones(80), fold=np.arange(80) % 5)
    # persons of the same fold as the one whose outcome was changed
    np.testing.assert_allclose(again[3::5], ridge[3::5], rtol=0, atol=1e-12)
    assert (np.abs(again[4::5] - ridge[4::5]) > 1e-9).mean() > 0.9


def test_the_average_effect_is_no_part_of_the_expected_outcome():
    rng = generator(7, "average")
    x, contrast = rng.normal(size=(400, 4)), np.arange(400) % 2 - 0.5
    y = 2 * x[:, 0] + 10 * contrast + 0.1 * rng.normal(size=400)
    fold = np.arange(400) // 2 % 5
    for trees in (False, True):
        found = held_out_outcome(
            x, y, weight=np.ones(400), fold=fold, contrast=contrast, trees=trees
        )
        assert np.abs(found - 2 * x[:, 0]).mean() < 0.1


def test_curves_are_expected_with_trees():
    rng = generator(8, "curve")
    x = rng.normal(size=(400, 4))
    y = x[:, 0] ** 2 + 0.5 * rng.normal(size=400)
    error = [
        np.mean(
            (y - held_out_outcome(x, y, weight=np.ones(400), fold=np.arange(400) % 5, trees=trees))
            ** 2
        )
        for trees in (False, True)
    ]
    assert error[1] < 0.5 * error[0]
