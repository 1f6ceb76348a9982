"""Thresholds against scikit-learn, counting and every threshold there is."""

from dataclasses import astuple, fields

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sklearn.metrics import precision_score, recall_score, roc_curve

from signature.exceptions import ExperimentError, OutcomeError, PredictionsError
from signature.randomness import generator
from signature.validation.classification import (
    Classification,
    ThresholdRule,
    choose_threshold,
    classify,
)
from signature.validation.metrics import person_counts

_RULES = [
    *(ThresholdRule(kind, at) for kind in ("sensitivity", "specificity") for at in (0.3, 0.9, 1.0)),
    ThresholdRule("youden"),
    ThresholdRule("probability", 0.25),
]


def _data(seed, n=50, digits=2):
    rng = np.random.default_rng(seed)
    p = np.round(rng.random(n), digits)
    return (rng.random(n) < p).astype(int), p, rng.integers(0, 4, size=(4, n))


@pytest.mark.parametrize("threshold", [0.0, 0.3, 0.5, 0.99])
def test_equals_scikit_learn_with_weights_and_ties(threshold):
    y, p, w = _data(0, digits=1)
    found = classify(y, p, w, threshold)
    over = (p >= threshold).astype(int)
    for i, line in enumerate(w):
        how = {"sample_weight": line, "zero_division": np.nan}
        assert found.sensitivity[i] == pytest.approx(recall_score(y, over, **how))
        assert found.specificity[i] == pytest.approx(recall_score(1 - y, 1 - over, **how))
        expected = [precision_score(y, over, **how), precision_score(1 - y, 1 - over, **how)]
        assert [found.ppv[i], found.npv[i]] == pytest.approx(expected, nan_ok=True)
        assert found.flagged[i] == pytest.approx(np.average(over, weights=line))


def test_each_row_may_have_the_threshold_of_its_fold():
    y, p, w = _data(1)
    fold = np.arange(50) % 3
    own = np.array([0.2, 0.5, 0.8])[fold]
    shifted = np.clip(p - own + 0.5, 0, 1)
    at_half = classify(y, np.where(p >= own, np.maximum(shifted, 0.5), shifted), w, 0.5)
    np.testing.assert_allclose(astuple(classify(y, p, w, own)), astuple(at_half))


def test_another_prevalence_by_hand():
    """Sensitivity 0.9, specificity 0.8; of 1000 persons 10 have the event: 9 and 198 flagged."""
    y = np.repeat([1, 0], [10, 10])
    p = np.r_[np.repeat([0.9, 0.1], [9, 1]), np.repeat([0.9, 0.1], [2, 8])]
    found = classify(y, p, np.ones((1, 20)), 0.5, prevalence=0.01)
    assert [found.sensitivity[0], found.specificity[0]] == pytest.approx([0.9, 0.8])
    expected = [9 / 207, 792 / 793, 207 / 1000]
    assert [found.ppv[0], found.npv[0], found.flagged[0]] == pytest.approx(expected)


@given(st.integers(0, 2**31), st.floats(0, 1))
@settings(max_examples=40, deadline=None)
def test_the_prevalence_of_the_draw_is_what_is_left_out(seed, threshold):
    y, p, w = _data(seed, 30)
    rate = w @ y / np.maximum(w.sum(axis=1), 1)
    assume(((rate > 0) & (rate < 1)).all())
    plain = classify(y, p, w, threshold)
    for i, share in enumerate(rate):
        same = classify(y, p, w[i : i + 1], threshold, prevalence=float(share))
        for field in fields(Classification):
            value = getattr(same, field.name)[0]
            assert value == pytest.approx(getattr(plain, field.name)[i], abs=1e-9, nan_ok=True)


def test_nobody_to_divide_by_is_not_a_number():
    y, p, ones = np.array([1, 1, 1]), np.array([0.2, 0.3, 0.4]), np.ones((1, 3))
    found = classify(y, p, ones, 0.9)
    assert [found.sensitivity[0], found.npv[0], found.flagged[0]] == [0, 0, 0]
    assert np.isnan(found.specificity[0])
    assert np.isnan(found.ppv[0])
    elsewhere = classify(y, p, ones, 0.9, prevalence=0.2)
    assert np.isnan([elsewhere.ppv[0], elsewhere.npv[0], elsewhere.flagged[0]]).all()


@given(st.integers(0, 2**31), st.integers(2, 40), st.integers(1, 3), st.sampled_from(_RULES[:7]))
@settings(max_examples=150, deadline=None)
def test_no_threshold_fits_the_rule_better(seed, n, digits, rule):
    y, p, _ = _data(seed, n, digits)
    assume(0 < y.sum() < n)
    found = choose_threshold(y, p, rule)
    every = [classify(y, p, np.ones((1, n)), t) for t in np.r_[np.unique(p), 2.0]]
    sens = np.array([c.sensitivity[0] for c in every])
    spec = np.array([c.specificity[0] for c in every])
    here = classify(y, p, np.ones((1, n)), found)
    own = here.sensitivity[0], here.specificity[0]
    if rule.kind == "sensitivity":
        fits = sens >= rule.at - 1e-12
        assert own == pytest.approx((sens[fits].min(), spec[fits].max()))
    elif rule.kind == "specificity":
        fits = spec >= rule.at - 1e-12
        assert own == pytest.approx((sens[fits].max(), spec[fits].min()))
    else:
        best = np.isclose(sens + spec, (sens + spec).max(), atol=1e-12)
        assert own == pytest.approx((sens[best].min(), spec[best].max()))
    assert found not in p or found in (0.0, 2.0)


