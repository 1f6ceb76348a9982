"""What tests of the readers ask: what was read, why a row was not, and whom a message names."""

from collections.abc import Callable

import pytest

from signature.exceptions import AssayError

SECRET = "Mueller-4711"
"""A name that no message may repeat."""


def refused(message: str, read: Callable[[], object], error: type[Exception] = AssayError) -> None:
    """Say that reading fails with this message, and that it names nobody."""
    with pytest.raises(error, match=message) as caught:
        read()
    assert SECRET not in str(caught.value)


def reasons(measurements):
    return dict(zip(*measurements.set_aside[["row", "reason"]].to_numpy().T, strict=True))


def result(measurements, sample, marker):
    """Return value, below and above of one measurement."""
    rows = measurements.table.query("sample == @sample and marker == @marker")
    assert len(rows) == 1
    return rows[["value", "below", "above"]].iloc[0].tolist()
