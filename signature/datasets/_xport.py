"""Tables of a survey that publishes SAS transport files (XPORT, version 5)."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from signature.exceptions import TableError

# The format's own least number is 5.4e-79; nothing that a survey measures comes near it.
_LEAST = 1e-70


class SurveyTables:
    """The tables of one cycle, each read once and indexed by participant number.

    Parameters
    ----------
    paths : dict of str to Path
        Kind of table -> file.
    """

    def __init__(self, paths: dict[str, Path]) -> None:
        self._paths = paths
        self._read: dict[str, pd.DataFrame] = {}

    def __contains__(self, table: str) -> bool:
        return table in self._paths

    def names(self, table: str) -> list[str]:
        """Return the variables of a table."""
        return list(self.rows(table).columns)

    def variables(self, table: str, names: list[str]) -> pd.DataFrame:
        """Return some variables, one row per person.

        Raises
        ------
        TableError
            When the table lacks a variable, or holds a person twice.
        """
        found = self.rows(table)
        file = self._paths[table].name
        missing = [name for name in names if name not in found]
        if missing:
            raise TableError(f"{file} lacks the variable {', '.join(missing)}")
        twice = int(found.index.duplicated().sum())
        if twice:
            raise TableError(f"{file}: {twice} of {len(found)} rows repeat a participant")
        return found[names]

    def rows(self, table: str) -> pd.DataFrame:
        """Return a table as it is, with any number of rows per person."""
        if table not in self._read:
            self._read[table] = read_xport(self._paths[table]).set_index("SEQN")
        return self._read[table]


def read_xport(path: Path) -> pd.DataFrame:
    """Read a SAS transport file: numbers as float64, text stripped and NA where blank.

    Zero, which pandas reads as 16 to the power -65 (5.4e-79), is zero again.

    Raises
    ------
    TableError
        When pandas cannot read the file, or it holds no participant number.
    """
    try:
        table = pd.read_sas(path, format="xport", encoding="latin-1")
    except (ValueError, IndexError, StopIteration):
        raise TableError(f"{path.name} cannot be read as a SAS transport file") from None
    if "SEQN" not in table:
        raise TableError(f"{path.name} lacks the variable SEQN")
    for name in table:
        if pd.api.types.is_numeric_dtype(table[name]):
            numbers = table[name].astype("float64")
            table[name] = numbers.mask(numbers.abs() < _LEAST, 0.0)
        else:
            text = table[name].astype("str").str.strip()
            table[name] = text.where(table[name].notna() & text.ne(""))
    return table
