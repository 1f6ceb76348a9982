"""What contradicts itself in a file, and what is only doubtful."""

from __future__ import annotations

import numpy as np
import pandas as pd

from signature.assay import cells
from signature.assay.labels import Labels, first_few, labels
from signature.assay.readers._names import Names
from signature.assay.readers._rows import Aside, drop_repeated
from signature.exceptions import AssayError, TableError

# NPX of a panel span about 20 and often pass below 0; concentrations of a panel span decades
_NPX_MOST, _NPX_NEGATIVE, _FEW = 40.0, 0.01, 20
_SEVERAL = 5


def refuse_text_in(source: str, column: str | Labels, reason: np.ndarray, used: np.ndarray) -> None:
    """Raise when a column has text in every cell that is filled in: it holds no measurements.

    Parameters
    ----------
    column : str or Categorical
        Name of the column, or of each cell's column.
    reason : ndarray of object
        As `signature.assay.cells.parse` returns it.
    used : ndarray of bool
        The cells that count.

    Raises
    ------
    TableError
        Naming the columns.
    """
    text, filled = ((reason == cells.TEXT) & used), ((reason != cells.MISSING) & used)
    if not text.any():
        return
    if isinstance(column, str):
        column = labels(np.zeros(len(used), dtype=int), [column])
    names = list(column.categories)
    n_text, n_filled = (np.bincount(column.codes[m], minlength=len(names)) for m in (text, filled))
    bad = np.flatnonzero((n_text > 0) & (n_text == n_filled))
    if len(bad):
        shown = first_few([f"{names[i]!r} ({n_text[i]} cells)" for i in bad])
        raise TableError(
            f"{source}: expected measurements, but there is nothing but text in {shown}; "
            "name the right column in `columns`, or leave the column out with `ignore`"
        )


def thousands(
    source: str,
    grouped: np.ndarray,
    unit: np.ndarray,
    column: str | Labels,
    decimal: str,
    numbers: int,
) -> list[str]:
    """Count the numbers that were read with a thousands mark.

    Parameters
    ----------
    grouped : ndarray of bool
        As `signature.assay.cells.parse` returns it, for the cells that count.
    unit : ndarray of bool
        The cells whose unit is NPX.
    numbers : int
        Cells that count and hold a number, with such a mark or not.

    Raises
    ------
    TableError
        When NPX have one: they are never in the thousands, so it is a decimal mark. When all of
        several numbers have one, for then it may be either.
    """
    if (wrong := int((grouped & unit).sum())) > 0:
        used = "," if decimal == "." else "."
        where = repr(column) if isinstance(column, str) else "its columns"
        raise TableError(
            f"{source}: {wrong} NPX in {where} would be thousands if {used!r} were a thousands "
            f'mark, so it is the decimal mark; say so with `decimal = "{used}"`'
        )
    if not (n := int(grouped.sum())):
        return []
    if n == numbers >= _SEVERAL:
        mark, other = (",", ".") if decimal == "." else (".", ",")
        raise TableError(
            f"{source}: each of {n} numbers has a {mark!r} before three digits and may be a "
            f'thousands mark or the decimal mark; say `decimal = "{mark}"`, or, if it is '
            f"{other!r}, save the file without thousands marks"
        )
    example = "1,234" if decimal == "." else "1.234"
    return [f"{n} numbers have a thousands mark, as in {example}, and are read as thousands"]


def refuse_npx(source: str, concentrations: np.ndarray) -> None:
    """Raise when so-called concentrations look like NPX: often negative, and all of them small.

    Raises
    ------
    AssayError
        When at least 1 % of 20 or more numbers are negative and none is beyond 40 either way.
    """
    numbers = concentrations[~np.isnan(concentrations)]
    if len(numbers) < _FEW or np.abs(numbers).max() > _NPX_MOST:
        return
    negative = int((numbers < 0).sum())
    if negative >= max(_NPX_NEGATIVE * len(numbers), 2):
        raise AssayError(
            f"{source}: the unit is a concentration, but {negative} of {len(numbers)} numbers are "
            f"negative and none is beyond {_NPX_MOST:g}: these look like NPX or logarithms. Say "
            '`unit = "NPX"` (or the unit they are in); a concentration cannot be negative'
        )


def unreached(
    source: str, names: Names, pair: np.ndarray, value: np.ndarray, low: np.ndarray
) -> list[str]:
    """Find plates and markers of which no number reaches the limit.

    That is a finding and no error: in plasma a cytokine may well be undetected on a whole plate.
    It is an error when it holds for all of a file, for then the limits are in another unit.

    Parameters
    ----------
    pair : ndarray of int
        As in `spread`.
    value : ndarray of float64
        The numbers.
    low : ndarray of bool
        Which of them are below their limit.

    Raises
    ------
    AssayError
        When 20 or more numbers have limits and none reaches its own.
    """
    numbers = ~np.isnan(value) & (pair >= 0)
    size = int(pair.max(initial=-1)) + 1
    n, n_low = (np.bincount(pair[rows], minlength=size) for rows in (numbers, numbers & low))
    none = np.flatnonzero((n > 0) & (n == n_low))
    if not len(none):
        return []
    if n_low.sum() >= _FEW and n_low.sum() == numbers.sum():
        raise AssayError(
            f"{source}: none of {int(n.sum())} numbers reaches the limit of its plate and marker; "
            "are the limits in the unit of the values?"
        )
    which = sorted(set(names.markers[none % len(names.markers)]))
    return [
        f"the limit is above every number for {len(none)} of {int((n > 0).sum())} plates and "
        f"markers ({first_few(which)})"
    ]


def once(source: str, table: pd.DataFrame, aside: Aside) -> pd.DataFrame:
    """Use rows that say the same once.

    Parameters
    ----------
    table : DataFrame
        The rows that are used, by their place in the file.

    Raises
    ------
    AssayError
        When a sample has two results for one marker on one plate: which one counts, or whether
        they are replicates to be merged, is not the reader's to say.
    """
    table, several = drop_repeated(table, ["sample", "marker", "plate"], aside)
    if len(several):
        raise AssayError(
            f"{source}: {len(several)} rows give {several['sample'].nunique()} samples more than "
            "one result for the same marker and plate. Name the plate column if they are from "
            "several plates, read replicate wells with the format for wells, or keep one row each"
        )
    return table
