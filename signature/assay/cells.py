"""What a laboratory writes into a cell: a number, "below", "above", or why there is none."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import pandas as pd

from signature.assay.labels import Labels, first_few
from signature.exceptions import TableError
from signature.study import tables

MISSING = "no measurement"
TEXT = "text instead of a number"
PERCENT = "a percentage instead of a number"
INFINITE = "a number that is not finite"
NO_LIMIT = "below a limit that the file does not give"
NO_UPPER = "above a limit that the file does not give"
NO_SIDE = "out of range, without saying on which side"
REFUSED = "marked as unusable by the instrument"
OUTLIER = "marked as an outlier by the laboratory"
NEGATIVE = "negative concentration"
"""Reasons for which a cell is set aside."""

EXTRAPOLATED = "extrapolated"
"""Flag of a number that the instrument's software put outside its standards (``*1.23``)."""

_REASONS = (None, MISSING, TEXT, PERCENT, INFINITE, NO_SIDE, REFUSED, OUTLIER)
_CODE = {reason: code for code, reason in enumerate(_REASONS)}


def _key(text: str) -> str:
    return re.sub(r"[\s.]", "", text.casefold())


# Keys have no blanks and no points, so that "n.d.", "ND" and "OOR <" need one spelling each.
_NONE = {*(_key(mark) for mark in tables.MISSING), "none", "-", "–", "—", "missing"}
_BELOW = {
    "nd", "notdetected", "undetected", "oor<", "<oor", "blq", "bql", "bloq", "blod", "bdl",
    "<lod", "<llod", "<lld", "<loq", "<lloq", "<dl", "<mdl", "<min", "belowlod", "belowlloq",
    "belowdetectionlimit", "belowlimitofdetection",
}  # fmt: skip
_ABOVE = {"oor>", ">oor", "aloq", "alq", ">uloq", ">ulod", ">max", "aboveuloq", "saturated"}
_SIDE = {"<": -1, "≤": -1, ">": 1, "≥": 1}
_BLANKS = "[ \u00a0\u2009\u202f]"  # as a spreadsheet groups thousands


def _number(decimal: str) -> str:
    """Pattern of a number; the other mark, or a blank, may only separate groups of three."""
    point = re.escape(decimal)
    other = re.escape("." if decimal == "," else ",")
    grouped = "|".join(
        rf"[1-9][0-9]{{0,2}}(?:{mark}[0-9]{{3}})+(?:{point}[0-9]+)?" for mark in (other, _BLANKS)
    )
    plain = rf"[0-9]+(?:{point}[0-9]*)?|{point}[0-9]+"
    return rf"[+-]?(?:{grouped}|{plain})(?:[eE][+-]?[0-9]+)?"


_CELL = {
    mark: re.compile(
        rf"(?:(?P<side><<|<=|<|≤|>>|>=|>|≥)\s*|(?P<star>\*)\s*)?(?P<number>{_number(mark)})"
    )
    for mark in (".", ",")
}


@dataclass(frozen=True, eq=False)
class Cells:
    """Cells as numbers; exactly one of value, below, above and reason is there for each.

    Parameters
    ----------
    value, below, above : ndarray of float64
        The number, the lower limit it is below, the upper limit it is above; NaN elsewhere.
    flag : ndarray of object
        `EXTRAPOLATED`, or None.
    reason : ndarray of object
        Why there is nothing, or None.
    grouped : ndarray of bool
        Numbers with a thousands mark, such as ``1,234``: who declares the wrong decimal mark sees
        them counted.
    """

    value: np.ndarray
    below: np.ndarray
    above: np.ndarray
    flag: np.ndarray
    reason: np.ndarray
    grouped: np.ndarray

    def where_possible(self, signed: bool | np.ndarray) -> Cells:
        """Set aside what is below zero, or below a limit of zero, where signs are not possible."""
        wrong = (self.value < 0) | (self.below <= 0) | (self.above <= 0)
        wrong &= ~np.broadcast_to(signed, len(wrong))
        if not wrong.any():
            return self
        value, below, above = (
            np.where(wrong, np.nan, part) for part in (self.value, self.below, self.above)
        )
        flag, reason = self.flag.copy(), self.reason.copy()
        flag[wrong], reason[wrong] = None, NEGATIVE
        return Cells(value, below, above, flag, reason, self.grouped)


