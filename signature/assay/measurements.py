"""What a laboratory measured, one row per sample and marker, whatever its file looked like."""

from __future__ import annotations

from dataclasses import dataclass, field

import pandas as pd

from signature.exceptions import AssayError

COLUMNS = ("sample", "marker", "value", "below", "above", "unit", "limit", "plate", "flag")
"""Columns of `Measurements.table`, in order."""

NUMBERS = ("value", "below", "above", "limit")
"""Those of them that are in the unit of the marker."""

SET_ASIDE = ("row", "reason")
"""Columns of `Measurements.set_aside`, in order."""


@dataclass(frozen=True, eq=False, repr=False)
class Measurements:
    """Tidy measurements of one file.

    A measurement is a number, or "below L", or "above U", or nothing; never two of them.

    Parameters
    ----------
    source : str
        Name of the file, for messages and counts.
    table : DataFrame
        Columns `COLUMNS`:

        ``sample``, ``marker`` : str
            The laboratory's sample name; the canonical marker name, or the laboratory's where the
            vocabulary has none. Unique together, with ``plate``.
        ``value``, ``below``, ``above`` : float64
            The number, the lower limit it is below, the upper limit it is above.
        ``unit`` : str
            One per marker.
        ``limit`` : float64
            The marker's lower limit on this plate where it is known, whether or not it applies.
        ``plate``, ``flag`` : str
            Plate or lot; the laboratory's own warning. Missing where there is none.
    rows_in : int
        Data rows (long and well files) or cells (wide files) that the file holds.
    set_aside : DataFrame
        Columns `SET_ASIDE`: the line of the file (the header is 1) and why it was not used. Rows in
        are rows used and rows set aside.
    unknown : tuple of str
        Names of analytes that the vocabulary does not know; they are kept under their own name.
    findings : tuple of str
        What is doubtful but used, counted; one sentence each.

    Raises
    ------
    AssayError
        When columns are missing, a measurement is two things at once, a marker has two units, or
        rows got lost on the way.
    """

    source: str
    table: pd.DataFrame
    rows_in: int
    set_aside: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=list(SET_ASIDE)))
    unknown: tuple[str, ...] = ()
    findings: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        check_columns(self.source, "measurements", self.table, COLUMNS)
        several = int((self.table[["value", "below", "above"]].notna().sum(axis=1) > 1).sum())
        if several:
            raise AssayError(
                f"{self.source}: {several} of {len(self.table)} measurements are a number and a "
                "limit at once; a measurement is a number, or below a limit, or above one"
            )
        units = self.table.groupby("marker", observed=True)["unit"].nunique()
        mixed = sorted(map(str, units.index[units > 1]))
        if mixed:
            raise AssayError(
                f"{self.source}: more than one unit for {', '.join(map(repr, mixed))}; convert "
                "them with signature.assay.units, or split the file"
            )
        check_nothing_lost(self.source, self.rows_in, len(self.table), len(self.set_aside))

    def __len__(self) -> int:
        return len(self.table)

    def __repr__(self) -> str:
        # the default would print samples into logs
        return f"Measurements({self.source!r}, {len(self)} measurements)"


def check_columns(source: str, what: str, table: pd.DataFrame, columns: tuple[str, ...]) -> None:
    """Raise an `AssayError` when a table of a file does not have just these columns, in order."""
    if tuple(table.columns) != columns:
        raise AssayError(
            f"{source}: {what} need the columns {', '.join(columns)}, "
            f"got {', '.join(map(str, table.columns))}"
        )


def check_nothing_lost(source: str, rows_in: int, used: int, set_aside: int) -> None:
    """Raise an `AssayError` when the rows of a file are not those used and those set aside."""
    lost = rows_in - used - set_aside
    if lost:
        raise AssayError(
            f"{source}: of {rows_in} rows {used} are used and {set_aside} set aside; {lost} are "
            "unaccounted for"
        )
