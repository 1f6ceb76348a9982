"""AUROC variances against their definition over all pairs, the jackknife, and coverage."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from signature.exceptions import OutcomeError, PredictionsError
from signature.randomness import generator
from signature.validation.delong import Auroc, AurocDifference, delong, delong_difference

# the 43 complete patients of DeLong, DeLong and Clarke-Pearson (1988): albumin, total protein,
# the third test (10 minus it ranks), and the outcome
_PATIENTS = """
    3.0 5.8 10 0  3.2 6.3 5 1  3.9 6.8 3 1  2.8 4.8 6 0  3.2 5.8 3 1  0.9 4.0 5 0  2.5 5.7 8 0
    1.6 5.6 5 1  3.8 5.7 5 1  3.7 6.7 6 1  3.2 5.4 4 1  3.8 6.6 6 1  4.1 6.6 5 1  3.6 5.7 5 1
    4.3 7.0 4 1  3.6 6.7 4 0  2.3 4.4 6 1  4.2 7.6 4 0  4.0 6.6 6 0  3.5 5.8 6 1  3.8 6.8 7 1
    3.0 4.7 8 0  4.5 7.4 5 1  3.7 7.4 5 1  3.1 6.6 6 1  4.1 8.2 6 1  4.3 7.0 5 1  4.3 6.5 4 1
    3.2 5.1 5 1  2.6 4.7 6 1  3.3 6.8 6 0  1.7 4.0 7 0  3.7 6.1 5 1  3.3 6.3 7 1  4.2 7.7 6 1
    3.5 6.2 5 1  2.9 5.7 9 0  2.1 4.8 7 1  2.8 6.2 8 0  4.0 7.0 7 1  3.3 5.7 6 1  3.7 6.9 5 1
    3.6 6.6 5 1