@dataclass(frozen=True, eq=False)
class _Texts:
    """What each different text means."""

    number: np.ndarray
    side: np.ndarray
    star: np.ndarray
    reason: np.ndarray
    other_decimal: np.ndarray
    grouped: np.ndarray


def parse(
    cells: pd.Series,
    *,
    where: str,
    column: str | Labels,
    decimal: str = ".",
    limit: np.ndarray | None = None,
    upper: np.ndarray | None = None,
    signed: bool | np.ndarray = True,
) -> Cells:
    """Read cells without guessing.

    ``1,234`` is a thousands mark when the decimal mark is a point, the groups have exactly three
    digits and the first is not 0. One cell such as ``0,5`` makes it a file with decimal commas.
    ``ND``, ``OOR <`` and ``<LOD`` mean "below the limit"; ``*1.23`` is a number outside the
    standards (Bio-Plex), ``***`` and ``---`` are none.

    Parameters
    ----------
    cells : Series of str, category or float
        Categories are fastest: each different text is read once.
    where : str
        Name of the file, for the message.
    column : str or Labels
        Name of the column, or of each cell's column, for the message.
    decimal : str
        The decimal mark, ``.`` or ``,``.
    limit, upper : ndarray of float64, optional
        Each cell's lower and upper limit, NaN where it is not known.
    signed : bool or ndarray of bool
        Whether negative numbers are possible: for NPX and MFI, not for concentrations.

    Raises
    ------
    TableError
        When cells are written with the other decimal mark.

    Examples
    --------
    >>> read = parse(pd.Series(["1.5", "<0.5", "OOR >", "1,234"]), where="lab.csv", column="IL6")
    >>> read.value, read.below
    (array([ 1.5,  nan,  nan, 1234. ]), array([nan, 0.5, nan, nan]))
    >>> read.reason[2]
    'above a limit that the file does not give'
    """
    n = len(cells)
    if pd.api.types.is_numeric_dtype(cells.dtype):
        codes, texts = np.arange(n), _from_numbers(cells.to_numpy("float64", na_value=np.nan))
    else:
        codes, different = _different(cells)
        texts = _from_texts(different, decimal)
        _refuse_other_decimal(texts.other_decimal[codes], where, column, decimal)
    number, side, why = texts.number[codes], texts.side[codes], texts.reason[codes]
    reason = np.array(_REASONS, dtype=object)[why]
    read = why == 0
    below = np.where(read & (side < 0), number, np.nan)
    above = np.where(read & (side > 0), number, np.nan)
    for bound, known, place, none in ((below, limit, -1, NO_LIMIT), (above, upper, 1, NO_UPPER)):
        open_ = read & (side == place) & np.isnan(bound)
        if known is not None:
            bound[open_] = known[open_]
        reason[open_ & np.isnan(bound)] = none
    value = np.where(read & (side == 0), number, np.nan)
    flag = np.full(n, None, dtype=object)
    flag[texts.star[codes] & ~np.isnan(value)] = EXTRAPOLATED
    grouped = texts.grouped[codes]
    return Cells(value, below, above, flag, reason, grouped).where_possible(signed)


def _from_numbers(values: np.ndarray) -> _Texts:
    reason = np.select([np.isnan(values), np.isinf(values)], [_CODE[MISSING], _CODE[INFINITE]], 0)
    none = np.zeros(len(values), dtype=bool)
    return _Texts(values, np.zeros(len(values), dtype=int), none, reason, none, none)


