"""Sizes of enriched trials and of all comers, against simulated trials."""

import numpy as np
import pytest
from scipy.stats import ttest_ind

from signature.effect.benefit.enrichment import MOST_PEOPLE, enrichment, power_of
from signature.exceptions import TrialError
from signature.records.estimates import Estimate

GAIN, ALL = Estimate(value=4.0, low=2.0, high=6.0), Estimate(value=2.0, low=0.6, high=3.4)
TOLD = {"positive": 0.4, "sd_positive": 8.0, "sd_all": 9.0}


def rejected(people, benefit, sd, share, trials=4000):
    """Share of simulated trials whose t test rejects."""
    rng = np.random.default_rng(0)
    treated = round(people * share)
    a = rng.normal(benefit, sd, size=(trials, treated))
    b = rng.normal(0, sd, size=(trials, people - treated))
    return (ttest_ind(a, b, axis=1).pvalue <= 0.05).mean()


@pytest.mark.parametrize("share", [0.5, 2 / 3])
def test_planned_trials_have_the_power_they_are_planned_for(share):
    found = enrichment(GAIN, ALL, **TOLD, treated_share=share)
    enriched, everybody = found.enriched, found.all_comers
    assert rejected(enriched.randomised, 4.0, 8.0, share) == pytest.approx(0.8, abs=0.03)
    assert rejected(everybody.randomised, 2.0, 9.0, share) == pytest.approx(0.8, abs=0.03)
    at_same_size = rejected(enriched.randomised, 2.0, 9.0, share)
    assert found.power_of_all_comers == pytest.approx(at_same_size, abs=0.03)


def test_one_fewer_would_be_too_few():
    n = enrichment(GAIN, ALL, **TOLD).enriched.randomised
    assert power_of(n, 4.0, 8.0) >= 0.8 > power_of(n - 1, 4.0, 8.0)


def test_screening_is_counted_and_ratios_are_of_both_trials():
    found = enrichment(GAIN, ALL, **TOLD)
    assert found.enriched.screened == int(np.ceil(found.enriched.randomised / 0.4))
    assert found.all_comers.screened == found.all_comers.randomised
    assert found.randomised_ratio == found.all_comers.randomised / found.enriched.randomised
    assert found.screened_ratio == found.all_comers.screened / found.enriched.screened


def test_the_cautious_plan_is_for_the_lower_end_of_the_interval():
    found = enrichment(GAIN, ALL, **TOLD)
    again = enrichment(Estimate(value=2.0), ALL, **TOLD)
    assert found.cautious == again.enriched
    wide = enrichment(Estimate(value=4.0, low=-2.0, high=10.0), ALL, **TOLD)
    assert wide.cautious.randomised is None
    assert wide.cautious.benefit == -2.0
    assert enrichment(Estimate(value=4.0), ALL, **TOLD).cautious.randomised is None


def test_where_all_do_not_gain_a_trial_of_all_comers_is_out_of_reach():
    found = enrichment(GAIN, Estimate(value=-0.5, low=-1.9, high=0.9), **TOLD)
    assert found.all_comers.randomised is None
    assert found.randomised_ratio is None
    assert found.power_of_all_comers < 0.1
    tiny = enrichment(Estimate(value=1e-4), ALL, **TOLD)
    assert tiny.enriched.randomised is None, MOST_PEOPLE


def test_nobody_who_gains_is_nobody_to_enrich_with():
    for value in (
        Estimate(value=None),
        Estimate(value=0.0),
        Estimate(value=-1.0, low=-3.0, high=1.0),
    ):
        with pytest.raises(TrialError, match="nobody to enrich"):
            enrichment(value, ALL, **TOLD)


@pytest.mark.parametrize(
    "odd", [{"positive": 0.0}, {"treated_share": 1.0}, {"power": 0.01}, {"sd_all": 0.0}]
)
def test_what_is_out_of_range_is_refused(odd):
    with pytest.raises(ValueError, match="got"):
        enrichment(GAIN, ALL, **(TOLD | odd))
