"""Simulated trials of the test that decides, those that were found hard."""

import pytest

from experiments.benchmarks.deciding_level import NAMES, cells, counts


def test_a_score_without_a_fit_on_the_way_to_its_interval_has_an_open_end():
    """One event in ten of 100: for some interactions the null model has no fit."""
    assert "null|rare|100" in cells()
    found = counts("null|rare|100", 37)
    assert found["trials"] == 1
    assert set(NAMES) <= set(found)


@pytest.mark.parametrize("name", ["null|rare features|36", "null|studies|2000", "power|four|100"])
def test_every_kind_of_trial_can_be_tested(name):
    assert counts(name, 0) == counts(name, 0)
