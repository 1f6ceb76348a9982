"""What cannot be, told from what is unusual: by scale, unit and range of the column alone."""

import numpy as np
import pytest

from signature.study.possible import PossibleNumbers
from signature.study.schema import Column, FeatureSchema, Role, Scale, batch_column, censored

NAN = np.nan


def marker(name="m", **told):
    return Column(name, Role.MARKER, "g", **told)


def asked(name="q", **told):
    return Column(name, Role.CLINICAL, "g", **told)


def excluded(column, *values, limit=False):
    schema = FeatureSchema(censored(column) if limit else (column,))
    cells = np.full((len(values), len(schema)), NAN)
    cells[:, -1] = values
    return PossibleNumbers.of(schema).excluded(cells)[:, -1].tolist()


@pytest.mark.parametrize(
    "amount",
    [
        marker(unit="pg/mL"),
        marker(unit="10^9/L", scale=Scale.LOG2),
        marker(unit="MFI", scale=Scale.LOG2),
        marker(unit="%", low=0, high=100),
        asked(unit="kg/m2", low=12, high=70),
        asked(unit="ng/mL", scale=Scale.LOG2),
    ],
)
def test_an_amount_is_not_negative_and_may_be_unusual(amount):
    assert excluded(amount, -1e-9, 0.0, 1e9, NAN) == [True, False, False, False]


@pytest.mark.parametrize(
    "signed",
    [
        marker(unit="NPX"),
        marker(unit="NPX", low=0, high=12),
        marker(unit="log10 copies/mL", low=1, high=8),
        marker(unit="MFI", scale=Scale.ASINH, cofactor=5.0),
        marker(unit="mmol/L", low=-20, high=20),
        marker(unit="MFI"),
        asked(unit="mm", low=-3, high=15),
        asked(unit="SD"),
    ],
)
def test_what_may_be_negative_is_let_through(signed):
    assert excluded(signed, -1e3, 0.0, 1e9) == [False] * 3


@pytest.mark.parametrize(
    ("column", "out"),
    [
        (asked(unit="years", low=18, high=90), [17.9, 91, -1]),
        (asked(unit="points", low=0, high=52), [-1, 53, 1e6]),
        (asked(low=1, high=3), [0, 4, -9]),
        (asked(unit="%", low=0, high=100), [101, -0.1, 1e4]),
        (asked(scale=Scale.YES_NO), [2, -1, 0.5]),
    ],
)
def test_an_answer_or_a_code_keeps_to_the_schema(column, out):
    assert excluded(column, *out) == [True] * 3
    assert excluded(column, 1.0 if column.unit != "years" else 18.0, NAN) == [False] * 2


def test_codes_of_batches_are_whole_numbers_and_one_may_be_new():
    assert excluded(batch_column(("a", "b")), 0, 1, 7, 0.5, -1) == [False] * 3 + [True] * 2


@pytest.mark.parametrize(
    ("of", "expected"),
    [
        (marker(unit="pg/mL"), [True, True, False]),
        (marker(scale=Scale.LOG2), [True, True, False]),
        (marker(unit="NPX", low=-2, high=10), [False] * 3),
        (marker(scale=Scale.ASINH, cofactor=5.0), [False] * 3),
    ],
)
def test_a_limit_of_an_amount_is_above_zero(of, expected):
    assert excluded(of, -1.0, 0.0, 1.0, limit=True) == expected


def test_a_ratio_is_of_the_kind_of_its_parts():
    ratio = marker("r", over=(("a",), ("b",)))
    for unit, expected in (("pg/mL", True), ("NPX", False)):
        schema = FeatureSchema((marker("a", unit=unit), marker("b", unit=unit), ratio))
        found = PossibleNumbers.of(schema).excluded(np.array([[1.0, 1.0, -2.0]]))
        assert found.tolist() == [[False, False, expected]]
