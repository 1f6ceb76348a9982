"""Read a study's table and say plainly what is wrong with it."""

from __future__ import annotations

import codecs
import csv
import io
import os
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd

from signature.exceptions import DataFolderNotSetError, TableError

MISSING = ("", ".", "NA", "NaN", "nan", "N/A", "null", "NULL")
"""Cells that mean "not measured" once surrounding blanks are stripped."""

_DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}


def data_folder(name: str) -> Path:
    """Return the local folder of a data set that may not be shipped.

    Parameters
    ----------
    name : str
        Folder inside the one that the environment variable ``SIGNATURE_DATA`` names.

    Raises
    ------
    DataFolderNotSetError
        When the variable is not set, or the folder is not there.
    """
    root = os.environ.get("SIGNATURE_DATA")
    if not root:
        raise DataFolderNotSetError(
            f"data set {name!r} is read from a local folder and is not shipped with the software. "
            f"Set SIGNATURE_DATA to the folder that holds {name}/, for example: "
            f"export SIGNATURE_DATA=../shared/data"
        )
    folder = Path(root) / name
    if not folder.is_dir():
        raise DataFolderNotSetError(
            f"SIGNATURE_DATA is set, but it holds no folder {name!r}. "
            "Point it to the folder that holds the data sets, each in a folder of its own."
        )
    return folder


def read_table(path: Path, *, columns: Iterable[str], delimiter: str = ",") -> pd.DataFrame:
    """Read a delimited text file as stripped text; missing cells become NA.

    Parameters
    ----------
    path : Path
        A UTF-8 file with one header line.
    columns : iterable of str
        The columns to keep, in this order; others are not read.
    delimiter : str
        What separates the cells.

    Returns
    -------
    DataFrame of str
        Turn what should be numbers into numbers with `to_numbers`.

    Raises
    ------
    TableError
        When the file is missing, empty, not UTF-8, of another delimiter, has ragged lines, a
        column twice, or lacks a column.
    """
    wanted = list(columns)
    rows = _rows(path, delimiter)
    present = [cell.strip() for cell in rows[0]]
    twice = sorted({c for c in present if present.count(c) > 1 and c in wanted})
    if twice:
        raise TableError(f"{path.name} has two columns named {', '.join(map(repr, twice))}")
    missing = [c for c in wanted if c not in present]
    if missing:
        header = delimiter.join(rows[0])
        raise TableError(why_missing(path.name, header, delimiter, missing, present, wanted))
    ragged = [n for n, row in enumerate(rows[1:], start=2) if len(row) != len(present)]
    if ragged:
        raise TableError(
            f"{path.name}: {len(ragged)} of {len(rows) - 1} rows have more or fewer cells than the "
            f"{len(present)} of the header, the first is row {ragged[0]} (the header is row 1); "
            "check quotes and delimiters"
        )
    places = [present.index(c) for c in wanted]
    cells = {c: [row[i] for row in rows[1:]] for c, i in zip(wanted, places, strict=True)}
    return clean_text(pd.DataFrame(cells, dtype="str"))


def _rows(path: Path, delimiter: str) -> list[list[str]]:
    """Split a file into cells; empty lines are skipped."""
    text = utf8_bytes(path).decode("utf-8")
    try:
        # strict: a quote that is never closed would otherwise swallow the rest of the file.
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
        rows = [row for row in reader if row]
    except csv.Error as error:
        raise TableError(
            f"{path.name}: quotes or delimiters are broken near line {reader.line_num} ({error})"
        ) from None
    if not rows:
        raise TableError(f"{path.name} is empty: expected a header line with column names")
    return rows


def utf8_bytes(path: Path) -> bytes:
    """Return the bytes of a text file, without a byte order mark.

    Raises
    ------
    TableError
        When there is no such file, or it is not UTF-8.
    """
    if not path.is_file():
        raise TableError(f"no file {path.name!r} in {path.parent}; check the name and the folder")
    content = path.read_bytes()
    if not content.isascii():
        try:
            content.decode("utf-8")
        except UnicodeDecodeError as error:
            raise TableError(
                f"{path.name} is not UTF-8 text (byte {error.start}). Save it again as UTF-8, for "
                "example with 'CSV UTF-8' in a spreadsheet program"
            ) from None
    return content.removeprefix(codecs.BOM_UTF8)


def why_missing(
    file: str,
    header: str,
    delimiter: str,
    missing: list[str],
    present: list[str],
    wanted: list[str],
) -> str:
    """Say why a header lacks columns: another delimiter, no header, or simply not there."""
    for other, name in _DELIMITERS.items():
        if other != delimiter and header.count(other) > header.count(delimiter):
            return (
                f"{file}: expected cells separated by {_DELIMITERS.get(delimiter, delimiter)!s}, "
                f"but the header looks {name}-separated; save the file again or name the delimiter"
            )
    if not set(present) & set(wanted):
        # a file without its header line begins with somebody's values
        return (
            f"{file}: none of the expected columns is in its first line; is the header there? "
            f"Expected {', '.join(map(repr, missing[:12]))}" + (", …" if len(missing) > 12 else "")
        )
    shown = ", ".join(present[:12]) + (", …" if len(present) > 12 else "")
    return f"{file} lacks column {', '.join(map(repr, missing))}; it has: {shown}"


def clean_text(table: pd.DataFrame) -> pd.DataFrame:
    """Strip blanks from text cells and turn the marks of a missing value into NA."""
    out = table.copy()
    for name in out.columns:
        column = out[name]
        if pd.api.types.is_numeric_dtype(column):
            continue
        text = column.astype("str").str.strip()
        out[name] = text.where(column.notna() & ~text.isin(MISSING))
    return out


def to_numbers(table: pd.DataFrame, columns: Iterable[str], *, where: str) -> pd.DataFrame:
    """Return the named columns as float64.

    Parameters
    ----------
    table : DataFrame
        As `clean_text` or `read_table` leaves it.
    columns : iterable of str
        The columns that must be numbers.
    where : str
        Name of the file or data set, for the message.

    Raises
    ------
    TableError
        When cells hold text, or numbers that are not finite. The message counts them and shows
        none.

    Examples
    --------
    >>> to_numbers(pd.DataFrame({"IL6": ["1.5", "<0.5"]}), ["IL6"], where="lab.csv")
    Traceback (most recent call last):
        ...
    signature.exceptions.TableError: lab.csv: expected numbers in 'IL6' (1 of 2 rows hold text). ...
    """
    out: dict[str, pd.Series] = {}
    text: list[str] = []
    infinite: list[str] = []
    for name in columns:
        numbers = pd.to_numeric(table[name], errors="coerce").astype("float64")
        bad = int((numbers.isna() & table[name].notna()).sum())
        if bad:
            text.append(f"{name!r} ({bad} of {len(table)} rows hold text)")
        unbounded = int(np.isinf(numbers).sum())
        if unbounded:
            infinite.append(f"{name!r} ({unbounded} of {len(table)} rows)")
        out[name] = numbers
    if text:
        raise TableError(
            f"{where}: expected numbers in {', '.join(text)}. Write a value below a detection "
            "limit as a missing value plus its limit, use a point as the decimal mark, and leave "
            "cells without a measurement empty"
        )
    if infinite:
        raise TableError(
            f"{where}: infinite values in {', '.join(infinite)}; leave a cell empty when there is "
            "no measurement"
        )
    return pd.DataFrame(out, index=table.index)
