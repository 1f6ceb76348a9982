"""Error bounds of stability selection against published numbers, properties and simulation."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signature.select.stability_bounds import (
    ASSUMPTIONS,
    _largest_tail,
    pfer_bound,
    threshold_for,
)

# printed by the tests of the R package stabs: p = 100, cutoff 0.6, B = 50, q = 1 … 10
_NONE = [0.05, 0.2, 0.45, 0.8, 1.25, 1.8, 2.45, 3.2, 4.05, 5]
_UNIMODAL = [0.02631579, 0.1052632, 0.2368421, 0.4210526, 0.6578947]
_UNIMODAL += [0.9473684, 1.289474, 1.684211, 2.131579, 2.631579]
_CONCAVE = [0.006971364, 0.03342845, 0.08691176, 0.1637231, 0.2605329]
_CONCAVE += [0.3820466, 0.5295188, 0.7042719, 0.9077127, 1.141338]


@pytest.mark.parametrize(("assumption", "bounds"), [("none", _NONE), ("unimodal", _UNIMODAL)])
def test_closed_forms_as_printed_by_stabs(assumption, bounds):
    ours = [pfer_bound(0.6, p=100, q=q, pairs=50, assumption=assumption) for q in range(1, 11)]
    assert ours == pytest.approx(bounds, rel=1e-6)


@pytest.mark.parametrize(
    ("threshold", "p", "q", "printed", "short_by"),
    [
        *((0.6, 100, q, bound, 4e-3 / q**2) for q, bound in enumerate(_CONCAVE, start=1)),
        (0.59, 40, 5, 0.86220, 1e-5),
        (0.6, 100, 30, 16.24975, 1e-6),
        (0.61, 100, 10, 1.005863, 1e-5),
        (0.62, 100, 10, 0.8971682, 1e-5),
        (1.0, 100, 10, 0.005184816, 0.06),
    ],
)
def test_r_concave_bound_as_printed_by_stabs(threshold, p, q, printed, short_by):
    """Never below what stabs prints, and little above.

    R's `optimize` stops 1e-4 away from the peak, which shows where shifts are small; a search with
    that tolerance gives the printed digits. A distribution attains ours, so less is no bound.
    """
    ours = pfer_bound(threshold, p=p, q=q, pairs=50, assumption="r-concave")
    assert printed * (1 - 2e-6) <= ours <= printed * (1 + short_by)


def test_tail_below_one_half_as_printed_by_stabs():
    assert 100 * _largest_tail(0.1 * 100, 37, 100, 4) == pytest.approx(4.988848, rel=1e-6)


def test_unimodal_above_three_quarters_by_hand():
    # q² / p · 4 · (1 − 0.96 + 1/100) / (1 + 1/50)
    bound = pfer_bound(0.96, p=30, q=3, pairs=50, assumption="unimodal")
    assert bound == pytest.approx(0.3 * 4 * 0.05 / 1.02)


@pytest.mark.parametrize(
    ("pfer", "p", "q", "assumption", "expected"),
    [
        (0.2, 200, 7, "r-concave", 0.62),
        (0.2, 200, 7, "unimodal", 0.81),
        (0.2, 10, 3, "unimodal", 0.96),
        (1, 100, 10, "r-concave", 0.62),
        (1, 40, 5, "r-concave", 0.59),
        (1, 40, 5, "unimodal", 0.67),
        (0.001, 100, 10, "r-concave", None),
        (0.2, 10, 3, "none", None),
    ],
)
def test_thresholds_as_printed_by_stabs(pfer, p, q, assumption, expected):
    """Where none is high enough stabs says 1 and warns."""
    assert threshold_for(pfer, p=p, q=q, pairs=50, assumption=assumption) == expected


_DESIGNS = st.tuples(st.integers(5, 3000), st.floats(0.001, 1.0), st.integers(2, 60))


@given(_DESIGNS, st.integers(0, 59))
@settings(max_examples=80, deadline=None)
def test_a_stronger_assumption_never_gives_a_larger_bound(design, above):
    p, share, pairs = design
    threshold = (pairs + 1 + above % pairs) / (2 * pairs)
    none, unimodal, concave = (
        pfer_bound(threshold, p=p, q=share * p, pairs=pairs, assumption=a) for a in ASSUMPTIONS
    )
    assert 0 < concave <= unimodal <= none <= p


@given(_DESIGNS, st.sampled_from(ASSUMPTIONS))
@settings(max_examples=30, deadline=None)
def test_a_higher_threshold_never_has_a_larger_bound(design, assumption):
    p, share, pairs = design
    bounds = [
        pfer_bound(k / (2 * pairs), p=p, q=share * p, pairs=pairs, assumption=assumption)
        for k in range(pairs + 1, 2 * pairs + 1)
    ]
    assert (np.diff(bounds) <= 1e-9 * np.array(bounds[:-1])).all()


@given(_DESIGNS, st.sampled_from(ASSUMPTIONS), st.integers(0, 59))
@settings(max_examples=40, deadline=None)
def test_more_features_per_half_never_have_a_smaller_bound(design, assumption, above):
    p, share, pairs = design
    threshold = (pairs + 1 + above % pairs) / (2 * pairs)
    bounds = [
        pfer_bound(threshold, p=p, q=q, pairs=pairs, assumption=assumption)
        for q in share * p * np.linspace(0, 1, 12)
    ]
    assert bounds[0] == 0
    assert (np.diff(bounds) >= -1e-9 * np.array(bounds[1:])).all()


@given(_DESIGNS, st.floats(0.01, 20), st.sampled_from(ASSUMPTIONS))
@settings(max_examples=40, deadline=None)
def test_the_threshold_is_the_lowest_that_holds(design, pfer, assumption):
    p, share, pairs = design
    how = {"p": p, "q": share * p, "pairs": pairs, "assumption": assumption}
    found = threshold_for(pfer, **how)
    if found is None:
        assert pfer_bound(1, **how) > pfer
        return
    assert 0.5 < found <= 1
    assert pfer_bound(found, **how) <= pfer
    below = found - 1 / (2 * pairs)
    if below > 0.5 + 1e-9:
        assert pfer_bound(below, **how) > pfer


@pytest.mark.parametrize("pairs", [25, 1000])
@pytest.mark.parametrize("p", [5000, 10**6])
@pytest.mark.parametrize("q", [1e-3, 5, 400])
def test_small_shares_and_many_pairs_stay_finite_and_positive(pairs, p, q):
    bounds = [
        pfer_bound(t, p=p, q=q, pairs=pairs, assumption="r-concave") for t in (0.52, 0.6, 0.9, 1)
    ]
    assert np.isfinite(bounds).all()
    assert (np.diff(bounds) < 0).all()
    assert bounds[-1] > 0


def test_a_threshold_between_two_frequencies_is_the_higher_one():
    how = {"p": 100, "q": 10, "pairs": 50, "assumption": "r-concave"}
    assert pfer_bound(0.601, **how) == pfer_bound(0.61, **how) < pfer_bound(0.6, **how)


def test_rounding_does_not_move_a_threshold_to_the_next_frequency():
    assert 0.55 * 100 > 55
    how = {"p": 100, "q": 10, "pairs": 50, "assumption": "none"}
    assert pfer_bound(0.55, **how) == pytest.approx(10)


def _largest_of_the_family(mean, at, top, power):
    """The slow way: every member with this mean, on a fine grid of shifts."""
    i = np.arange(top + 1.0)
    best = 0.0
    for shift in np.geomspace(1e-4, 1e4, 20_000):
        weights = (1 + i / shift) ** -power
        sums = np.cumsum(weights)
        last = int(np.searchsorted(np.cumsum(weights * i) / sums, mean, side="right")) - 1
        if at <= last + 1 <= top:
            # the rest of the mean comes from weight on last + 1
            scale = (last + 1 - mean) / (weights[: last + 1] @ (last + 1 - i[: last + 1]))
            best = max(best, 1 - scale * sums[at - 1])
    return best


@pytest.mark.parametrize(
    ("mean", "at", "top", "power"),
    [(0.78, 9, 50, 2), (12.5, 59, 100, 4), (0.02, 5, 25, 2), (3.3, 9, 30, 4), (0.4, 30, 40, 2)],
)
def test_the_peak_is_the_largest_of_the_whole_family(mean, at, top, power):
    slow = _largest_of_the_family(mean, at, top, power)
    fast = _largest_tail(mean, at, top, power)
    assert slow <= fast * (1 + 1e-9)
    assert slow == pytest.approx(fast, rel=0.01)


@given(st.integers(4, 40), st.sampled_from([2, 4]), st.integers(0, 2**31), st.floats(0.05, 3))
@settings(max_examples=100, deadline=None)
def test_no_r_concave_distribution_has_a_larger_tail(top, power, seed, roughness):
    """Any convex sequence to the power of −2 or −4, on 0 … last."""
    rng = np.random.default_rng(seed)
    last = int(rng.integers(1, top + 1))
    slopes = np.cumsum(rng.gamma(roughness, size=last)) * 10 ** rng.uniform(-3, 1)
    root = np.r_[0, np.cumsum(slopes - rng.random() * slopes[-1])]
    weights = (root - root.min() + 10 ** rng.uniform(-4, 1)) ** -power
    weights /= weights.sum()
    mean = float(weights @ np.arange(last + 1))
    for at in range(1, last + 1):
        assert weights[at:].sum() <= _largest_tail(mean, at, top, power) * (1 + 1e-9)


def test_features_of_pure_noise_stay_within_the_bounds():
    """Each half picks the q markers most correlated with an outcome that none has to do with."""
    p, q, pairs, rows, studies = 60, 6, 25, 40, 400
    rng = np.random.default_rng(11)
    frequency = np.empty((studies, p))
    for study in range(studies):
        covariance = rng.normal(size=(rows, p)) * rng.normal(size=(rows, 1))
        half = np.argsort(rng.random((pairs, rows)), axis=1) < rows // 2
        score = np.abs(np.r_[half, ~half].astype(float) @ covariance)
        picked = np.argsort(np.argsort(-score, axis=1), axis=1) < q
        frequency[study] = picked.mean(axis=0)
    assert (frequency >= 0.6).sum() > studies / 10  # noise is kept often enough to test anything
    for threshold in (0.52, 0.6, 0.7, 0.8, 0.9, 1.0):
        kept = (frequency >= threshold - 1e-9).sum(axis=1)
        surely = kept.mean() - 3 * kept.std() / np.sqrt(studies)
        for assumption in ASSUMPTIONS:
            assert surely <= pfer_bound(threshold, p=p, q=q, pairs=pairs, assumption=assumption)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"threshold": 0.5}, "above 0.5 and at most 1; got 0.5"),
        ({"threshold": 1.2}, "got 1.2"),
        ({"threshold": float("nan")}, "got nan"),
        ({"q": 41}, "from 0 to p = 40; got 41"),
        ({"q": -1}, "got -1"),
        ({"p": 0}, "at least 1; got 0"),
        ({"pairs": 0}, "at least 1; got 0"),
        ({"assumption": "normal"}, "none, unimodal, r-concave, got 'normal'"),
    ],
)
def test_impossible_designs_are_refused(wrong, message):
    how = {"threshold": 0.6, "p": 40, "q": 5, "pairs": 50, "assumption": "none"} | wrong
    with pytest.raises(ValueError, match=message):
        pfer_bound(how.pop("threshold"), **how)


@pytest.mark.parametrize("pfer", [0, -1, float("nan")])
def test_a_tolerance_must_be_positive(pfer):
    with pytest.raises(ValueError, match="above 0; got"):
        threshold_for(pfer, p=40, q=5, pairs=50, assumption="none")
