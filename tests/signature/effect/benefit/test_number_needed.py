"""Numbers needed to treat as Altman (1998) writes them, and by hand."""

from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signature.effect.benefit.number_needed import number_needed
from signature.records.estimates import Estimate


def reduction(value, low=None, high=None):
    return Estimate(value=value, low=low, high=high)


def test_an_interval_that_covers_no_effect_as_altman_writes_it():
    """A reduction of 10 % (−5 % to 25 %): 10, from NNTH 20 over infinity to NNTB 4."""
    found = number_needed(reduction(0.10, -0.05, 0.25))
    assert found.value.number == pytest.approx(10)
    assert found.most_favourable.number == pytest.approx(4)
    assert found.least_favourable.number == pytest.approx(20)
    assert found.through_infinity
    assert str(found) == "NNTB 10 (NNTB 4.0 to ∞ to NNTH 20)"


def test_an_interval_on_one_side_does_not_pass_infinity():
    assert str(number_needed(reduction(0.2, 0.1, 0.3))) == "NNTB 5.0 (NNTB 3.3 to NNTB 10)"
    assert str(number_needed(reduction(-0.2, -0.3, -0.1))) == "NNTH 5.0 (NNTH 10 to NNTH 3.3)"


def test_no_effect_needs_infinitely_many():
    assert str(number_needed(reduction(0.0, -0.1, 0.1))) == "∞ (NNTB 10 to ∞ to NNTH 10)"
    touching = number_needed(reduction(0.1, 0.0, 0.2))
    assert str(touching) == "NNTB 10 (NNTB 5.0 to ∞)"


def test_without_spread_there_is_no_interval_and_without_effect_no_number():
    assert str(number_needed(reduction(0.5))) == "NNTB 2.0 (no interval)"
    assert number_needed(reduction(None)) is None


@given(st.floats(-1.5, 1.5), st.floats(0.001, 1))
def test_the_effect_and_its_ends_are_found_again(value, half):
    found = number_needed(reduction(value, value - half, value + half))
    ends = (found.value, value), (found.most_favourable, value + half)
    for one, effect in (*ends, (found.least_favourable, value - half)):
        sign = {"benefit": 1, "harm": -1, None: 0}[one.direction]
        assert one.number >= 1
        back = 0.0 if one.number == inf else sign / one.number
        assert back == pytest.approx(min(1, max(-1, effect)))
    assert found.through_infinity == (value - half < 0 < value + half)
