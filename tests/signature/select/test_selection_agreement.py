"""Agreement of selections against published numbers and cases that can be done by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signature.select.selection_agreement import mean_jaccard, nogueira

_DEMO = """
1111000000 0001011100 0100011100 1100101000 0110110000
0111001000 1001000011 0001011100 0011110000 0000100111
"""


def _table(rows):
    return np.array([[c == "1" for c in row] for row in rows.split()])


_PICKS = st.tuples(st.integers(2, 8), st.integers(1, 12), st.integers(0, 2**31), st.floats(0, 1))


def _random(case):
    n_runs, p, seed, share = case
    return np.random.default_rng(seed).random((n_runs, p)) < share


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ("110 110", 1.0),
        ("110 001", 0.0),
        ("110 011 101", 1 / 3),
        ("000 000", 1.0),
        ("000 000 100", 1 / 3),
        ("1110000000 1111000000 1110111000", (3 / 4 + 1 / 2 + 3 / 7) / 3),
    ],
)
def test_jaccard_by_hand(rows, expected):
    assert mean_jaccard(_table(rows)) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(
    ("rows", "value", "variance"),
    [
        ("110 110 110", 1.0, 0.0),
        ("110 011 101", -0.5, 0.0),
        (_DEMO, -0.037037037037, 0.00516666666667),
    ],
)
def test_nogueira_as_in_the_demonstration_of_its_authors(rows, value, variance):
    found = nogueira(_table(rows))
    assert found.value == pytest.approx(value, abs=1e-11)
    assert found.variance == pytest.approx(variance, abs=1e-13)
    half = 1.959963985 * np.sqrt(found.variance)
    assert [found.low, found.high] == pytest.approx([found.value - half, found.value + half])


@pytest.mark.parametrize(
    ("rows", "spread", "share"),
    [
        # selected 3, 2, 1 and 0 times of 3: a variance of 1/3 for each that is not always the same
        ("1100 1100 1010", (1 / 3 + 1 / 3) / 4, 2 / 4),
        # three features always, four once
        ("1110000000 1111000000 1110111000", (4 * 1 / 3) / 10, (3 + 4 / 3) / 10),
    ],
)
def test_nogueira_by_hand(rows, spread, share):
    expected = 1 - spread / (share * (1 - share))
    assert nogueira(_table(rows)).value == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("rows", ["000 000 000", "111 111"])
def test_nothing_or_everything_selected_has_no_stability(rows):
    assert nogueira(_table(rows)) is None
    assert mean_jaccard(_table(rows)) == 1.0


@given(_PICKS)
@settings(max_examples=60, deadline=None)
def test_order_of_runs_and_features_does_not_matter(case):
    picks = _random(case)
    rng = np.random.default_rng(0)
    mixed = picks[rng.permutation(len(picks))][:, rng.permutation(picks.shape[1])]
    assert mean_jaccard(mixed) == pytest.approx(mean_jaccard(picks), abs=1e-12)
    a, b = nogueira(picks), nogueira(mixed)
    assert (a is None) == (b is None)
    if a is not None:
        assert [b.value, b.variance] == pytest.approx([a.value, a.variance], abs=1e-9)


@given(_PICKS)
@settings(max_examples=60, deadline=None)
def test_stability_is_of_the_complement_too_and_one_only_when_all_runs_agree(case):
    picks = _random(case)
    found, left_out = nogueira(picks), nogueira(~picks)
    if found is None:
        assert left_out is None
        return
    assert left_out.value == pytest.approx(found.value, abs=1e-9)
    assert left_out.variance == pytest.approx(found.variance, abs=1e-9)
    same = bool((picks == picks[0]).all())
    assert (found.value > 1 - 1e-9) == same == (mean_jaccard(picks) == 1)
    assert found.value <= 1 + 1e-12


def test_variance_is_that_of_the_delta_method():
    """By numerical differentiation in the weight of each run; the sign of the last term matters.

    The authors' R script has the other sign, their Python and Matlab code have this one.
    """
    rng = np.random.default_rng(4)
    rates = np.where(rng.random((400, 1)) < 0.5, 0.2, 0.9)  # the number selected differs by run
    picks = rng.random((400, 30)) < rates * rng.random(30)

    def index(weight):
        frequency = weight @ picks / weight.sum()
        share = frequency.mean()
        return 1 - (frequency * (1 - frequency)).mean() / (share * (1 - share))

    even, step = np.ones(len(picks)), 1e-4
    slopes = [(index(even + step * e) - index(even - step * e)) / (2 * step) for e in np.eye(400)]
    assert nogueira(picks).variance == pytest.approx(np.sum(np.square(slopes)), rel=0.02)


def test_the_interval_covers_what_many_runs_show():
    rng = np.random.default_rng(5)
    rates = rng.random(25) ** 3
    truth = nogueira(rng.random((20_000, 25)) < rates).value
    found = [nogueira(rng.random((60, 25)) < rates) for _ in range(300)]
    assert np.mean([f.low <= truth <= f.high for f in found]) == pytest.approx(0.95, abs=0.04)


def test_runs_that_pick_at_random_have_no_stability():
    rng = np.random.default_rng(6)
    picks = rng.random((400, 50)).argsort(axis=1) < 8
    assert nogueira(picks).value == pytest.approx(0, abs=0.005)


@pytest.mark.parametrize("measure", [mean_jaccard, nogueira])
@pytest.mark.parametrize(
    ("selections", "message"),
    [
        (np.ones((1, 4), dtype=bool), r"got shape \(1, 4\)"),
        (np.ones((3, 0), dtype=bool), r"got shape \(3, 0\)"),
        (np.ones(4, dtype=bool), r"got shape \(4,\)"),
        (np.array([[0.3, 0.0], [0.0, 0.1]]), "compare coefficients with 0"),
    ],
)
def test_what_is_no_table_of_selections_is_refused(measure, selections, message):
    with pytest.raises(ValueError, match=message):
        measure(selections)
