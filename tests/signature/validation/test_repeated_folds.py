"""The corrected interval by hand, and against simulated truth."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from signature.validation.metrics import auroc
from signature.validation.repeated_folds import corrected_interval

NAN = float("nan")


def test_ten_folds_by_hand():
    """Bouckaert and Frank: a tenth of 1/J and a ninth, times the variance."""
    values = np.array([0.02, 0.05, -0.01, 0.04, 0.03, 0.06, 0.00, 0.02, 0.01, 0.08])
    found = corrected_interval(values, n_train=90, n_test=10)
    error = np.sqrt((1 / 10 + 1 / 9) * stats.tvar(values))
    assert found.value == pytest.approx(0.03)
    assert found.standard_error == pytest.approx(error)
    low, high = stats.t(9, 0.03, error).interval(0.95)
    assert [found.low, found.high] == pytest.approx([low, high])
    assert (found.folds, found.undefined) == (10, 0)


def test_undefined_folds_are_counted_and_left_out_with_their_sizes():
    values = np.array([[0.6, NAN, 0.8], [0.7, 0.9, NAN]])
    train, test = np.array([[40, 50, 42], [41, 41, 50]]), np.array([[20, 10, 18], [19, 19, 10]])
    found = corrected_interval(values, train, test)
    alone = corrected_interval([0.6, 0.8, 0.7, 0.9], [40, 42, 41, 41], [20, 18, 19, 19])
    assert (found.folds, found.undefined) == (6, 2)
    for name in ("value", "standard_error", "low", "high"):
        assert getattr(found, name) == pytest.approx(getattr(alone, name))


@pytest.mark.parametrize(
    ("values", "value", "undefined"),
    [([NAN, NAN], None, 2), ([0.8, NAN], 0.8, 1), ([1.0, 1.0, 1.0], 1.0, 0), ([0.3] * 7, 0.3, 0)],
)
def test_where_folds_tell_nothing_of_spread_there_is_no_interval(values, value, undefined):
    found = corrected_interval(values, 40, 10)
    assert found.value == (value if value is None else pytest.approx(value))
    assert (found.low, found.high, found.standard_error) == (None, None, None)
    assert found.undefined == undefined


@given(
    st.lists(st.floats(0, 1).map(lambda x: round(x, 3)), min_size=2, max_size=30),
    st.integers(2, 10),
)
@settings(max_examples=50, deadline=None)
def test_it_is_wider_than_that_of_independent_folds_and_more_repeats_help_little(values, k):
    found = corrected_interval(values, k - 1, 1)
    if found.low is None:
        assert np.ptp(values) == 0
        return
    independent = stats.sem(values)
    assert found.standard_error == pytest.approx(independent * np.sqrt(1 + len(values) / (k - 1)))
    again = corrected_interval(values * 50, k - 1, 1)
    assert again.standard_error > np.std(values) / np.sqrt(k - 1)
    # direction: the difference turned round is the interval turned round
    turned = corrected_interval([-v for v in values], k - 1, 1)
    assert [turned.low, turned.high] == pytest.approx([-found.high, -found.low])


_N, _FEATURES, _SHIFT, _FOLDS, _REPEATS = 60, 4, 0.5, 5, 4


def _one_study(rng):
    """AUROC in every fold of a rule that weights features by the difference of class means."""
    y = np.repeat([0, 1], _N // 2)
    X = rng.normal(size=(_N, _FEATURES))
    X[y == 1, 0] += _SHIFT
    X[y == 1, 1] += _SHIFT
    values = np.empty((_REPEATS, _FOLDS))
    for repeat in range(_REPEATS):
        fold = np.empty(_N, dtype=int)
        for label in (0, 1):
            fold[y == label] = rng.permutation(np.arange(_N // 2) % _FOLDS)
        for k in range(_FOLDS):
            train, test = fold != k, fold == k
            weight = X[train & (y == 1)].mean(axis=0) - X[train & (y == 0)].mean(axis=0)
            score = X[test] @ weight
            values[repeat, k] = auroc(y[test], score, np.ones((1, test.sum())))[0]
    return values


def _true_auroc(rng):
    """Mean over training samples of the AUROC that each rule has among all people, in closed form.

    Differences of class means are normal, and so is a score: no simulated people are needed.
    """
    shift = np.r_[_SHIFT, _SHIFT, np.zeros(_FEATURES - 2)]
    per_class = _N * (_FOLDS - 1) / _FOLDS / 2
    weight = shift + rng.normal(size=(100_000, _FEATURES)) * np.sqrt(2 / per_class)
    return stats.norm.cdf(weight @ shift / np.linalg.norm(weight, axis=1) / np.sqrt(2)).mean()


def test_it_covers_the_mean_auroc_of_the_procedure_and_the_usual_one_does_not():
    rng = np.random.default_rng(11)
    truth, runs, covered, usual = _true_auroc(rng), 250, 0, 0
    for _ in range(runs):
        values = _one_study(rng)
        found = corrected_interval(values, _N * 4 // 5, _N // 5)
        covered += found.low <= truth <= found.high
        usual += abs(values.mean() - truth) <= 1.96 * stats.sem(values.ravel())
    # below .95, as the docstring says; the binomial noise of 250 runs is .02
    assert covered / runs == pytest.approx(0.89, abs=0.05)
    assert usual / runs < 0.65


@pytest.mark.parametrize(
    ("values", "train", "test", "message"),
    [
        ([], 40, 10, r"one fold or more; got shape \(0,\)"),
        ([0.5, float("inf")], 40, 10, "1 of 2 folds have an infinite value"),
        ([0.5, 0.6], [40, 40, 40], 10, r"n_train must have the shape of values, \(2,\)"),
        ([0.5, 0.6], 40, [10, 0], "n_test counts people, 1 or more"),
    ],
)
def test_what_is_no_table_of_folds_is_refused(values, train, test, message):
    with pytest.raises(ValueError, match=message):
        corrected_interval(values, train, test)


def test_an_impossible_level_is_refused():
    with pytest.raises(ValueError, match="level is the coverage"):
        corrected_interval([0.5, 0.6], 40, 10, level=0)
