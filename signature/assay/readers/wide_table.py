"""Wide tables: one row per sample, one column per analyte."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd

from signature.assay.files import Sheet, read_sheet
from signature.assay.labels import Labels, as_labels, labels
from signature.assay.layout import Layout
from signature.assay.measurements import Measurements
from signature.assay.readers._names import column_of, is_marker, roles_and_match
from signature.assay.readers._rows import Aside, Rows, warnings
from signature.assay.readers._tidy import tidy
from signature.assay.units import is_concentration
from signature.exceptions import TableError

FORMAT = "wide table: one row per sample, one column per analyte"

USUAL = {
    "sample": ("sample", "sample_id", "sample name", "specimen"),
    "plate": ("plate", "plate_id"),
    "flag": ("flag", "qc_warning"),
}
"""Usual names of the columns that hold no analyte."""

_UNIT = re.compile(r"(?P<name>.*\S)\s*[(\[](?P<unit>[^()\[\]]+)[)\]]")


def read(file: Path, layout: Layout) -> Measurements:
    """Read a wide table; a row of the result is a cell of the file.

    A unit may stand in the header, as in ``IL-6 (pg/mL)``.

    Parameters
    ----------
    file : Path
        Delimited text, Parquet or Excel.
    layout : Layout
        Names the columns of sample, plate and flag when they are not called as in `USUAL`, the
        columns of analytes in ``only`` (all others when empty), and the table of limits.

    Raises
    ------
    TableError
        When the file cannot be read, or a column that should hold an analyte holds text.
    AssayError
        When measurements contradict each other.
    """
    file = Path(file)
    found: dict[str, str] = {}
    analytes: list[str] = []

    def pick(header: list[str]) -> list[str]:
        _refuse_turned(file.name, header, layout)
        found.update(roles_and_match(file.name, header, layout, USUAL, ("sample",)))
        others = {*found.values(), *layout.ignore}
        analytes.extend(layout.only or [name for name in header if name not in others])
        if not analytes:
            raise TableError(f"{file.name}: no column is left that could hold an analyte")
        return [*found.values(), *analytes]

    sheet = read_sheet(file, layout, pick)
    n, k = len(sheet), len(analytes)
    names = {role: _every(sheet.labels(column), k) for role, column in found.items()}
    column = labels(np.repeat(np.arange(k), n), analytes)
    bare, unit = _units(analytes, layout)
    rows = Rows(
        source=sheet.name,
        lines=np.tile(sheet.lines, k),
        sample=names["sample"],
        analyte=bare[column.codes],
        unit=None if unit is None else unit[column.codes],
        cells=_stacked(sheet, analytes, layout.decimal),
        column=column,
        aside=Aside(n * k),
        plate=names.get("plate"),
        match=names.get("match", names.get("plate")),
        flag=warnings(names.get("flag")),
    )
    return tidy(rows, layout.model_copy(update={"only": ()}), file)


def _refuse_turned(source: str, header: list[str], layout: Layout) -> None:
    """Raise when the columns may be samples, whose names no message may show."""
    sample = layout.columns.get("sample") or column_of(header, USUAL["sample"])
    bare = [found["name"] if (found := _UNIT.fullmatch(name)) else name for name in header]
    if sample not in header and not any(map(is_marker, bare)):
        raise TableError(
            f"{source}: no column of samples in its first line ({sample or 'sample'!r}), and no "
            f"marker among its {len(header)} columns; are the header and the delimiter as "
            "expected? If the samples are the columns, turn the table"
        )


def _every(label: Labels, k: int) -> Labels:
    """Repeat the names of the rows for each of ``k`` columns."""
    return labels(np.tile(label.codes, k), label.categories)


def _units(analytes: list[str], layout: Layout) -> tuple[Labels, Labels | None]:
    """Split names such as ``IL-6 (pg/mL)``; names that the layout translates stay whole."""
    names: list[str] = []
    units: list[str | None] = []
    for column in analytes:
        found = _UNIT.fullmatch(column)
        known = found and (is_concentration(found["unit"]) or found["unit"] in ("NPX", "MFI"))
        if found and known and column not in layout.markers:
            names.append(found["name"])
            units.append(found["unit"])
        else:
            names.append(column)
            units.append(None)
    bare = as_labels(pd.Series(names, dtype="str"))
    return bare, as_labels(pd.Series(units, dtype="str")) if any(units) else None


def _stacked(sheet: Sheet, analytes: list[str], decimal: str) -> pd.Series:
    """Put the columns of analytes one below the other."""
    columns = [sheet.table[name] for name in analytes]
    numeric = [pd.api.types.is_numeric_dtype(c.dtype) for c in columns]
    if all(numeric):
        return pd.Series(np.concatenate([c.to_numpy("float64") for c in columns]))
    written = [
        _written(column, decimal) if number else column.astype("category").array
        for column, number in zip(columns, numeric, strict=True)
    ]
    texts = np.concatenate([np.asarray(c.categories, dtype=object) for c in written])
    places, different = pd.factorize(pd.Series(texts, dtype="str"))
    places = np.append(places, -1)
    starts = np.cumsum([0, *(len(c.categories) for c in written)])
    codes = [
        np.where(c.codes < 0, len(places) - 1, c.codes.astype(np.int64) + start)
        for c, start in zip(written, starts[:-1], strict=True)
    ]
    return pd.Series(labels(places[np.concatenate(codes)], different))


def _written(numbers: pd.Series, decimal: str) -> Labels:
    """Write numbers as the text cells of the same file are written; reading gives them back."""
    codes, different = pd.factorize(numbers)
    texts = [repr(float(x)).replace(".", decimal) for x in different]
    return labels(codes, texts)
