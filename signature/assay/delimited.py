"""Delimited text, read fast and held to its header."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import pandas as pd

from signature.assay.layout import Layout
from signature.exceptions import TableError
from signature.study.tables import utf8_bytes

_DELIMITERS = (",", ";", "\t", "|")
_USUAL = {".csv": ",", ".tsv": "\t", ".tab": "\t"}
_NEWLINE, _QUOTE = ord("\n"), ord('"')


def read_delimited(
    file: Path, layout: Layout, pick: Callable[[list[str]], Iterable[int]]
) -> tuple[pd.DataFrame, np.ndarray]:
    """Read some columns of a delimited text file.

    Parameters
    ----------
    file : Path
        UTF-8 text with one header line; blank lines are skipped.
    layout : Layout
        Its delimiter, and the line of its header.
    pick : callable
        Gets the names in the header, returns the places of the columns to read.

    Returns
    -------
    table : DataFrame of category
        The cells as they are written, under the names of the header.
    lines : ndarray of int
        The line of the file on which each row begins; the first line is 1.

    Raises
    ------
    TableError
        When the file is not text, has no header, its delimiter is not clear, quotes are broken, or
        rows have more or fewer cells than the header.
    """
    content = _from_line(_text(file), layout.header_row)
    if not content.split(b"\n", 1)[0].strip():
        raise TableError(
            f"{file.name}: no column names in line {layout.header_row}; "
            "`header_row` is the line that holds them"
        )
    delimiter = layout.delimiter or _delimiter(file, content)
    if len(delimiter.encode()) != 1:
        raise TableError(f"{file.name}: a delimiter is one letter, got {delimiter!r}")
    ends, counts, lines = _records(file.name, content, delimiter, layout.header_row)
    starts = np.append(0, ends[:-1] + 1)
    blank = np.zeros(len(ends), dtype=bool)
    for i in np.flatnonzero(counts == 0):
        blank[i] = not content[starts[i] : ends[i]].strip()
    ragged = np.flatnonzero(~blank & (counts != counts[0]))
    if len(ragged):
        raise TableError(
            f"{file.name}: {len(ragged)} of {int((~blank).sum()) - 1} rows have more or fewer "
            f"cells than the {counts[0] + 1} of the header, the first is in line "
            f"{lines[ragged[0]]}; check quotes, delimiters and decimal commas"
        )
    header = _parse(content[: ends[0] + 1], delimiter, counts[0] + 1)
    names = [str(name).strip() for name in header.iloc[0]]
    places = sorted(pick(names))
    kept = ~blank[1:]
    if not kept.any():
        return pd.DataFrame({names[i]: pd.Series(dtype="str") for i in places}), lines[1:][kept]
    table = _parse(content[ends[0] + 1 :], delimiter, counts[0] + 1, places)
    if not kept.all():
        table = table[kept].reset_index(drop=True)
    table.columns = pd.Index([names[i] for i in places])
    return table, lines[1:][kept]


def _text(file: Path) -> bytes:
    content = utf8_bytes(file)
    if b"\0" in content:
        raise TableError(f"{file.name} is not text: it holds bytes that are zero")
    if b"\r" in content:
        content = content.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return content if content.endswith(b"\n") else content + b"\n"


def _from_line(content: bytes, line: int) -> bytes:
    start = 0
    for _ in range(line - 1):
        start = content.find(b"\n", start) + 1
        if start == 0:
            return b""
    return content[start:] if start else content


def _delimiter(file: Path, content: bytes) -> str:
    """Find the one delimiter of the header; where it holds several, the file's ending decides."""
    first = content.split(b"\n", 1)[0].decode()
    bare = "".join(first.split('"')[::2])
    found = [mark for mark in _DELIMITERS if mark in bare]
    if len(found) > 1:
        usual = _USUAL.get(file.suffix.lower())
        if usual not in found:
            raise TableError(
                f"{file.name}: the header could be separated by {' or '.join(map(repr, found))}; "
                "say which with `delimiter`"
            )
        return usual
    return found[0] if found else _USUAL.get(file.suffix.lower(), ",")


def _records(
    name: str, content: bytes, delimiter: str, first: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return where each record ends, how many delimiters it has, and the line it begins on."""
    letters = np.frombuffer(content, dtype=np.uint8)
    newline, mark = letters == _NEWLINE, letters == ord(delimiter)
    newlines = np.flatnonzero(newline)
    if b'"' in content:
        inside = _inside_quotes(name, letters, newline | mark, newlines, first)
        newline, mark = newline & ~inside, mark & ~inside
    ends = np.flatnonzero(newline)
    counts = np.diff(np.searchsorted(np.flatnonzero(mark), ends), prepend=0)
    lines = first + np.searchsorted(newlines, np.append(0, ends[:-1] + 1))
    return ends, counts, lines


def _inside_quotes(
    name: str, letters: np.ndarray, boundary: np.ndarray, newlines: np.ndarray, first: int
) -> np.ndarray:
    """Mark what stands between quotes, which may only open and close at the edge of a cell."""
    quote = letters == _QUOTE
    inside = np.bitwise_xor.accumulate(quote.view(np.uint8)).astype(bool)
    places = np.flatnonzero(quote)
    edge = np.concatenate([[True], boundary | quote, [True]])
    # a doubled quote closes and opens again, so its neighbour is a quote
    before, after = edge[places], edge[places + 2]
    broken = np.where(inside[places], ~before, ~after)
    if inside[-1] or broken.any():
        at = places[-1] if inside[-1] else places[broken][0]
        raise TableError(
            f"{name}: quotes are broken near line {first + np.searchsorted(newlines, at)}: a quote "
            "opens and closes a whole cell, and one inside is doubled"
        )
    return inside


def _parse(
    content: bytes, delimiter: str, width: int, places: list[int] | None = None
) -> pd.DataFrame:
    # pandas makes numbers of categories that all look like numbers, and "007" would be 7; a first
    # row that is no number keeps every column text
    text = delimiter.join(["text"] * width).encode() + b"\n"
    table = pd.read_csv(
        io.BytesIO(text + content),
        sep=delimiter,
        header=None,
        names=range(width),
        usecols=places,
        dtype="category",
        na_filter=False,
        skip_blank_lines=False,
        index_col=False,
        low_memory=False,
    )
    table = table.iloc[1:].reset_index(drop=True)
    return table.apply(lambda column: column.cat.remove_unused_categories())
