"""TOC, AUTOC and Qini against analytic truth, integration, and what must hold of any."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import norm

from signature.effect.benefit.targeting import targeting
from signature.effect.benefit.targeting_curve import autoc, qini, toc
from signature.effect.trial.aipw import arm_scores, benefit_scores
from signature.exceptions import PredictionsError
from signature.randomness import generator
from signature.validation.metrics import person_counts
from tests.made.made_up_effects import AUTOC_OF_NORMAL, QINI_OF_NORMAL, linear_trial

_EVEN = np.array([0.5, 0.5])


def _benefit(trial, allocation=_EVEN, *, predicted=True):
    guess = trial.expected if predicted else None
    scores = arm_scores(trial.outcome, trial.arm, allocation, guess)
    return benefit_scores(scores, 1, 0, higher_is_better=True)


def test_the_truths_used_here_by_integration():
    def top(u):
        return norm.pdf(norm.isf(u))

    assert quad(lambda u: top(u) / u, 0, 1)[0] == pytest.approx(AUTOC_OF_NORMAL)
    assert quad(top, 0, 1)[0] == pytest.approx(QINI_OF_NORMAL)


def _standard_errors_from_truth(trials, *, predicted, treated, reliability):
    rng = generator(5, "linear", str((predicted, treated, reliability)))
    n, per_sd = 1000, 0.8
    found = np.empty((trials, 2))
    for at in range(trials):
        trial = linear_trial(rng, n, per_sd=per_sd, treated=treated)
        noise = rng.normal(size=n)
        priority = reliability * trial.marker + np.sqrt(1 - reliability**2) * noise
        benefit = _benefit(trial, np.array([1 - treated, treated]), predicted=predicted)
        one = benefit, priority, np.ones((1, n))
        found[at] = autoc(*one)[0], qini(*one)[0]
    truth = per_sd * reliability * np.array([AUTOC_OF_NORMAL, QINI_OF_NORMAL])
    return np.abs(found.mean(axis=0) - truth) / found.std(axis=0, ddof=1) * np.sqrt(trials)


def test_autoc_and_qini_of_a_linear_effect_within_two_standard_errors():
    off = _standard_errors_from_truth(300, predicted=True, treated=0.5, reliability=1.0)
    assert (off < 2).all()


@pytest.mark.parametrize("predicted", [False, True])
@pytest.mark.parametrize("treated", [0.5, 0.75])
@pytest.mark.parametrize("reliability", [1.0, 0.6])
def test_neither_ratio_nor_noise_nor_want_of_predictions_moves_them_from_the_truth(
    predicted, treated, reliability
):
    """A priority correlated r with the marker finds r times what the marker itself would.

    Sixteen comparisons: one in twenty is beyond two standard errors, so three.
    """
    how = {"predicted": predicted, "treated": treated, "reliability": reliability}
    assert (_standard_errors_from_truth(60, **how) < 3).all()


@pytest.mark.parametrize("share", [0.1, 0.4, 0.9])
def test_a_yes_no_marker_has_closed_forms(share):
    """A share π has benefit 1, the others 0: AUTOC −π log π, Qini π (1 − π) / 2, exactly."""
    n = 1000
    marker = np.arange(n) < share * n
    one = marker.astype(float), marker.astype(float), np.ones((1, n))
    assert autoc(*one)[0] == pytest.approx(-share * np.log(share))
    assert qini(*one)[0] == pytest.approx(share * (1 - share) / 2)
    first = toc(*one, np.array([share / 2, share, (1 + share) / 2]))[0]
    assert first == pytest.approx([1 - share, 1 - share, 2 * share / (1 + share) - share])


def test_an_even_marker_has_closed_forms():
    """Benefit x for x even on 0 to 1: TOC (1 − u) / 2, AUTOC 1/4, Qini 1/12."""
    x = (np.arange(50_000) + 0.5) / 50_000
    one = x, x, np.ones((1, len(x)))
    assert autoc(*one)[0] == pytest.approx(1 / 4, abs=1e-5)
    assert qini(*one)[0] == pytest.approx(1 / 12, abs=1e-5)
    assert toc(*one, np.array([0.2, 0.7]))[0] == pytest.approx([0.4, 0.15], abs=1e-5)


def _integrated(benefit, priority, weight):
    """By a fine grid over the curve of summed benefit, ties averaged by hand."""
    order = sorted(set(priority), reverse=True)
    reached, gained = [0.0], [0.0]
    for one in order:
        tied = priority == one
        reached.append(reached[-1] + weight[tied].sum() / weight.sum())
        gained.append(gained[-1] + weight[tied] @ benefit[tied] / weight.sum())
    u = (np.arange(200_000) + 0.5) / 200_000
    first = np.interp(u, reached, gained)
    return np.mean(first / u - gained[-1]), np.mean(first - u * gained[-1])


@given(st.integers(0, 2**31), st.integers(2, 25), st.integers(1, 6))
@settings(max_examples=25, deadline=None)
def test_equals_integration_with_ties_and_weights(seed, n, levels):
    rng = np.random.default_rng(seed)
    benefit, priority = rng.normal(size=n), rng.integers(0, levels, n).astype(float)
    weight = rng.random(n) * (rng.random(n) < 0.8)
    weight[0] += 0.5
    area, by_share = _integrated(benefit, priority, weight)
    one = benefit, priority, weight[None]
    assert autoc(*one)[0] == pytest.approx(area, abs=2e-4)
    assert qini(*one)[0] == pytest.approx(by_share, abs=2e-4)


@given(st.integers(0, 2**31), st.integers(2, 30))
@settings(max_examples=25, deadline=None)
def test_a_weight_is_so_many_copies(seed, n):
    rng = np.random.default_rng(seed)
    benefit, priority = rng.normal(size=n), rng.integers(0, 9, n).astype(float)
    counts = rng.integers(0, 4, size=n)
    counts[0] += 1
    copies = np.repeat(benefit, counts), np.repeat(priority, counts), np.ones((1, counts.sum()))
    at = np.array([0.1, 0.35, 0.8])
    for measure in (autoc, qini):
        np.testing.assert_allclose(
            measure(benefit, priority, counts[None]), measure(*copies), atol=1e-12
        )
    np.testing.assert_allclose(
        toc(benefit, priority, counts[None], at), toc(*copies, at), atol=1e-12
    )


@given(st.integers(0, 2**31))
@settings(max_examples=25, deadline=None)
def test_only_order_and_differences_count(seed):
    rng = np.random.default_rng(seed)
    benefit, priority, w = rng.normal(size=40), rng.normal(size=40), rng.random((3, 40))
    for measure in (autoc, qini):
        plain = measure(benefit, priority, w)
        np.testing.assert_allclose(measure(2 * benefit + 7, np.exp(priority), 5 * w), 2 * plain)
        mixed = rng.permutation(40)
        np.testing.assert_allclose(measure(benefit[mixed], priority[mixed], w[:, mixed]), plain)
    # Qini is the same from either end
    np.testing.assert_allclose(qini(benefit, -priority, w), -qini(benefit, priority, w))


def test_near_the_sum_over_persons_that_other_libraries_take():
    rng = generator(6, "sum")
    n = 4000
    priority = rng.normal(size=n)
    benefit = priority + rng.normal(size=n)
    ordered = benefit[np.argsort(-priority)]
    average = np.cumsum(ordered) / np.arange(1, n + 1) - ordered.mean()
    one = benefit, priority, np.ones((1, n))
    assert autoc(*one)[0] == pytest.approx(average.mean(), abs=0.005)
    assert qini(*one)[0] == pytest.approx((average * np.arange(1, n + 1) / n).mean(), abs=0.001)


def test_priority_that_is_all_tied_finds_nothing():
    rng = generator(7, "tied")
    found = targeting(rng.normal(size=30), np.zeros(30), rng, draws=100)
    assert found.autoc.value == pytest.approx(0, abs=1e-12)
    assert found.autoc.low is None
    assert found.toc[-1].value == pytest.approx(0, abs=1e-12)
    assert found.toc[-1].low is None


def test_a_draw_without_rows_is_undefined():
    w = np.array([[0.0, 0, 0], [1, 1, 1]])
    for measure in (autoc, qini):
        assert np.isnan(measure(np.ones(3), np.arange(3.0), w)).tolist() == [True, False]
    assert np.isnan(toc(np.ones(3), np.arange(3.0), w, np.array([0.5]))[:, 0]).tolist() == [
        True,
        False,
    ]


def test_half_samples_spread_like_the_bootstrap_and_like_new_trials():
    rng = generator(8, "spread")
    trials = [linear_trial(rng, 300, per_sd=0.5) for _ in range(300)]
    one = np.ones((1, 300))
    spread = np.std([autoc(_benefit(t), t.marker, one)[0] for t in trials], ddof=1)
    halves = [targeting(_benefit(t), t.marker, rng, arm=t.arm, draws=200) for t in trials[:15]]
    errors = [found.autoc.standard_error for found in halves]
    assert np.mean(errors) == pytest.approx(spread, rel=0.15)
    first = trials[0]
    counts = person_counts(np.arange(300), first.arm, 1000, rng)
    again = autoc(_benefit(first), first.marker, counts).std(ddof=1)
    assert errors[0] == pytest.approx(again, rel=0.2)


def test_intervals_hold_the_truth_and_no_heterogeneity_is_seldom_denied():
    """300 trials of 200 people each; 0.04 is three Monte Carlo standard errors around 95 %."""
    rng = generator(9, "level")
    trials, held, benefit_claimed = 300, np.zeros(2), np.zeros(2)
    for _ in range(trials):
        for per_sd in (0.0, 0.6):
            trial = linear_trial(rng, 200, per_sd=per_sd)
            found = targeting(
                _benefit(trial), trial.marker, rng, arm=trial.arm, draws=100, shares=()
            )
            both = found.autoc, found.qini
            if per_sd:
                truth = per_sd * np.array([AUTOC_OF_NORMAL, QINI_OF_NORMAL])
                held += [f.low <= t <= f.high for f, t in zip(both, truth, strict=True)]
            else:
                benefit_claimed += [f.p < 0.05 and f.value > 0 for f in both]
    assert held / trials == pytest.approx(0.95, abs=0.04)
    assert (benefit_claimed / trials < 0.05).all()


def test_folds_are_ranked_each_by_itself():
    """Two folds whose priorities are on scales of their own, with the same order within."""
    rng = generator(10, "folds")
    priority, fold = rng.normal(size=400), np.arange(400) % 2
    benefit = priority + rng.normal(size=400)
    shifted = priority * np.where(fold, 9, 1) + 100 * fold
    found = targeting(benefit, shifted, rng, fold=fold, draws=50)
    by_hand = np.mean(
        [autoc(benefit[fold == k], priority[fold == k], np.ones((1, 200)))[0] for k in (0, 1)]
    )
    assert found.autoc.value == pytest.approx(by_hand)
    together = targeting(benefit, shifted, rng, draws=50)
    assert together.autoc.value < 0.7 * by_hand


def test_rows_of_a_person_stay_together():
    rng = generator(11, "rows")
    priority = rng.normal(size=60)
    benefit = priority + rng.normal(size=60)
    once = targeting(benefit, priority, generator(1, "draw"), draws=500)
    twice = targeting(
        np.tile(benefit, 2),
        np.tile(priority, 2),
        generator(1, "draw"),
        person=np.tile(np.arange(60), 2),
        draws=500,
    )
    assert twice.autoc.value == pytest.approx(once.autoc.value)
    assert twice.autoc.standard_error == pytest.approx(once.autoc.standard_error)
    assert twice.people == once.people == 60


@pytest.mark.parametrize(
    ("wrong", "error", "message"),
    [
        ({"priority": np.array([1, np.nan, 2, 3.0])}, PredictionsError, "missing or infinite in 1"),
        ({"priority": np.ones(3)}, PredictionsError, r"shape \(4,\); got shape \(3,\)"),
        ({"arm": np.array([0, 0, 1, 1])}, PredictionsError, "four or more people in each arm"),
        ({"fold": np.zeros(3)}, PredictionsError, "4 rows"),
        ({"weight": -np.ones(4)}, PredictionsError, "must not be negative"),
        ({"shares": (0.0,)}, ValueError, "above 0 and at most 1"),
        ({"level": 1.0}, ValueError, "between 0 and 1"),
    ],
)
def test_what_does_not_fit_is_refused(wrong, error, message):
    how = {"benefit": np.arange(4.0), "priority": np.arange(4.0), "draws": 10} | wrong
    with pytest.raises(error, match=message):
        targeting(how.pop("benefit"), how.pop("priority"), np.random.default_rng(0), **how)