"""
_OVARIAN = np.array(_PATIENTS.split(), dtype=float).reshape(-1, 4)
_OUTCOME = _OVARIAN[:, 3].astype(int)
_TESTS = {"kg": 10 - _OVARIAN[:, 2], "albumin": _OVARIAN[:, 0], "protein": _OVARIAN[:, 1]}


@pytest.mark.parametrize(
    ("test", "area", "error"),
    [("kg", 0.7258, 0.1028), ("albumin", 0.7366, 0.0927), ("protein", 0.6478, 0.1000)],
)
def test_the_ovarian_cancer_example(test, area, error):
    found = delong(_OUTCOME, _TESTS[test])
    assert found.value == pytest.approx(area, abs=5e-5)
    assert np.sqrt(found.variance) == pytest.approx(error, abs=5e-5)


@pytest.mark.parametrize(
    ("test", "difference", "error", "p"),
    [("albumin", 0.0108, 0.0953, 0.9102), ("protein", -0.0780, 0.1046, 0.4561)],
)
def test_the_differences_of_the_ovarian_cancer_example(test, difference, error, p):
    found = delong_difference(_OUTCOME, _TESTS[test], _TESTS["kg"])
    assert found.value == pytest.approx(difference, abs=5e-5)
    assert np.sqrt(found.variance) == pytest.approx(error, abs=5e-5)
    assert found.p == pytest.approx(p, abs=5e-5)


def _over_all_pairs(y, scores, person):
    """Areas and covariance as Obuchowski (1997) writes them, pair by pair and person by person."""
    y, people = np.asarray(y), np.unique(person)
    events, others = np.flatnonzero(y == 1), np.flatnonzero(y == 0)
    m, n = len(events), len(others)
    wins = [
        np.array([[(s[i] > s[j]) + 0.5 * (s[i] == s[j]) for j in others] for i in events])
        for s in scores
    ]
    areas = [w.mean() for w in wins]
    covariance = np.zeros((len(scores), len(scores)))
    with_event = sum((y[person == who] == 1).any() for who in people)
    without = sum((y[person == who] == 0).any() for who in people)
    for a in range(len(scores)):
        for b in range(len(scores)):
            s10 = s01 = s11 = s11_back = 0.0
            for who in people:
                x = [w.mean(1)[person[events] == who].sum() for w in (wins[a], wins[b])]
                z = [w.mean(0)[person[others] == who].sum() for w in (wins[a], wins[b])]
                mi, ni = (person[events] == who).sum(), (person[others] == who).sum()
                s10 += (x[0] - mi * areas[a]) * (x[1] - mi * areas[b])
                s01 += (z[0] - ni * areas[a]) * (z[1] - ni * areas[b])
                s11 += (x[0] - mi * areas[a]) * (z[1] - ni * areas[b])
                s11_back += (x[1] - mi * areas[b]) * (z[0] - ni * areas[a])
            covariance[a, b] = (
                s10 * with_event / (with_event - 1) / m**2
                + s01 * without / (without - 1) / n**2
                + (s11 + s11_back) * len(people) / (len(people) - 1) / (m * n)
            )
    return areas, covariance


def _case(seed, n, levels, people):
    rng = np.random.default_rng(seed)
    y = np.r_[np.zeros(n // 2, int), np.ones(n - n // 2, int)]
    scores = np.round(rng.normal(size=(2, n)) + 0.7 * y, levels)
    person = rng.integers(0, people, size=n) if people else np.arange(n)
    return y, scores, person


@given(
    st.integers(0, 2**31), st.integers(6, 30), st.integers(0, 2), st.sampled_from([None, 4, 9, 25])
)
@settings(max_examples=40, deadline=None)
def test_equals_the_definition_over_all_pairs(seed, n, digits, people):
    y, scores, person = _case(seed, n, digits, people)
    if min(len(np.unique(person[y == v])) for v in (0, 1)) < 2:
        with pytest.raises(OutcomeError, match="two or more persons"):
            delong(y, scores[0], person)
        return
    areas, c = _over_all_pairs(y, scores, person)
    given_person = None if people is None else person
    first = delong(y, scores[0], given_person)
    assert first.value == pytest.approx(roc_auc_score(y, scores[0]), abs=1e-12)
    assert first.variance == pytest.approx(c[0, 0], abs=1e-12)
    both = delong_difference(y, scores[0], scores[1], given_person)
    assert both.value == pytest.approx(areas[0] - areas[1], abs=1e-12)
    assert both.variance == pytest.approx(c[0, 0] + c[1, 1] - 2 * c[0, 1], abs=1e-12)


@given(st.integers(0, 2**31), st.integers(0, 2))
@settings(max_examples=30, deadline=None)
def test_what_does_not_change_a_ranking_changes_nothing(seed, digits):
    y, scores, person = _case(seed, 24, digits, 10)
    plain = delong(y, scores[0], person)
    mixed = np.random.default_rng(seed).permutation(24)
    moved = delong(y[mixed], np.exp(3 * scores[0])[mixed], person[mixed])
    assert [moved.value, moved.variance] == pytest.approx([plain.value, plain.variance], abs=1e-12)
    turned = delong(1 - y, -scores[0], person)
    assert [turned.value, turned.variance] == pytest.approx(
        [plain.value, plain.variance], abs=1e-12
    )


def test_every_row_twice_under_its_person_changes_nothing_and_under_two_it_halves():
    """Copies tell nothing new: only persons count, up to the small-sample factor."""
    y, scores, _ = _case(1, 40, 1, None)
    twice = [np.repeat(a, 2) for a in (y, scores[0], np.arange(40))]
    plain = delong(y, scores[0])
    assert delong(*twice).variance == pytest.approx(plain.variance, rel=1e-12)
    assert delong(*twice[:2]).variance < 0.55 * plain.variance


def test_the_person_jackknife_says_the_same():
    """With hundreds of persons both estimate one variance, by different routes."""
    rng = generator(3, "jackknife")
    person = np.repeat(np.arange(300), 3)
    own = rng.normal(size=300)[person]
    y = (rng.random(900) < 1 / (1 + np.exp(-own))).astype(int)
    score = own + rng.normal(size=900)
    left_out = np.array([roc_auc_score(y[person != i], score[person != i]) for i in range(300)])
    jackknife = 299 / 300 * ((left_out - left_out.mean()) ** 2).sum()
    assert delong(y, score, person).variance == pytest.approx(jackknife, rel=0.03)
    assert delong(y, score).variance < 0.9 * jackknife


def test_intervals_cover_and_a_true_null_is_rejected_as_often_as_said():
    rng = generator(5, "coverage")
    truth = 0.8  # of normal scores whose means are 1.19 standard deviations apart
    y = np.repeat([0, 1], [50, 30])
    held = rejected = 0
    for _ in range(600):
        shared = rng.normal(size=80) + 1.6829 * y
        first, second = shared + rng.normal(size=80), shared + rng.normal(size=80)
        low, high = delong(y, first).interval()
        held += low <= truth <= high
        rejected += delong_difference(y, first, second).p < 0.05
    assert held / 600 == pytest.approx(0.95, abs=0.03)
    assert rejected / 600 == pytest.approx(0.05, abs=0.03)


def test_of_36_rows_only_the_interval_on_the_logit_scale_covers_a_high_area():
    rng = generator(7, "small coverage")
    y = np.repeat([0, 1], [24, 12])
    found = [delong(y, rng.normal(size=36) + 1.8124 * y) for _ in range(600)]  # truth: 0.9
    for logit, covers in ((True, 0.957), (False, 0.883)):
        ends = [e for e in (f.interval(logit=logit) for f in found) if e is not None]
        held = np.mean([low <= 0.9 <= high for low, high in ends])
        assert held == pytest.approx(covers, abs=0.03)


def test_persons_with_many_rows_are_covered_only_when_they_are_named():
    rng = generator(6, "clustered coverage")
    person = np.repeat(np.arange(60), 4)
    y = np.repeat(np.arange(60) % 2, 4)
    held, held_by_rows = 0, 0
    for _ in range(300):
        score = rng.normal(size=60)[person] + 0.3 * rng.normal(size=240)  # truth: one half
        low, high = delong(y, score, person).interval()
        held += low <= 0.5 <= high
        low, high = delong(y, score).interval()
        held_by_rows += low <= 0.5 <= high
    assert held / 300 == pytest.approx(0.95, abs=0.04)
    assert held_by_rows / 300 < 0.8


def test_ends_by_hand():
    found = Auroc(0.9, 0.0025)
    eta, half = np.log(9), 1.959964 * 0.05 / 0.09
    expected = [1 / (1 + np.exp(-(eta - half))), 1 / (1 + np.exp(-(eta + half)))]
    assert found.interval() == pytest.approx(expected, abs=1e-6)
    assert found.interval(logit=False) == pytest.approx([0.9 - 0.0979982, 0.9979982], abs=1e-6)
    assert Auroc(0.9, 0.01).interval(logit=False)[1] == 1
    low, high = AurocDifference(0.1, 0.0025).interval(0.9)
    assert [low, high] == pytest.approx([0.1 - 1.644854 * 0.05, 0.1 + 1.644854 * 0.05], abs=1e-6)
    assert AurocDifference(0.1, 0.0025).p == pytest.approx(0.0455003, abs=1e-6)
    with pytest.raises(ValueError, match="between 0 and 1"):
        found.interval(95)


@pytest.mark.parametrize(("scores", "area"), [([1, 2, 3, 4], 1.0), ([7, 7, 7, 7], 0.5)])
def test_separated_and_tied_scores_have_an_area_and_no_interval(scores, area):
    found = delong(np.array([0, 0, 1, 1]), np.array(scores))
    assert found == Auroc(area, 0.0)
    assert found.interval() is None
    assert found.interval(logit=False) is None


def test_the_same_ranking_twice_is_no_difference_and_no_certainty():
    rng = np.random.default_rng(2)
    y, score = rng.integers(0, 2, 200), rng.normal(size=200)
    found = delong_difference(y, score, np.exp(score))
    assert found == AurocDifference(0.0, 0.0)
    assert found.p is None
    assert found.interval() is None


def test_what_cannot_be_measured_is_refused():
    y, s = np.array([0, 0, 1, 1]), np.arange(4.0)
    with pytest.raises(OutcomeError, match="1 have one and 3 have none"):
        delong(np.array([0, 0, 0, 1]), s)
    with pytest.raises(OutcomeError, match="1 have one and 2 have none"):
        delong(y, s, np.array([1, 2, 3, 3]))
    with pytest.raises(OutcomeError, match="1 of 4 rows are neither"):
        delong(np.array([0, 0, 1, 2]), s)
    with pytest.raises(PredictionsError, match="missing or infinite in 1 of 4 rows"):
        delong(y, np.array([0, 1, np.nan, 2]))
    with pytest.raises(PredictionsError, match=r"shape \(4,\); got shape \(3,\)"):
        delong_difference(y, s, s[:3])
    with pytest.raises(PredictionsError, match=r"got shape \(2,\)"):
        delong(y, s, np.array([1, 2]))
