"""Excel workbooks: one sheet, one header row, no merged cells."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from signature.assay.layout import Layout
from signature.exceptions import TableError


def read_workbook(
    file: Path, layout: Layout, pick: Callable[[list[str]], Iterable[int]]
) -> tuple[pd.DataFrame, np.ndarray]:
    """Read some columns of one sheet of an Excel workbook.

    Parameters
    ----------
    file : Path
        An ``.xlsx`` or ``.xlsm`` file; blank rows are skipped.
    layout : Layout
        Its sheet, when there are several, and the row of its header.
    pick : callable
        Gets the names in the header, returns the places of the columns to read.

    Returns
    -------
    table : DataFrame
        Columns of numbers are float64; others are category, with the file's decimal mark.
    lines : ndarray of int
        The row of the sheet of each row of the table; the first is 1.

    Raises
    ------
    TableError
        When openpyxl is not installed, the file is no workbook, the sheet is not there or not
        named, cells of the header or the table are merged, or formulas have no result.
    """
    sheet, formulas = _sheet(file, layout.sheet)
    name = f"{file.name} ({sheet.title})"
    first = layout.header_row
    merged = [r for r in sheet.merged_cells.ranges if r.max_row >= first]
    if any(r.min_row <= first for r in merged):
        shown = ", ".join(str(r) for r in merged if r.min_row <= first)
        raise TableError(
            f"{name}: cells of the header are merged ({shown}), so columns have no name of their "
            "own; split them, or name the row that holds the names with `header_row`"
        )
    if merged:
        raise TableError(
            f"{name}: {len(merged)} ranges of cells are merged below the header (the first is "
            f"{merged[0]}), so all but one of their cells are empty; split them"
        )
    _refuse_uncomputed(name, sheet, formulas)
    rows = [list(row) for row in sheet.iter_rows(min_row=first, values_only=True)]
    header = ["" if v is None else _text(v, ".").strip() for v in rows[0]] if rows else []
    if not any(header):
        raise TableError(
            f"{name}: no column names in row {first}; `header_row` is the row that holds them"
        )
    full = np.array([any(v is not None for v in row) for row in rows[1:]], dtype=bool)
    places = sorted(pick(header))
    kept = [row for row, keep in zip(rows[1:], full, strict=True) if keep]
    columns = [_column([row[i] for row in kept], layout.decimal) for i in places]
    table = pd.DataFrame(dict(enumerate(columns)))
    table.columns = pd.Index([header[i] for i in places])
    return table, first + 1 + np.flatnonzero(full)


def _sheet(file: Path, wanted: str | None) -> tuple[Any, Any]:
    """Open a sheet twice: with the results of its formulas, and with the formulas."""
    try:
        import openpyxl
    except ImportError:
        raise TableError(
            f"reading {file.name} needs openpyxl: install immune-signature[data], or save the "
            "sheet as CSV"
        ) from None
    try:
        book, written = (openpyxl.load_workbook(file, data_only=d) for d in (True, False))
    except Exception:
        # whatever a damaged archive makes openpyxl raise
        raise TableError(f"{file.name} is no Excel workbook, or it is damaged or locked") from None
    names = book.sheetnames
    if wanted is None and len(names) > 1:
        raise TableError(
            f"{file.name} has {len(names)} sheets ({', '.join(map(repr, names))}); say which "
            "with `sheet`"
        )
    if wanted is not None and wanted not in names:
        raise TableError(
            f"{file.name} has no sheet {wanted!r}; it has: {', '.join(map(repr, names))}"
        )
    return book[wanted or names[0]], written[wanted or names[0]]


def _refuse_uncomputed(name: str, sheet: Any, formulas: Any) -> None:
    """Raise when a formula has no result in the file: its cell would look empty."""
    rows = zip(
        sheet.iter_rows(values_only=True), formulas.iter_rows(values_only=True), strict=False
    )
    n = sum(
        value is None and isinstance(formula, str) and formula.startswith("=")
        for row in rows
        for value, formula in zip(*row, strict=False)
    )
    if n:
        raise TableError(
            f"{name}: {n} cells hold formulas without a result; open the file in a spreadsheet "
            "program and save it, or paste the numbers as values"
        )


def _column(values: list[Any], decimal: str) -> pd.Series:
    kinds = {type(v) for v in values if v is not None}
    if kinds and kinds <= {int, float}:
        return pd.Series([np.nan if v is None else float(v) for v in values], dtype="float64")
    texts = ["" if v is None else _text(v, decimal) for v in values]
    return pd.Series(texts, dtype="str").astype("category")


def _text(value: Any, decimal: str) -> str:
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    if isinstance(value, float):
        return repr(value).replace(".", decimal)
    return str(value)
