"""From the rows of a file to `Measurements`, by rules that all formats share."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from signature.assay import cells
from signature.assay.labels import Labels, as_labels, as_text, labels, nameless
from signature.assay.layout import Layout
from signature.assay.measurements import COLUMNS, Measurements
from signature.assay.readers._limits import from_table, spread
from signature.assay.readers._names import Names, refuse_shared, resolve, wanted
from signature.assay.readers._rows import (
    NO_ANALYTE,
    NO_SAMPLE,
    NO_UNIT,
    NOT_WANTED,
    Rows,
)
from signature.assay.readers._rules import (
    is_concentration,
    once,
    refuse_npx,
    refuse_text_in,
    thousands,
    unreached,
)
from signature.exceptions import TableError


def tidy(
    rows: Rows,
    layout: Layout,
    file: Path,
    unit: str | None = None,
    findings: Sequence[str] = (),
) -> Measurements:
    """Apply the rules that all formats share.

    A number below the limit of its plate and marker becomes "below". Rows that repeat another are
    used once. Everything else that is not used gets its reason.

    Parameters
    ----------
    rows : Rows
        The rows of the file.
    layout : Layout
        Names, units and limits.
    file : Path
        The file, for the table of limits beside it.
    unit : str, optional
        Unit of the format, when neither the file nor the layout has one.
    findings : sequence of str
        What the reader has found already.

    Raises
    ------
    AssayError
        When names are ambiguous, a plate and marker have two limits, no number of the file reaches
        its limit, one sample has two results for one marker on one plate, a marker has two units,
        or NPX are called a concentration.
    TableError
        When cells hold no numbers at all, or the other decimal mark.
    """
    aside, source = rows.aside, rows.source
    aside.mark(rows.sample.codes < 0, NO_SAMPLE)
    aside.mark(rows.analyte.codes < 0, NO_ANALYTE)
    aside.mark(~wanted(rows.analyte, layout, source), NOT_WANTED)
    units = _units(rows, layout.unit or unit)
    aside.mark(units.codes < 0, NO_UNIT)
    names = resolve(rows.analyte, aside.used, layout, source)
    plate = rows.plate if rows.plate is not None else nameless(len(rows.lines))
    place = (plate.codes.astype(np.int64) + 1) * len(names.markers)
    pair = np.where(aside.used, place + names.codes, -1)
    relative = [not is_concentration(unit) for unit in units.categories]
    signed = np.array([*relative, True])[units.codes]
    limit, found = _limits(rows, layout, file, names, pair, signed)
    upper = None
    if rows.upper is not None:
        stated, doubts = _numbers(rows, rows.upper, layout)
        upper = spread(stated, pair, names, "upper limits", source)
        found += doubts
    read = cells.parse(
        rows.cells,
        where=source,
        column=rows.column,
        decimal=layout.decimal,
        limit=limit,
        upper=upper,
    )
    refuse_text_in(source, rows.column, read.reason, aside.used)
    found += _without_limits(names, read.reason, aside.used)
    npx = np.array([*(u.casefold() == "npx" for u in units.categories), False])[units.codes]
    found += thousands(source, read.grouped & aside.used, npx, rows.column, layout.decimal)
    refuse_npx(source, read.value[aside.used & ~signed])
    read = read.where_possible(signed)
    aside.mark_each(read.reason)
    value, below = read.value, read.below
    low = value < limit
    found += unreached(source, names, np.where(aside.used, pair, -1), value, low)
    below[low], value[low] = limit[low], np.nan
    sample = rows.sample.codes.astype(np.int64)
    refuse_shared(
        names, rows.analyte, sample * (len(plate.categories) + 1) + plate.codes, aside.used, source
    )
    flag = _flags(rows.flag, read.flag)
    codes = {
        "sample": rows.sample,
        "marker": labels(names.codes, names.markers),
        "unit": units,
        "plate": plate,
        "flag": flag,
    }
    numbers = {"value": value, "below": below, "above": read.above, "limit": limit}
    table = pd.DataFrame({**{name: label.codes for name, label in codes.items()}, **numbers})
    table = once(source, table[aside.used], aside)
    table = table.iloc[np.argsort(rows.lines[table.index], kind="stable")].reset_index(drop=True)
    for name, label in codes.items():
        table[name] = as_text(labels(table[name].to_numpy(), label.categories))
    return Measurements(
        source,
        table[list(COLUMNS)],
        len(rows.lines),
        aside.table(rows.lines),
        names.unknown,
        (*findings, *found),
    )


def _without_limits(names: Names, reason: np.ndarray, used: np.ndarray) -> list[str]:
    """Say which markers lose low values, which are not missing at random."""
    lost = (reason == cells.NO_LIMIT) & used
    if not lost.any():
        return []
    markers = sorted({names.markers[code] for code in names.codes[lost]})
    shown = ", ".join(markers[:8]) + (f" and {len(markers) - 8} more" if len(markers) > 8 else "")
    return [
        f"without a limit, 'below the limit' in {int(lost.sum())} cells of {shown} says nothing, "
        "and low values count as not measured; give the limits as a column "
        "(layout.columns.limit) or as a table (layout.limits)"
    ]


def _units(rows: Rows, usual: str | None) -> Labels:
    """Return each row's unit: its own, or the layout's or format's."""
    units = rows.unit if rows.unit is not None else nameless(len(rows.lines))
    if usual is None:
        if rows.unit is None:
            raise TableError(
                f'{rows.source} says no unit; name it with `unit`, for example `unit = "pg/mL"`, '
                "or the column that holds it in `columns`"
            )
        return units
    names = list(dict.fromkeys([*units.categories, usual]))
    codes = np.where(units.codes < 0, names.index(usual), units.codes)
    return labels(codes, names)


