"""Open a laboratory's file, whatever program wrote it: text, Parquet or Excel."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from signature.assay.delimited import read_delimited
from signature.assay.labels import Labels, as_labels
from signature.assay.layout import Layout
from signature.assay.workbooks import read_workbook
from signature.exceptions import TableError
from signature.study.tables import why_missing

_PARQUET, _EXCEL, _OLD_EXCEL = {".parquet", ".pq"}, {".xlsx", ".xlsm"}, {".xls", ".xlsb", ".ods"}

# float64 does not tell whole numbers apart beyond it
_LARGEST_WHOLE = 2**53


@dataclass(frozen=True, eq=False, repr=False)
class Sheet:
    """Columns of a file.

    Parameters
    ----------
    name : str
        Name of the file, for messages.
    table : DataFrame
        Columns as they are written (category), or float64 where the file holds numbers.
    lines : ndarray of int
        The line of the file of each row; the header of a plain file is line 1.
    """

    name: str
    table: pd.DataFrame
    lines: np.ndarray

    def __len__(self) -> int:
        return len(self.table)

    def labels(self, column: str) -> Labels:
        """Return a column of names; see `signature.assay.labels`."""
        return as_labels(self.table[column])


def read_sheet(file: Path, layout: Layout, pick: Callable[[list[str]], Iterable[str]]) -> Sheet:
    """Read the columns that a reader needs.

    Parameters
    ----------
    file : Path
        ``.parquet``, ``.xlsx`` or delimited text.
    layout : Layout
        Delimiter, sheet and header row.
    pick : callable
        Gets the names in the header, returns the names of the columns to read.

    Raises
    ------
    TableError
        When the file cannot be read, a picked column is not there, has no name, or is there twice.
    """
    file = Path(file)

    def places(header: list[str]) -> list[int]:
        return _places(file.name, header, list(dict.fromkeys(pick(header))))

    kind = file.suffix.lower()
    if not file.is_file():
        raise TableError(f"no file {file.name!r} in {file.parent}; check the name and the folder")
    if kind in _OLD_EXCEL:
        raise TableError(f"{file.name}: {kind} files are not read; save it as .xlsx or CSV")
    if kind in _PARQUET:
        table, lines = _read_parquet(file, places)
    elif kind in _EXCEL:
        table, lines = read_workbook(file, layout, places)
    else:
        table, lines = read_delimited(file, layout, places)
    return Sheet(file.name, table, np.asarray(lines, dtype="int64"))


def _places(name: str, header: list[str], wanted: list[str]) -> list[int]:
    missing = [column for column in wanted if column not in header]
    if missing:
        raise TableError(why_missing(name, ",".join(header), ",", missing, header, wanted))
    twice = sorted(column for column in wanted if header.count(column) > 1)
    if "" in wanted:
        blank = [i + 1 for i, column in enumerate(header) if not column]
        raise TableError(
            f"{name}: {len(blank)} columns have no name (the first is column {blank[0]}); name "
            "them, or say with `header_row` which line holds the names, or with `only` which "
            "columns are analytes"
        )
    if twice:
        raise TableError(f"{name} has two columns named {', '.join(map(repr, twice))}")
    return [header.index(column) for column in wanted]


def _read_parquet(
    file: Path, places: Callable[[list[str]], list[int]]
) -> tuple[pd.DataFrame, np.ndarray]:
    try:
        from pyarrow import ArrowException, parquet
    except ImportError:
        raise TableError(
            f"reading {file.name} needs pyarrow: install it, or save the table as CSV"
        ) from None
    try:
        header = list(parquet.read_schema(file).names)
        picked = [header[i] for i in places([name.strip() for name in header])]
        table = parquet.read_table(file, columns=picked)
        # as floats, whole numbers beside gaps would lose the last digits of long names
        table = table.to_pandas(ignore_metadata=True, integer_object_nulls=True)
    except ArrowException:
        raise TableError(f"{file.name} is no Parquet file, or it is damaged") from None
    columns = {name.strip(): _plain(table[name]) for name in picked}
    return pd.DataFrame(columns), np.arange(2, len(table) + 2)


def _plain(column: pd.Series) -> pd.Series:
    types = pd.api.types
    number = types.is_numeric_dtype(column.dtype) and not types.is_bool_dtype(column.dtype)
    if number and types.is_integer_dtype(column.dtype):
        number = bool(column.between(-_LARGEST_WHOLE, _LARGEST_WHOLE).all())
    if not number:
        missing = column.isna()
        return column.astype("str").where(~missing, "").astype("category")
    return column.astype("float64")
