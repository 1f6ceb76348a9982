"""Result files of ImmPort: ``mbaa_result``, ``elisa_result`` and their upload templates.

Columns as in ImmPort's data model and its upload templates, schema 3.33 (immport.org).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from signature.assay.files import Sheet
from signature.assay.labels import Labels, as_text, renamed
from signature.assay.layout import Layout
from signature.assay.measurements import Measurements
from signature.assay.readers._rows import read_long, rows_of
from signature.assay.readers._tidy import tidy

FORMAT = "ImmPort results: mbaa_result, elisa_result and their templates"

USUAL = {
    "sample": (
        "expsample_accession",
        "expsample_id",
        "source_accession",
        "source_id",
        "biosample_accession",
    ),
    "analyte": ("analyte_reported", "analyte_preferred"),
    "value": ("concentration_value_reported", "value_reported"),
    "unit": ("concentration_unit_reported", "unit_reported"),
    "limit": ("lod", "lloq"),
    "upper": ("uloq",),
    "plate": ("assay_id",),
    "flag": (),
    "kind": ("source_type",),
}
"""Usual names of the columns. The reported value keeps marks such as ``<``; ImmPort's preferred one
is converted by its own rules, and is read when `Layout.columns` says so, with its unit."""

CONTROL, STANDARD = "control sample", "standard curve"
CODE = "a code for out of range (-999 or 999)"
"""Reasons."""


def read(file: Path, layout: Layout) -> Measurements:
    """Read results from ImmPort.

    Rows of controls and standard curves are set aside. ImmPort asks for a number such as -999 or
    999 where a value is out of range: where a file has -999, both are taken as such codes.

    Parameters
    ----------
    file : Path
        Delimited text; tabs unless the header shows another.
    layout : Layout
        Names the columns that should be read instead of those of `USUAL`.

    Raises
    ------
    TableError
        When the file cannot be read.
    AssayError
        When its rows contradict each other.
    """
    file = Path(file)
    sheet, found = read_long(file, layout, USUAL)
    rows = rows_of(sheet, found)
    rows.analyte = _first_component(rows.analyte)
    if "kind" in found:
        kinds = as_text(sheet.labels(found["kind"])).str.casefold()
        rows.aside.mark(kinds.str.contains("control", na=False).to_numpy(bool), CONTROL)
        rows.aside.mark(kinds.str.contains("standard", na=False).to_numpy(bool), STANDARD)
    coded = _codes(sheet, found["value"])
    if coded["-999"].any():
        rows.aside.mark(coded["-999"] | coded["999"], CODE)
    return tidy(rows, layout, file)


def _first_component(analyte: Labels) -> Labels:
    """Keep the symbol of ``symbol;gene;label``, in which ImmPort's word list is written."""
    return renamed(analyte, [name.split(";")[0].strip() or None for name in analyte.categories])


def _codes(sheet: Sheet, column: str) -> dict[str, np.ndarray]:
    values = as_text(sheet.labels(column)).str.removesuffix(".0")
    return {code: values.eq(code).fillna(False).to_numpy(bool) for code in ("-999", "999")}
