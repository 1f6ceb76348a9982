"""Corrected p-values against the procedure as it is defined, step by step."""

from hypothesis import given, settings
from hypothesis import strategies as st

from signature.validation.holm import holm


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
@settings(max_examples=60, deadline=None)
def test_holm_rejects_what_its_steps_reject(p_values):
    for level in (0.05, 0.2, 0.5):
        left, rejected = sorted(range(len(p_values)), key=p_values.__getitem__), set()
        while left and p_values[left[0]] * len(left) <= level:
            rejected.add(left.pop(0))
        corrected = holm(p_values)
        assert {k for k, p in enumerate(corrected) if p <= level} == rejected


def test_what_is_no_test_makes_the_others_no_harder():
    assert holm([None, 0.02, None]) == [None, 0.02, None]
    assert holm([]) == [] == holm([None])[1:]
