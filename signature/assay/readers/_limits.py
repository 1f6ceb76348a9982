"""Lower and upper limits: one per plate and marker, from a column or from a table of their own."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from signature.assay import cells
from signature.assay.files import read_sheet
from signature.assay.labels import Labels, first_few
from signature.assay.layout import Layout
from signature.assay.readers._names import Names
from signature.exceptions import AssayError, DefinitionError, TableError
from signature.study import markers


def spread(limit: np.ndarray, pair: np.ndarray, names: Names, what: str, source: str) -> np.ndarray:
    """Give every row the limit of its plate and marker.

    Parameters
    ----------
    limit : ndarray of float64
        As the rows state it, NaN where they do not.
    pair : ndarray of int
        A number for each row's plate and marker, -1 for rows that are not used. The marker is its
        remainder by the number of markers.
    names : Names
        The markers.
    what : str
        What the limits are called in the message.
    source : str
        Name of the file.

    Raises
    ------
    AssayError
        When a plate and marker have two limits.
    """
    stated = ~np.isnan(limit) & (pair >= 0)
    size = int(pair.max(initial=-1)) + 1
    low = np.full(size, np.inf)
    high = np.full(size, -np.inf)
    np.minimum.at(low, pair[stated], limit[stated])
    np.maximum.at(high, pair[stated], limit[stated])
    twice = np.flatnonzero(low < high)
    if len(twice):
        which = sorted(set(names.markers[twice % len(names.markers)]))
        raise AssayError(
            f"{source}: two {what} for one plate and marker, in {len(twice)} cases "
            f"({first_few(which)}). One plate has one limit "
            "per marker; name the column of the plate or lot, or correct the limits"
        )
    low[np.isinf(low)] = np.nan
    return np.where(pair >= 0, np.append(low, np.nan)[pair], np.nan)


def from_table(
    file: Path, layout: Layout, analyte: Labels, names: Names, match: Labels | None
) -> tuple[np.ndarray, list[str]]:
    """Look up every row's limit in the table that `Layout.limits` names.

    Parameters
    ----------
    file : Path
        The file of the measurements.
    layout : Layout
        Names the table of limits.
    analyte : Categorical
        The laboratory's name of each row's analyte.
    names : Names
        The markers of these analytes.
    match : Categorical or None
        What each row has in common with the plate column of the limits.

    Returns
    -------
    limit : ndarray of float64
        NaN where the table has none.
    findings : list of str
        What the table does not say.

    Raises
    ------
    TableError
        When the table cannot be read.
    AssayError
        When it has two limits for one plate and marker, none for any plate of the file, or none for
        a plate that `none_for` does not name.
    """
    limits = layout.limits
    if limits is None:
        raise ValueError("no table of limits in the layout")
    columns = [c for c in (limits.marker, limits.limit, limits.plate) if c is not None]
    sheet = read_sheet(
        file.parent / limits.file, Layout(decimal=layout.decimal), lambda header: columns
    )
    read = cells.parse(
        sheet.table[limits.limit], where=sheet.name, column=limits.limit, decimal=layout.decimal
    )
    of_data = names.codes >= 0
    known = dict(zip(analyte.categories[analyte.codes[of_data]], names.codes[of_data], strict=True))
    label = sheet.labels(limits.marker)
    by_label = np.array([_marker(str(name), known, names) for name in label.categories] + [-1])
    marker = by_label[label.codes]
    findings = []
    if unread := int((np.isnan(read.value) & (marker >= 0)).sum()):
        findings.append(f"{sheet.name}: {unread} limits are no numbers and are not used")
    if limits.plate is None:
        plate, row_plate = np.zeros(len(sheet), dtype=int), np.zeros(len(analyte), dtype=int)
        plates = 1
    else:
        if match is None:
            raise TableError(
                f"{file.name}: {sheet.name} has limits by {limits.plate!r}; say which column of "
                "the measurements holds the same names, with `match`, or name the plate column"
            )
        labels = sheet.labels(limits.plate)
        plate, plates = labels.codes.astype(int), len(labels.categories)
        to_plate = np.append(labels.categories.get_indexer(match.categories), -1)
        row_plate = to_plate[match.codes]
        findings += _unnamed(file.name, sheet.name, match, to_plate, limits.none_for)
    used = (marker >= 0) & (plate >= 0)
    pair = np.where(used, plate * len(names.markers) + marker, -1)
    limit = spread(read.value, pair, names, "limits", sheet.name)
    table = np.full((plates + 1, len(names.markers) + 1), np.nan)
    table[plate[used], marker[used]] = limit[used]
    table[-1], table[:, -1] = np.nan, np.nan
    return table[row_plate, names.codes], findings


def _marker(name: str, known: dict[str, int], names: Names) -> int:
    """Return the marker of a name in the table of limits, -1 for one that the file lacks."""
    if name in known:
        return int(known[name])
    try:
        canonical = markers.lookup(name)
    except DefinitionError:
        return -1
    return list(names.markers).index(canonical) if canonical in names.markers else -1


def _unnamed(
    file: str, table: str, match: Labels, to_plate: np.ndarray, none_for: tuple[str, ...] | None
) -> list[str]:
    lacking = [str(n) for n, place in zip(match.categories, to_plate, strict=False) if place < 0]
    if len(lacking) == len(match.categories) and lacking:
        raise AssayError(
            f"{table} names none of the {len(lacking)} plates or lots of {file}; compare the "
            "columns `plate` and `match`"
        )
    unexpected = [] if none_for is None else sorted(set(lacking) - set(none_for))
    if unexpected:
        raise AssayError(
            f"{table} has no limits for {', '.join(map(repr, unexpected))}, which {file} holds; "
            "complete the table, or name in `none_for` what has no limits"
        )
    if not lacking:
        return []
    rows = int((to_plate[match.codes] < 0).sum())
    return [
        f"{table} has no limits for {len(lacking)} of {len(match.categories)} plates or lots "
        f"({first_few(lacking, 6)}): {rows} measurements stay "
        "as reported"
    ]
