"""Class-conditional conformal sets against the definition, counted coverage and hand numbers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from signature.validation.conformal import calibrate, needed_per_class, set_metrics


def _drawn(rng, n, *, prevalence=0.3, shift=1.2):
    y = (rng.random(n) < prevalence).astype(int)
    return y, 1 / (1 + np.exp(-(rng.normal(size=n) + shift * (y - 0.5))))


def _by_definition(y, p, new):
    """Each new case against each calibration case, in plain loops."""
    out = []
    for one in new:
        row = []
        for k in (0, 1):
            own = [v if k == 0 else 1 - v for v, c in zip(p, y, strict=True) if c == k]
            score = one if k == 0 else 1 - one
            row.append((1 + sum(v >= score for v in own)) / (1 + len(own)))
        out.append(row)
    return np.array(out)


@given(
    st.lists(st.tuples(st.integers(0, 1), st.integers(0, 10)), min_size=1, max_size=40),
    st.lists(st.integers(0, 10), min_size=1, max_size=10),
    st.sampled_from([0.05, 0.1, 0.25, 0.4]),
)
def test_p_values_and_sets_are_those_of_the_definition(cases, new, alpha):
    """A grid of probabilities, so that most cases tie."""
    y = np.array([c for c, _ in cases])
    p, unseen = np.array([v for _, v in cases]) / 10, np.array(new) / 10
    found = calibrate(y, p)
    expected = _by_definition(y, p, unseen)
    np.testing.assert_allclose(found.p_values(unseen), expected, rtol=1e-14)
    if min(np.bincount(y, minlength=2)) >= needed_per_class(alpha):
        np.testing.assert_array_equal(found.sets(unseen, alpha), expected > alpha)
    else:
        assert found.sets(unseen, alpha).all()


def test_coverage_is_kept_in_each_class_over_calibration_samples():
    """Also in the rare one, whose share in a set by the whole would be sacrificed."""
    rng = np.random.default_rng(1)
    kept = {"coverage_event": [], "coverage_no_event": []}
    for _ in range(400):
        y, p = _drawn(rng, 200, prevalence=0.15)
        found = calibrate(y, p)
        new_y, new_p = _drawn(rng, 400, prevalence=0.15)
        values = set_metrics(new_y, found.sets(new_p, 0.1), np.ones((1, 400)))
        for name, means in kept.items():
            means.append(float(values[name][0]))
    for means in kept.values():
        error = np.std(means) / np.sqrt(len(means))
        assert np.mean(means) == pytest.approx(0.9 + 0.5 / 30, abs=0.5 / 30 + 3 * error)


def test_coverage_of_the_smallest_samples_is_exact():
    """Nine of a class rule out one in ten: (1 + 0) / (9 + 1) is not above 0.1."""
    rng = np.random.default_rng(2)
    missed = 0
    for _ in range(4000):
        p = np.r_[rng.random(9), rng.random(9)]
        found = calibrate(np.repeat([0, 1], 9), p)
        missed += not found.sets(rng.random(1), 0.1)[0, 1]
    assert missed / 4000 == pytest.approx(0.1, abs=4 * np.sqrt(0.09 / 4000))


@pytest.mark.parametrize(
    ("events", "others", "says"),
    [
        (8, 40, "there are 8 with event"),
        (40, 8, "there are 8 with no event"),
        (3, 8, "there are 8 with no event and 3 with event"),
        (0, 40, "there are 0 with event"),
        (9, 9, None),
    ],
)
def test_too_few_of_a_class_always_abstain_and_say_so(events, others, says):
    rng = np.random.default_rng(3)
    y = np.repeat([1, 0], [events, others])
    found = calibrate(y, rng.random(len(y)))
    reason = found.always_abstains(0.1)
    sets = found.sets(np.linspace(0, 1, 11), 0.1)
    if says is None:
        assert reason is None
        assert not sets.all()
    else:
        assert says in reason
        assert "9 calibration people of each class are needed" in reason
        assert sets.all()


@pytest.mark.parametrize(
    ("alpha", "needed"), [(0.1, 9), (0.05, 19), (0.2, 4), (0.3, 3), (0.01, 99), (1 / 3, 2)]
)
def test_how_many_are_needed(alpha, needed):
    """One fewer cannot rule anything out: the smallest p value stays above the level."""
    assert needed_per_class(alpha) == needed
    assert 1 / (needed + 1) <= alpha * (1 + 1e-12) < 1 / needed


def test_rows_of_a_person_share_one_weight():
    rng = np.random.default_rng(4)
    y, p = _drawn(rng, 60)
    new = rng.random(20)
    alone = calibrate(y, p)
    # the same row three times is one person still
    person = np.arange(60)
    thrice = calibrate(np.repeat(y, 3), np.repeat(p, 3), person=np.repeat(person, 3))
    assert thrice.people == alone.people
    np.testing.assert_allclose(thrice.p_values(new), alone.p_values(new))
    # a person whose two visits lie on either side counts half
    halved = calibrate(np.ones(3, int), np.array([0.2, 0.9, 0.5]), person=np.array([7, 7, 8]))
    assert halved.people == (0, 2)
    assert halved.p_values(np.array([0.4]))[0, 1] == pytest.approx((1 + 0.5) / 3)


def test_coverage_holds_for_new_people_when_calibration_people_have_many_rows():
    """Counted as rows, twelve people with up to thirty visits promise too much."""
    rng = np.random.default_rng(5)
    by_person, by_row = [], []
    for _ in range(2500):
        visits = rng.choice([1, 30], 12, p=[0.7, 0.3])
        # who comes often looks less like an event
        level = rng.normal(size=12) + 1.5 * (visits == 1)
        person = np.repeat(np.arange(12), visits)
        p = 1 / (1 + np.exp(-level[person]))
        y = np.r_[np.ones(len(p), int), np.zeros(20, int)]
        scores = np.r_[p, np.full(20, 0.01)]
        whose = np.r_[person, np.arange(100, 120)]
        often = rng.random() < 0.3
        new = np.array([1 / (1 + np.exp(-(rng.normal() + 1.5 * (not often))))])
        by_person.append(calibrate(y, scores, person=whose).sets(new, 0.2)[0, 1])
        by_row.append(calibrate(y, scores).sets(new, 0.2)[0, 1])
    assert np.mean(by_person) >= 0.8 - 3 * np.sqrt(0.16 / 2500)
    assert np.mean(by_row) - np.mean(by_person) > 0.02


def test_metrics_by_hand():
    y = np.array([1, 1, 1, 0, 0, 0])
    sets = np.array([[0, 1], [1, 1], [1, 0], [1, 0], [0, 0], [0, 1]], dtype=bool)
    weights = np.array([[1, 1, 1, 1, 1, 1], [2, 0, 1, 0, 3, 0], [0, 0, 0, 1, 1, 1]])
    found = set_metrics(y, sets, weights)
    np.testing.assert_allclose(found["coverage_event"], [2 / 3, 2 / 3, np.nan])
    np.testing.assert_allclose(found["coverage_no_event"], [1 / 3, 0, 1 / 3])
    np.testing.assert_allclose(found["indeterminate"], [2 / 6, 3 / 6, 1 / 3])
    np.testing.assert_allclose(found["none"], [1 / 6, 3 / 6, 1 / 3])
    np.testing.assert_allclose(found["singleton_accuracy"], [2 / 4, 2 / 3, 1 / 2])
    np.testing.assert_allclose(found["right_event"], [1 / 2, 1, 0])
    np.testing.assert_allclose(found["right_no_event"], [1 / 2, 0, 1])


def test_counts_are_repeated_rows():
    rng = np.random.default_rng(6)
    y, p = _drawn(rng, 80)
    sets = calibrate(y, p).sets(p, 0.2)
    counts = rng.integers(0, 3, 80)
    drawn = np.repeat(np.arange(80), counts)
    weighted = set_metrics(y, sets, counts[None, :])
    plain = set_metrics(y[drawn], sets[drawn], np.ones((1, len(drawn))))
    for name, value in weighted.items():
        np.testing.assert_allclose(value, plain[name])


def test_neither_outcome_is_usual_between_well_separated_classes():
    p = np.r_[np.linspace(0.01, 0.1, 20), np.linspace(0.9, 0.99, 20)]
    found = calibrate(np.repeat([0, 1], 20), p)
    assert found.sets(np.array([0.5]), 0.1).tolist() == [[False, False]]


@pytest.mark.parametrize(
    ("outcome", "probability", "message"),
    [
        ([0, 1], [0.2, 1.2], "from 0 to 1"),
        ([0, 1], [0.2, float("nan")], "with 1 other values"),
        ([0, 2], [0.2, 0.3], "must be 1"),
        ([0, 1, 1], [0.2, 0.3], "they must agree"),
    ],
)
def test_impossible_input_is_refused(outcome, probability, message):
    with pytest.raises(ValueError, match=message):
        calibrate(np.array(outcome), np.array(probability))


@pytest.mark.parametrize("alpha", [0, 1, -0.1, float("nan")])
def test_a_level_lies_between_0_and_1(alpha):
    with pytest.raises(ValueError, match="above 0 and below 1"):
        needed_per_class(alpha)
