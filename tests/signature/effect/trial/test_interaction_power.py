"""Power of a planned trial: against simulation, its limits, and what choosing buys."""

import numpy as np
import pytest
from scipy.stats import t as student

from signature.effect.trial.interaction_power import (
    Planned,
    benefit_of_chosen,
    interaction_power,
    measured_correlation,
    people_for_average,
)


@pytest.mark.parametrize(("treated", "control", "effect"), [(24, 12, 1.0), (60, 60, 0.5)])
def test_power_is_that_of_simulated_trials(treated, control, effect):
    rng, n, runs = np.random.default_rng(1), treated + control, 3000
    arm = np.repeat([1.0, 0.0], [treated, control])
    rejected = 0
    for _ in range(runs):
        score = rng.normal(size=n)
        X = np.column_stack([np.ones(n), arm, score, arm * score])
        y = effect * arm * score + rng.normal(size=n)
        inverse = np.linalg.inv(X.T @ X)
        b = inverse @ X.T @ y
        left = y - X @ b
        error = np.sqrt(left @ left / (n - 4) * inverse[3, 3])
        rejected += 2 * student.sf(abs(b[3]) / error, n - 4) <= 0.05
    expected = interaction_power(effect, treated, control)
    assert rejected / runs == pytest.approx(expected, abs=4 * np.sqrt(0.25 / runs))


def test_without_an_effect_power_is_the_level():
    assert interaction_power(0.0, 30, 40) == pytest.approx(0.05)
    assert interaction_power(0.0, 30, 40, alpha=0.1, one_sided=True) == pytest.approx(0.1)
    assert interaction_power(0.3, 60, 60, one_sided=True) > interaction_power(0.3, 60, 60)
    with pytest.raises(ValueError, match="4 people or more in both arms; got 3 and 30"):
        interaction_power(1, 3, 30)


@pytest.mark.parametrize("below", [0.0, 0.2, 0.5, 0.9])
def test_a_limit_and_an_unreliable_assay_cost_correlation(below):
    rng = np.random.default_rng(2)
    true = rng.normal(size=400_000)
    limit = np.quantile(true, below)
    low = true < limit
    seen = np.where(low, true[low].mean() if low.any() else 0.0, true)
    assert measured_correlation(below) == pytest.approx(np.corrcoef(true, seen)[0, 1], abs=0.005)
    assert measured_correlation(below, 0.64) == pytest.approx(0.8 * measured_correlation(below))
    for bad in ((1.0, 1.0), (0.0, 0.0), (-0.1, 1.0)):
        with pytest.raises(ValueError, match="share below the limit"):
            measured_correlation(*bad)


def test_people_needed_are_the_fewest_and_everything_that_is_lost_asks_for_more():
    plain = Planned()
    needed = plain.people_for(0.5, 0.8)
    assert plain.power(0.5, needed) >= 0.8 > plain.power(0.5, needed - 2)
    for worse in (Planned(treated=0.8), Planned(lost=0.3), Planned(below_limit=0.5),
                  Planned(reliability=0.6), Planned(alpha=0.01)):  # fmt: skip
        assert worse.people_for(0.5, 0.8) > needed
    assert Planned(one_sided=True).people_for(0.5, 0.8) < needed
    assert plain.people_for(0.001, 0.8) is None


def test_those_with_the_highest_marker_gain_what_simulated_people_do():
    rng, planned = np.random.default_rng(3), Planned(reliability=0.6)
    true = rng.normal(size=400_000)
    seen = np.sqrt(0.6) * true + np.sqrt(0.4) * rng.normal(size=len(true))
    top = seen >= np.quantile(seen, 0.7)
    assert benefit_of_chosen(0.2, 0.5, 0.3, planned) == pytest.approx(
        0.2 + 0.5 * true[top].mean(), abs=0.01
    )
    # with a limit, some of those chosen are drawn from those whom nothing tells apart
    low = true < np.quantile(true, 0.8)
    seen = np.where(low, -10 + rng.random(len(true)), true)
    for share in (0.1, 0.5):
        top = seen >= np.quantile(seen, 1 - share)
        assert benefit_of_chosen(0.0, 0.5, share, Planned(below_limit=0.8)) == pytest.approx(
            0.5 * true[top].mean(), abs=0.01
        )
    assert people_for_average(-0.1, planned, 0.8) is None
    assert people_for_average(0.001, planned, 0.8) is None
