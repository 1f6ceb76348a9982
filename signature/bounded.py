"""TOML and JSON texts that are read within bounds: no file may cost hours or break the reader.

Both formats let a short text nest without end, and TOML's dotted keys cost the square of their
length. What nobody writes by hand is refused before it is parsed.
"""

from __future__ import annotations

import json
import math
import re
import tomllib
from pathlib import Path
from typing import Any, NoReturn

LARGEST = 2_000_000
"""Bytes of a TOML file."""
DEEPEST = 40
"""Brackets within brackets, or dots of a key."""
_LARGEST_NUMBER = 2**63
"""TOML's whole numbers lie below it; more digits are no number of a study."""

# a text that is not closed goes to the end of its line, or each of its quotes would start anew
_TOML_PART = re.compile(
    r"\"\"\".*?(?:\"\"\"|\Z)|'{3}.*?(?:'{3}|\Z)"
    r"|\"(?:\\.|[^\"\\\n])*+\"?|'[^'\n]*+'?|#[^\n]*|[\[\]{}=,\n.]",
    re.DOTALL,
)


class UnboundedError(ValueError):
    """The text is not what its format allows, or goes beyond what is read; says which."""


def read_bounded(file: Path) -> bytes:
    """Read a file that is written by hand.

    Raises
    ------
    UnboundedError
        When it is larger than `LARGEST`.
    OSError
        When it cannot be read.
    """
    with file.open("rb") as opened:
        content = opened.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise UnboundedError(f"is larger than {LARGEST // 1_000_000} MB; divide it, or leave out")
    return content


def toml_table(content: bytes) -> dict[str, Any]:
    """Parse TOML.

    Raises
    ------
    UnboundedError
        When it is not UTF-8, not TOML, nested too deep, or a number has too many digits.
    """
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        raise UnboundedError("is not UTF-8 text") from None
    if _depth(text) > DEEPEST:
        raise UnboundedError(f"is nested more than {DEEPEST} levels deep; nothing here needs that")
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as broken:
        raise UnboundedError(f"is not valid TOML: {broken}") from None
    except (ValueError, RecursionError, OverflowError):
        # of numbers with thousands of digits, tomllib lets Python's own error through
        raise UnboundedError("is not valid TOML: a number or a date is out of range") from None
    _check_numbers(table)
    return table


def json_value(text: str | bytes) -> Any:
    """Parse JSON whose numbers are finite and of a sensible length.

    Raises
    ------
    UnboundedError
        When it is no such JSON.
    """
    try:
        return json.loads(
            text, parse_int=_whole_number, parse_float=_finite, parse_constant=_refuse
        )
    except (ValueError, RecursionError):
        raise UnboundedError("is not valid JSON") from None


def _depth(text: str) -> int:
    """Return the deepest nesting of brackets, or the most dots of a key, in one pass."""
    deepest = level = dots = 0
    for part in _TOML_PART.finditer(text):
        match part[0]:
            case "[" | "{":
                level, dots = level + 1, 0
            case "]" | "}":
                level, dots = level - 1, 0
            case ".":
                dots += 1
            case "=" | "," | "\n":
                dots = 0
        deepest = max(deepest, level, dots)
    return deepest


def _check_numbers(value: Any) -> None:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for part in value:
            _check_numbers(part)
    elif isinstance(value, int) and not -_LARGEST_NUMBER <= value < _LARGEST_NUMBER:
        raise UnboundedError("holds a whole number of more than 19 digits")


def _whole_number(text: str) -> int:
    number = int(text) if len(text) <= 20 else _LARGEST_NUMBER
    return number if -_LARGEST_NUMBER <= number < _LARGEST_NUMBER else _refuse(text)


def _finite(text: str) -> float:
    number = float(text)
    return number if math.isfinite(number) else _refuse(text)


def _refuse(_: str) -> NoReturn:
    raise UnboundedError("a number is not finite")