def test_youden_is_the_highest_point_of_scikit_learns_curve():
    y, p, _ = _data(3, 200, 3)
    false, true, _ = roc_curve(y, p)
    found = classify(y, p, np.ones((1, 200)), choose_threshold(y, p, ThresholdRule("youden")))
    assert found.sensitivity[0] + found.specificity[0] - 1 == pytest.approx((true - false).max())


def test_rounding_does_not_ask_for_one_event_more():
    assert 0.7 * 10 < 7 + 1e-12
    assert 0.55 * 100 > 55
    y = np.repeat([0, 1], [5, 100])
    p = np.r_[np.full(5, 0.001), np.linspace(0.1, 0.9, 100)]
    t = choose_threshold(y, p, ThresholdRule("sensitivity", 0.55))
    assert classify(y, p, np.ones((1, 105)), t).sensitivity[0] == pytest.approx(0.55)


def test_neighbouring_floating_point_numbers_are_told_apart():
    low = 0.5
    y, p = np.array([0, 1]), np.array([low, np.nextafter(low, 1)])
    t = choose_threshold(y, p, ThresholdRule("youden"))
    assert (p >= t).tolist() == [False, True]


def test_everybody_and_nobody_can_be_the_answer():
    y, p = np.array([1, 0, 0]), np.array([0.0, 0.4, 1.0])
    assert choose_threshold(y, p, ThresholdRule("sensitivity", 0.5)) == 0
    assert choose_threshold(y, p, ThresholdRule("specificity", 1.0)) == 2
    assert classify(y, p, np.ones((1, 3)), 2.0).flagged[0] == 0
    tied = choose_threshold(np.array([0, 1]), np.array([0.5, 0.5]), ThresholdRule("youden"))
    assert tied == 2


def test_a_probability_is_taken_as_it_is_whatever_the_data():
    rule = ThresholdRule("probability", 0.2)
    assert choose_threshold(np.array([0, 0]), np.array([0.5, 0.6]), rule) == 0.2


@pytest.mark.parametrize(
    ("outcome", "rule", "missing"),
    [
        (0, ThresholdRule("sensitivity", 0.9), "one event"),
        (1, ThresholdRule("specificity", 0.9), "one non-event"),
        (0, ThresholdRule("youden"), "one event"),
        (1, ThresholdRule("youden"), "one non-event"),
    ],
)
def test_a_rule_without_its_class_is_refused(outcome, rule, missing):
    with pytest.raises(OutcomeError, match=f"by {rule.kind} needs at least {missing}; none of 2"):
        choose_threshold(np.full(2, outcome), np.array([0.1, 0.2]), rule)


def test_one_class_is_enough_where_the_rule_needs_no_other():
    y, p = np.ones(4), np.array([0.1, 0.2, 0.3, 0.4])
    found = choose_threshold(y, p, ThresholdRule("sensitivity", 0.75))
    assert found == pytest.approx(0.15)


@pytest.mark.parametrize(
    ("kind", "at", "message"),
    [
        ("accuracy", 0.5, "got 'accuracy'"),
        ("youden", 0.5, "takes no number"),
        ("sensitivity", None, "at most 1; got None"),
        ("sensitivity", 90, "at most 1; got 90"),
        ("specificity", 0.0, "above 0"),
        ("probability", 1.0, "below 1; got 1.0"),
    ],
)
def test_what_is_no_rule_is_refused(kind, at, message):
    with pytest.raises(ExperimentError, match=message):
        ThresholdRule(kind, at)


def test_what_does_not_fit_the_rows_is_refused():
    y, p, ones = np.array([0, 1]), np.array([0.2, 0.7]), np.ones((1, 2))
    with pytest.raises(PredictionsError, match=r"shape \(2,\); got shape \(3,\)"):
        classify(y, p, ones, np.array([0.1, 0.2, 0.3]))
    with pytest.raises(PredictionsError, match="missing numbers"):
        classify(y, p, ones, np.array([0.1, np.nan]))
    with pytest.raises(ValueError, match="prevalence"):
        classify(y, p, ones, 0.5, prevalence=1.0)


def test_a_threshold_chosen_on_other_rows_is_judged_without_optimism():
    """Scores that know nothing: Youden's threshold shines on its own rows only."""
    rng = generator(4, "youden")
    own, fresh = [], []
    for _ in range(200):
        y, y_new = rng.permutation(40) < 14, rng.permutation(40) < 14
        p, p_new = rng.random(40), rng.random(40)
        t = choose_threshold(y, p, ThresholdRule("youden"))
        for kept, yi, pi in ((own, y, p), (fresh, y_new, p_new)):
            found = classify(yi, pi, np.ones((1, 40)), t)
            kept.append(found.sensitivity[0] + found.specificity[0] - 1)
    assert np.mean(own) > 0.15
    assert abs(np.mean(fresh)) < 4 * np.std(fresh) / np.sqrt(200)


def test_intervals_cover_sensitivity_and_predictive_value():
    rng = generator(5, "classification coverage")
    many = rng.beta(1, 2, size=400_000)
    sens = many[many >= 0.4].sum() / many.sum()
    ppv = many[many >= 0.4].mean()
    held = np.zeros(2)
    for _ in range(150):
        p = rng.beta(1, 2, size=150)
        y = (rng.random(150) < p).astype(int)
        w = person_counts(np.arange(150), np.zeros(150), 300, rng)
        found = classify(y, p, w, 0.4)
        for i, (draws, truth) in enumerate([(found.sensitivity, sens), (found.ppv, ppv)]):
            low, high = np.quantile(draws, [0.025, 0.975])
            held[i] += low <= truth <= high
    assert held / 150 == pytest.approx([0.95, 0.95], abs=0.05)
