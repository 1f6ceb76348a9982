"""Rows of a file on their way to measurements or wells, and why some are not used."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from signature.assay.files import Sheet, read_sheet
from signature.assay.labels import Labels, renamed
from signature.assay.layout import Layout
from signature.assay.measurements import SET_ASIDE
from signature.assay.readers._names import roles_and_match

NO_SAMPLE, NO_ANALYTE, NO_UNIT = "no sample name", "no analyte name", "no unit"
NOT_WANTED = "analyte not asked for"
REPEATED = "repeats another row exactly"
"""Reasons that all formats share; those of a cell are in `signature.assay.cells`."""

LONG = ("sample", "analyte", "value")
"""Roles that a long file cannot do without."""

_PASSED = {"pass", "passed", "na", "ok", "none"}


class Aside:
    """Which rows are not used, each with its first reason."""

    def __init__(self, rows: int) -> None:
        self._codes = np.zeros(rows, dtype=np.int16)
        self._reasons: list[str | None] = [None]

    @property
    def used(self) -> np.ndarray:
        """Mask of the rows without a reason."""
        return self._codes == 0

    def mark(self, rows: np.ndarray, reason: str) -> None:
        """Set rows aside that are not yet."""
        if reason not in self._reasons:
            self._reasons.append(reason)
        self._codes[rows & self.used] = self._reasons.index(reason)

    def mark_each(self, reasons: np.ndarray) -> None:
        """Set aside the rows that have a reason of their own."""
        for reason in pd.unique(reasons[reasons != None]):  # noqa: E711 - an array of objects
            self.mark(reasons == reason, reason)

    def table(self, lines: np.ndarray) -> pd.DataFrame:
        """Return the rows set aside, in the order of the file."""
        rows = np.flatnonzero(~self.used)
        rows = rows[np.argsort(lines[rows], kind="stable")]
        reasons = np.array(self._reasons, dtype=object)[self._codes[rows]]
        return pd.DataFrame(
            {SET_ASIDE[0]: lines[rows], SET_ASIDE[1]: pd.array(reasons, dtype="str")}
        )


def drop_repeated(
    table: pd.DataFrame, key: list[str], aside: Aside
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Set rows aside that repeat another exactly.

    Parameters
    ----------
    table : DataFrame
        The rows that are used, by their place in the file.
    key : list of str
        Columns that are to tell the rows apart.
    aside : Aside
        Is told which rows repeat another.

    Returns
    -------
    table : DataFrame
        Without them.
    several : DataFrame
        Rows that share their key and yet differ.
    """
    again = table[table.duplicated(key, keep=False)]
    if again.empty:
        return table, again
    same = again.duplicated(keep="first")
    rows = np.zeros(len(aside.used), dtype=bool)
    rows[again.index[same]] = True
    aside.mark(rows, REPEATED)
    different = again[~same]
    return table.drop(again.index[same]), different[different.duplicated(key, keep=False)]


@dataclass(eq=False)
class Rows:
    """Rows of a file, before anything is decided; names are missing where the file has none.

    ``column`` names the column of each cell for messages, ``match`` is what the table of limits
    is looked up by. ``limit`` and ``upper`` are cells too.
    """

    source: str
    lines: np.ndarray
    sample: Labels
    analyte: Labels
    cells: pd.Series
    column: str | Labels
    aside: Aside
    unit: Labels | None = None
    limit: pd.Series | None = None
    upper: pd.Series | None = None
    plate: Labels | None = None
    match: Labels | None = None
    flag: Labels | None = None


def warnings(stated: Labels | None, what: str = "") -> Labels | None:
    """Return a laboratory's flags without those that say that a check was passed.

    Examples
    --------
    >>> list(warnings(pd.Categorical(["Pass", "WARN"]), "assay"))
    [nan, 'assay: WARN']
    """
    if stated is None:
        return None
    prefix = f"{what}: " if what else ""
    return renamed(
        stated,
        [None if t.casefold() in _PASSED else f"{prefix}{t}" for t in stated.categories],
    )


def read_long(
    file: Path, layout: Layout, usual: Mapping[str, tuple[str, ...]]
) -> tuple[Sheet, dict[str, str]]:
    """Read a long file, which has a sample, an analyte and a value in each row.

    Returns
    -------
    sheet : Sheet
    found : dict of role to column
        For `rows_of`.
    """
    found: dict[str, str] = {}

    def pick(header: list[str]) -> list[str]:
        found.update(roles_and_match(file.name, header, layout, usual, LONG))
        return list(found.values())

    return read_sheet(file, layout, pick), found


def rows_of(sheet: Sheet, found: Mapping[str, str]) -> Rows:
    """Take the rows of a long file.

    Parameters
    ----------
    sheet : Sheet
        Its columns.
    found : mapping of role to column
        As `roles_and_match` finds them.
    """
    names = {
        role: sheet.labels(found[role])
        for role in ("sample", "analyte", "unit", "plate", "match", "flag")
        if role in found
    }
    numbers = {role: sheet.table[found[role]] for role in ("limit", "upper") if role in found}
    return Rows(
        source=sheet.name,
        lines=sheet.lines,
        sample=names["sample"],
        analyte=names["analyte"],
        cells=sheet.table[found["value"]],
        column=found["value"],
        aside=Aside(len(sheet)),
        unit=names.get("unit"),
        limit=numbers.get("limit"),
        upper=numbers.get("upper"),
        plate=names.get("plate"),
        match=names.get("match", names.get("plate")),
        flag=warnings(names.get("flag")),
    )
