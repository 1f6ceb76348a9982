"""Tables with a row per person, as they may travel: under other numbers, and in another order.

The numbers in a results folder count rows as the data set has them, mostly by patient and date.
What is sent is numbered and sorted by a key that is drawn once and stays in the results folder:
without it nobody can tell whose row is whose, or which patient came first.
"""

from __future__ import annotations

import hmac
import os
import secrets
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd

from signature.exceptions import ResultsError
from signature.writing import aside_of, cannot_write

KEY_FILE = "row_numbers.key"
"""In the results folder, for its owner's eyes; never sent."""

TABLES = ("predictions.parquet", "inner.parquet")
"""What has a row per person and may be sent; contributions by row never are."""

_NUMBERED = ("row", "person", "plate")


def shuffled_tables(folder: Path, tables: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Return tables numbered and sorted anew, all of them alike.

    Parameters
    ----------
    folder : Path
        ``results/<experiment>``, which holds the key or gets one.
    tables : dict of DataFrame
        With a column ``row``; ``person`` and ``plate``, where they are, get other numbers, too.

    Raises
    ------
    ResultsError
        When the key is damaged.
    OutputError
        When there is no key and none can be written.
    """
    key = _key(folder)
    numbers = {
        column: _numbers(key, column, (t[column] for t in tables.values() if column in t))
        for column in _NUMBERED
    }
    found = {}
    for name, table in tables.items():
        columns = [column for column in _NUMBERED if column in table]
        anew = table.assign(**{c: table[c].map(numbers[c]).astype("int64") for c in columns})
        order = [c for c in ("block", "candidate", "repeat", "fold", "row") if c in anew]
        found[name] = anew.sort_values(order, kind="stable", ignore_index=True)
    return found


def _numbers(key: bytes, kind: str, columns: Iterable[pd.Series]) -> dict[int, int]:
    """Return the new number of each old one; negative ones, which mean unknown, stay."""
    old = np.unique(np.concatenate([np.arange(0), *(c.to_numpy() for c in columns)]))
    known = [int(number) for number in old if number >= 0]
    drawn = sorted(known, key=lambda n: hmac.digest(key, f"{kind} {n}".encode(), "sha256"))
    stay = {int(number): int(number) for number in old if number < 0}
    return stay | {number: at for at, number in enumerate(drawn)}


def _key(folder: Path) -> bytes:
    file = folder / KEY_FILE
    if not file.exists():
        aside = aside_of(file)
        try:
            with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT, 0o600), "w") as opened:
                opened.write(secrets.token_hex(32))
            aside.replace(file)
        except OSError as error:
            raise cannot_write(file, error) from None
    try:
        key = bytes.fromhex(file.read_text(encoding="ascii"))
    except (ValueError, OSError):
        key = b""
    if len(key) != 32:
        raise ResultsError(
            f"{file} is damaged; delete it, and another is drawn: rows that were sent before can "
            "then no longer be told"
        )
    return key
