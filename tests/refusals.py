"""What every test of a refusal asks: the right message, and nobody's name in it."""

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