def _limits(
    rows: Rows, layout: Layout, file: Path, names: Names, pair: np.ndarray, signed: np.ndarray
) -> tuple[np.ndarray, list[str]]:
    """Return every row's lower limit, and what is doubtful about them."""
    if layout.limits is not None and "limit" in layout.columns:
        raise TableError(
            f"{rows.source}: the layout names both a column and a table of limits; leave one out"
        )
    if layout.limits is not None:
        limit, findings = from_table(file, layout, rows.analyte, names, rows.match)
    elif rows.limit is not None:
        stated, findings = _numbers(rows, rows.limit, layout)
        limit = spread(stated, pair, names, "limits", rows.source)
    else:
        return np.full(len(rows.lines), np.nan), []
    impossible = ~signed & (limit <= 0)
    if impossible.any():
        findings.append(
            f"{int(impossible.sum())} measurements have a limit that is not above 0, which is none"
        )
    return np.where(impossible, np.nan, limit), findings


def _numbers(rows: Rows, limits: pd.Series, layout: Layout) -> tuple[np.ndarray, list[str]]:
    """Read limits; "<0.5" in a column of limits is one, too."""
    read = cells.parse(limits, where=rows.source, column=str(limits.name), decimal=layout.decimal)
    stated = np.where(np.isnan(read.value), read.below, read.value)
    unread = np.isnan(stated) & (read.reason != cells.MISSING) & rows.aside.used
    if not (n := int(unread.sum())):
        return stated, []
    return stated, [f"{n} cells of {str(limits.name)!r} are no limits and are not used"]


def _flags(stated: Labels | None, found: np.ndarray) -> Labels:
    """Join the laboratory's flag and that of the cell."""
    flags = stated if stated is not None else nameless(len(found))
    marked = np.flatnonzero(found != None)  # noqa: E711 - an array of objects
    if not len(marked):
        return flags
    texts = pd.Series(flags, dtype="object")
    texts.iloc[marked] = [
        own if pd.isna(text) else f"{text}; {own}"
        for text, own in zip(texts.iloc[marked], found[marked], strict=True)
    ]
    return as_labels(texts)
