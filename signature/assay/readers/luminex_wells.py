"""Wells of a bead reader: one row per plate, well and analyte, with the median fluorescence."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd

from signature.assay import cells
from signature.assay.files import Sheet, read_sheet
from signature.assay.labels import Labels, as_text, labels, renamed
from signature.assay.layout import Layout
from signature.assay.readers._names import refuse_shared, resolve, roles, wanted
from signature.assay.readers._rows import (
    NO_ANALYTE,
    NO_SAMPLE,
    NOT_WANTED,
    Aside,
    drop_repeated,
)
from signature.assay.readers._rules import refuse_text_in
from signature.assay.wells import COLUMNS, Kind, Wells
from signature.exceptions import AssayError

FORMAT = "Luminex wells: one row per plate, well and analyte"

USUAL = {
    "plate": ("plate", "plate_id"),
    "well": ("well", "location", "position"),
    "sample": ("sample", "sample_id", "sample name", "description"),
    "analyte": ("analyte", "marker", "target"),
    "value": ("MFI", "MFI_median", "median MFI", "median", "FI", "OD", "signal"),
    "beads": ("bead_count", "beads", "count", "bead number"),
    "kind": ("kind", "type", "sample_type"),
    "expected": ("expected", "expected concentration", "exp conc"),
}
"""Usual names of the columns."""

NO_PLATE, NO_WELL = "no plate name", "no position such as A1"
A_LIMIT = "a limit instead of a signal"
NO_KIND = "a kind of well that is not known"
"""Reasons."""

_WELL = re.compile(
    r"(?:\d+\s*\(\s*\d+\s*,\s*)?(?P<row>[A-Pa-p])0?(?P<column>[1-9]|1[0-9]|2[0-4])\)?"
)
_KINDS = {
    "": Kind.SAMPLE, "sample": Kind.SAMPLE, "unknown": Kind.SAMPLE, "x": Kind.SAMPLE,
    "blank": Kind.BLANK, "background": Kind.BLANK, "b": Kind.BLANK,
    "standard": Kind.STANDARD, "s": Kind.STANDARD,
    "bridge": Kind.BRIDGE, "bridging": Kind.BRIDGE,
    "control": Kind.CONTROL, "c": Kind.CONTROL, "qc": Kind.CONTROL,
}  # fmt: skip
# Names that nobody gives to a person's sample.
_NAMED = (
    (re.compile(r"(?i)(blank|background)[\s_-]?\d*"), Kind.BLANK),
    (re.compile(r"(?i)(standard|std)[\s_-]?\d+"), Kind.STANDARD),
)


def read(file: Path, layout: Layout) -> Wells:
    """Read wells; replicates stay apart and share their sample.

    A well is what its ``kind`` column says, else what `Layout.blanks`, ``bridges``, ``controls``
    and ``standards`` say of its sample, else a blank or standard when its name is ``Blank`` or
    ``Standard 3``, else a sample.

    Parameters
    ----------
    file : Path
        Delimited text, Parquet or Excel.
    layout : Layout
        Names the columns that are not called as in `USUAL`. Without a plate column all wells are
        of plate ``1``.

    Raises
    ------
    TableError
        When the file cannot be read.
    AssayError
        When a well has two signals for one marker, a declared sample is not there, or one sample
        is declared to be two kinds.
    """
    file = Path(file)
    found: dict[str, str] = {}

    def pick(header: list[str]) -> list[str]:
        required = ("well", "sample", "analyte", "value")
        found.update(roles(file.name, header, layout, USUAL, required))
        return list(found.values())

    sheet = read_sheet(file, layout, pick)
    aside = Aside(len(sheet))
    sample, analyte = sheet.labels(found["sample"]), sheet.labels(found["analyte"])
    if "plate" in found:
        plate = sheet.labels(found["plate"])
    else:
        plate = labels(np.zeros(len(sheet), dtype=int), ["1"])
    well = _positions(sheet.labels(found["well"]))
    aside.mark(plate.codes < 0, NO_PLATE)
    aside.mark(well.codes < 0, NO_WELL)
    aside.mark(sample.codes < 0, NO_SAMPLE)
    aside.mark(analyte.codes < 0, NO_ANALYTE)
    aside.mark(~wanted(analyte, layout, sheet.name), NOT_WANTED)
    kind, findings = _kinds(sheet, found, sample, layout)
    aside.mark(kind.isna().to_numpy(bool), NO_KIND)
    names = resolve(analyte, aside.used, layout, sheet.name)
    signal = _signals(sheet, found["value"], layout, aside)
    place = plate.codes.astype(np.int64) * (len(well.categories) + 1) + well.codes
    refuse_shared(names, analyte, place, aside.used, sheet.name)
    beads = _numbers(sheet, found.get("beads"), layout)
    expected = _expected(sheet, found, layout, sample, analyte)
    expected[kind.ne(Kind.STANDARD).to_numpy(bool)] = np.nan
    table = pd.DataFrame(
        {
            "plate": as_text(plate),
            "well": as_text(well),
            "sample": as_text(sample),
            "kind": kind,
            "marker": as_text(labels(names.codes, names.markers)),
            "signal": signal,
            "beads": beads,
            "expected": expected,
        }
    )[list(COLUMNS)]
    table = _once(sheet.name, table[aside.used], aside)
    return Wells(
        sheet.name,
        table.reset_index(drop=True),
        len(sheet),
        aside.table(sheet.lines),
        names.unknown,
        tuple(findings),
    )


def _positions(written: Labels) -> Labels:
    """Write positions as ``A1``, whether the file has ``a01`` or ``1(1,A1)``."""
    found = [_WELL.fullmatch(text) for text in written.categories]
    texts = [f["row"].upper() + f["column"] if f else None for f in found]
    return renamed(written, texts)


def _declared(layout: Layout, sample: Labels, source: str) -> dict[str, Kind]:
    lists = {
        Kind.BLANK: layout.blanks,
        Kind.BRIDGE: layout.bridges,
        Kind.CONTROL: layout.controls,
        Kind.STANDARD: tuple(layout.standards),
    }
    declared: dict[str, Kind] = {}
    for kind, names in lists.items():
        for name in names:
            if declared.setdefault(name, kind) != kind:
                raise AssayError(f"{source}: {name!r} is declared both {declared[name]} and {kind}")
    if absent := [name for name in declared if name not in sample.categories]:
        raise AssayError(
            f"{source} has no well of {', '.join(map(repr, absent))}, declared in the layout as "
            f"{', '.join(sorted({declared[name].value for name in absent}))}"
        )
    return declared


def _kinds(
    sheet: Sheet, found: dict[str, str], sample: Labels, layout: Layout
) -> tuple[pd.Series, list[str]]:
    """Say what each well holds; missing where its kind is not known."""
    declared = _declared(layout, sample, sheet.name)
    by_name: list[str | None] = [declared.get(str(name)) for name in sample.categories]
    findings = []
    if "kind" in found:
        stated = sheet.labels(found["kind"])
        known = [_KINDS.get(re.sub(r"\d+$", "", t.casefold()).strip()) for t in stated.categories]
        own = np.array([*known, Kind.SAMPLE], dtype=object)[stated.codes]
        listed = np.array([*by_name, None], dtype=object)[sample.codes]
        kinds = np.where(listed != None, listed, own)  # noqa: E711 - an array of objects
    else:
        guessed = [
            next((kind for pattern, kind in _NAMED if pattern.fullmatch(str(name))), None)
            for name in sample.categories
        ]
        if new := [k for k, listed in zip(guessed, by_name, strict=True) if k and not listed]:
            findings.append(
                f"{len(new)} sample names are taken as {' and '.join(sorted(set(new)))} for what "
                "they are called; declare them in the layout"
            )
        named = [a or b or Kind.SAMPLE for a, b in zip(by_name, guessed, strict=True)]
        kinds = np.array([*named, None], dtype=object)[sample.codes]
        kinds[sample.codes < 0] = Kind.SAMPLE
    return pd.Series([None if k is None else str(k) for k in kinds], dtype="str"), findings


def _signals(sheet: Sheet, column: str, layout: Layout, aside: Aside) -> np.ndarray:
    """Read signals; they may be negative once a background is subtracted."""
    read = cells.parse(sheet.table[column], where=sheet.name, column=column, decimal=layout.decimal)
    refuse_text_in(sheet.name, column, read.reason, aside.used)
    bounded = ~np.isnan(read.below) | ~np.isnan(read.above)
    bounded |= np.isin(read.reason, [cells.NO_LIMIT, cells.NO_UPPER])
    aside.mark(bounded, A_LIMIT)
    aside.mark_each(read.reason)
    return read.value


def _numbers(sheet: Sheet, column: str | None, layout: Layout) -> np.ndarray:
    """Read a column that may have gaps."""
    if column is None:
        return np.full(len(sheet), np.nan)
    return cells.parse(
        sheet.table[column], where=sheet.name, column=column, decimal=layout.decimal
    ).value


def _expected(
    sheet: Sheet,
    found: dict[str, str],
    layout: Layout,
    sample: Labels,
    analyte: Labels,
) -> np.ndarray:
    """Return the concentration of standards: of the file, else of the layout."""
    expected = _numbers(sheet, found.get("expected"), layout)
    for name, known in layout.standards.items():
        rows = (np.asarray(sample == name)) & np.isnan(expected)
        if isinstance(known, dict):
            for target, concentration in known.items():
                expected[rows & np.asarray(analyte == target)] = concentration
        else:
            expected[rows] = known
    return expected


def _once(source: str, table: pd.DataFrame, aside: Aside) -> pd.DataFrame:
    """Use rows that say the same once; a well has one signal per marker."""
    table, several = drop_repeated(table, ["plate", "well", "marker"], aside)
    if len(several):
        raise AssayError(
            f"{source}: {len(several)} rows give one well more than one signal for the same "
            "marker. If they are of several plates, name the plate column"
        )
    return table
