"""Long tables: one row per sample and analyte."""

from __future__ import annotations

from pathlib import Path

from signature.assay.layout import Layout
from signature.assay.measurements import Measurements
from signature.assay.readers._rows import read_long, rows_of
from signature.assay.readers._tidy import tidy

FORMAT = "long table: one row per sample and analyte"

USUAL = {
    "sample": ("sample", "sample_id", "sample name", "specimen"),
    "analyte": ("analyte", "marker", "assay", "protein", "target"),
    "value": ("value", "result", "concentration", "conc", "obs conc", "npx", "mfi"),
    "unit": ("unit", "units"),
    "limit": ("limit", "lod", "lloq", "lower limit", "llod"),
    "upper": ("upper", "uloq", "upper limit"),
    "plate": ("plate", "plate_id", "lot", "batch"),
    "flag": ("flag", "warning", "qc", "qc_warning"),
}
"""Usual names of the columns."""


def read(file: Path, layout: Layout) -> Measurements:
    """Read a long table.

    Parameters
    ----------
    file : Path
        Delimited text, Parquet or Excel.
    layout : Layout
        Names the columns that are not called as in `USUAL`; sample, analyte and value are needed.

    Raises
    ------
    TableError
        When the file cannot be read.
    AssayError
        When its rows contradict each other.
    """
    file = Path(file)
    sheet, found = read_long(file, layout, USUAL)
    return tidy(rows_of(sheet, found), layout, file)