def _different(cells: pd.Series) -> tuple[np.ndarray, np.ndarray]:
    """Return the place of each cell's text in the list of different texts; missing is empty."""
    if isinstance(cells.dtype, pd.CategoricalDtype):
        codes = cells.cat.codes.to_numpy().astype(np.int64)
        texts = cells.cat.categories
    else:
        codes, texts = pd.factorize(cells)
    # -1, a missing cell, picks the last text
    return codes, np.append(np.asarray(texts.astype("str"), dtype=object), "")


def _from_texts(texts: np.ndarray, decimal: str) -> _Texts:
    """Read each text: most are plain numbers, and only the rest is looked at one by one."""
    plain = texts
    if decimal == ",":
        plain = np.array(["" if "." in t else t.replace(",", ".") for t in texts], dtype=object)
    number = _floats(plain)
    side = np.zeros(len(texts), dtype=np.int8)
    star = np.zeros(len(texts), dtype=bool)
    reason = np.zeros(len(texts), dtype=np.int8)
    other_decimal = np.zeros(len(texts), dtype=bool)
    grouped = np.zeros(len(texts), dtype=bool)
    other = _CELL["." if decimal == "," else ","]
    written: dict[int, str] = {}
    for i in np.flatnonzero(~np.isfinite(number)).tolist():
        text = texts[i].replace("−", "-").strip()
        if found := _CELL[decimal].fullmatch(text):
            side[i] = _SIDE[found["side"][0]] if found["side"] else 0
            star[i] = found["star"] is not None
            grouped[i] = ("." if decimal == "," else ",") in found["number"]
            written[i] = _point_decimal(found["number"], decimal)
        elif other.fullmatch(text):
            other_decimal[i] = True
            reason[i] = _CODE[TEXT]
        else:
            side[i], reason[i] = _word(text)
            number[i] = np.nan
    places = np.fromiter(written, dtype=int, count=len(written))
    number[places] = _floats(np.array(list(written.values()), dtype=object))
    reason[np.isinf(number)] = _CODE[INFINITE]
    return _Texts(number, side, star, reason, other_decimal, grouped)


def _floats(texts: np.ndarray) -> np.ndarray:
    """Read point-decimal numbers, NaN for all else; one routine, so equal texts stay equal."""
    return np.asarray(pd.to_numeric(texts, errors="coerce"), dtype="float64")


def _point_decimal(number: str, decimal: str) -> str:
    mark = "." if decimal == "," else ","
    return re.sub(_BLANKS, "", number).replace(mark, "").replace(decimal, ".")


def _word(text: str) -> tuple[int, int]:
    """Return side and reason of a text without a number."""
    key = _key(text)
    if key in _NONE:
        return 0, _CODE[MISSING]
    if key in _BELOW:
        return -1, 0
    if key in _ABOVE:
        return 1, 0
    if key == "oor":
        return 0, _CODE[NO_SIDE]
    if re.fullmatch(r"\*+", key):
        return 0, _CODE[REFUSED]
    if re.fullmatch(r"-{3,}", key):
        return 0, _CODE[OUTLIER]
    if key in {"inf", "+inf", "-inf", "infinity", "+infinity", "-infinity"}:
        return 0, _CODE[INFINITE]
    return 0, _CODE[PERCENT] if "%" in key else _CODE[TEXT]


def _refuse_other_decimal(
    other: np.ndarray, where: str, column: str | Labels, decimal: str
) -> None:
    if not other.any():
        return
    if isinstance(column, str):
        counts = {column: int(other.sum())}
    else:
        counts = {str(k): int(v) for k, v in column[other].value_counts().items() if v}
    shown = first_few([f"{name!r} ({n} cells)" for name, n in counts.items()])
    names = {".": "decimal points", ",": "decimal commas"}
    used = "," if decimal == "." else "."
    raise TableError(
        f"{where}: expected {names[decimal]}, but numbers are written with {names[used]} in {shown}"
        f'; say so with `decimal = "{used}"`, or save the file again'
    )
