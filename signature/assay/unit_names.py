"""Understand units as laboratories write them; `signature.assay.units` converts between them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from signature.exceptions import UnitError
from signature.study.schema import LOG2_UNITS

MASS = "mass concentration"
MOLAR = "molar concentration"
COUNT = "cell count"
ACTIVITY = "units of activity per volume"
CATALYTIC = "katal per volume"
RATIO = "ratio"
AMOUNT_RATIO = "ratio of amounts"
FLUORESCENCE = "fluorescence of beads"
NPX = "relative quantity on a log2 scale"
LINEAR_NPX = "relative quantity"
APTAMERS = "fluorescence of aptamers"
OPTICAL_DENSITY = "optical density"


@dataclass(frozen=True)
class Unit:
    """A unit that was understood.

    Parameters
    ----------
    text : str
        Canonical spelling, ASCII.
    quantity : str
        What it measures, such as ``mass concentration``.
    power : int
        Power of ten that leads to the quantity's base unit (g/L, mol/L, cells/L, U/L, kat/L, 1).
    """

    text: str
    quantity: str
    power: int = 0


_PREFIX = {"k": 3, "": 0, "d": -1, "m": -3, "u": -6, "n": -9, "p": -12, "f": -15}

_VOLUMES = {
    "l": ("L", 0),
    "dl": ("dL", -1),
    "100ml": ("dL", -1),
    "ml": ("mL", -3),
    "cm3": ("mL", -3),
    "cc": ("mL", -3),
    "ul": ("uL", -6),
    "mcl": ("uL", -6),
    "mm3": ("uL", -6),
    "mm^3": ("uL", -6),
    "cumm": ("uL", -6),
    "nl": ("nL", -9),
    "pl": ("pL", -12),
    "fl": ("fL", -15),
}
_VOLUME = "|".join(re.escape(v) for v in sorted(_VOLUMES, key=len, reverse=True))

_PLAIN = {
    "%": Unit("%", RATIO, -2),
    "percent": Unit("%", RATIO, -2),
    "pct": Unit("%", RATIO, -2),
    "ratio": Unit("ratio", RATIO),
    "fraction": Unit("ratio", RATIO),
    "1": Unit("ratio", RATIO),
    "mfi": Unit("MFI", FLUORESCENCE),
    "npx": Unit("NPX", NPX),
    "2^npx": Unit("2^NPX", LINEAR_NPX),
    "linearnpx": Unit("2^NPX", LINEAR_NPX),
    "rfu": Unit("RFU", APTAMERS),
    "od": Unit("OD", OPTICAL_DENSITY),
    "mm/h": Unit("mm/h", "sedimentation"),
    "mm/hr": Unit("mm/h", "sedimentation"),
    "kg/m2": Unit("kg/m2", "body mass index"),
    "kg/m^2": Unit("kg/m2", "body mass index"),
    "mmhg": Unit("mmHg", "pressure"),
    "cm": Unit("cm", "length", -2),
    "m": Unit("m", "length"),
    "years": Unit("years", "time"),
    "ml/min/1.73m2": Unit("mL/min/1.73m2", "filtration"),
    "ml/min/1.73m^2": Unit("mL/min/1.73m2", "filtration"),
    "mg%": Unit("mg/dL", MASS, -2),
    "g%": Unit("g/dL", MASS, 1),
    "gpt/l": Unit("10^9/L", COUNT, 9),
    "tpt/l": Unit("10^12/L", COUNT, 12),
}
"""Units without prefixes, by their text without case."""

_TWO_MEANINGS = {
    "MM": "mM (millimolar) or mm (millimetres)",
    "mm": "mM (millimolar) or mm (millimetres)",
    "nm": "nM (nanomolar) or nm (nanometres)",
    "pm": "pM (picomolar) or pm (picometres)",
    "um": "uM (micromolar) or um (micrometres)",
    "G/L": "g/L (grams) or 10^9/L (giga, for cells)",
    "G/l": "g/L (grams) or 10^9/L (giga, for cells)",
}

_KINDS = {
    "g": ("g", MASS),
    "gm": ("g", MASS),
    "mol": ("mol", MOLAR),
    "u": ("U", ACTIVITY),
    "iu": ("IU", ACTIVITY),
    "kat": ("kat", CATALYTIC),
    "eu": ("EU", "endotoxin units per volume"),
    "au": ("AU", "arbitrary units (AU)"),
    "ru": ("RU", "arbitrary units (RU)"),
}
_THOUSANDS = {
    "": 0,
    "k": 3,
    "thou": 3,
    "thousand": 3,
    "tsd": 3,
    "million": 6,
    "mio": 6,
    "m": 6,
    "t": 12,
}


@lru_cache(maxsize=4096)
def parse(unit: str) -> Unit:
    """Understand a unit as a laboratory writes it.

    Capitals count only where they change the meaning: ``mM`` is not ``mm``, ``mU/L`` is not
    ``MU/L``, and ``G/L`` may be grams or giga.

    Raises
    ------
    UnitError
        When the text is no unit that this software knows, or could be two.

    Examples
    --------
    >>> [parse(u).text for u in ("PG/ML", "µmol/l", "pM", "1000/µL", "x10⁹/L", "mg/100 mL")]
    ['pg/mL', 'umol/L', 'pmol/L', '10^3/uL', '10^9/L', 'mg/dL']
    >>> parse("mm")
    Traceback (most recent call last):
    ...
    signature.exceptions.UnitError: 'mm' may mean mM (millimolar) or mm (millimetres); write which
    """
    if not isinstance(unit, str):
        raise UnitError(f"a unit is text such as 'pg/mL', got {type(unit).__name__}")
    text = _cleaned(unit)
    if text in _TWO_MEANINGS:
        raise UnitError(f"{unit!r} may mean {_TWO_MEANINGS[text]}; write which")
    if text.casefold().startswith(("log", "ln")):
        raise UnitError(
            f"{unit!r}: a unit belongs to a quantity, not to its logarithm; hand in the values on "
            "their own scale (NPX alone comes as a logarithm)"
        )
    found = (
        _molar_letter(text)
        or _PLAIN.get(text.casefold())
        or _size(text)
        or _concentration(text)
        or _count(text)
        or _per_amount(text)
    )
    if found is None:
        raise UnitError(
            f"no unit {unit!r}; known are for example pg/mL, mg/dL, nmol/L, pM, IU/mL, U/L, "
            "10^9/L, cells/uL, %, ratio, MFI, NPX"
        )
    return found


_LOG2 = {"log2", *(unit.casefold() for unit in LOG2_UNITS)}


def is_log2(unit: str) -> bool:
    """Whether values in a unit are logarithms to base 2 already.

    Examples
    --------
    >>> [is_log2(u) for u in ("NPX", "npx", "log2", "pg/mL", "2^NPX")]
    [True, True, True, False, False]
    """
    return unit.casefold() in _LOG2


_RAISED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")


def _cleaned(unit: str) -> str:
    # 10⁹ is a power, mm³ a name
    text = re.sub("(?<=[0-9])([⁰¹²³⁴⁵⁶⁷⁸⁹]+)", r"^\1", unit).translate(_RAISED)
    text = re.sub("[µμ]", "u", text).replace("×", "x").replace("⁄", "/").replace("∕", "/")
    text = re.sub(r"\s+per\s+", "/", text, flags=re.IGNORECASE | re.ASCII)
    # brackets: m[IU]/mL, mm[Hg] in UCUM
    return re.sub(r"[\s\[\]]", "", text)


def _molar_letter(text: str) -> Unit | None:
    match = re.fullmatch("([munpf]?)M", text)
    return Unit(f"{match[1]}mol/L", MOLAR, _PREFIX[match[1]]) if match else None


def _size(text: str) -> Unit | None:
    """Read a volume or a mass: of a cell, of the haemoglobin in it."""
    match = re.fullmatch("([munpf]?)(l|g)", text, re.IGNORECASE | re.ASCII)
    if match is None:
        return None
    prefix, kind = match[1].lower(), match[2].lower()
    name, quantity = ("L", "volume") if kind == "l" else ("g", "mass")
    return Unit(prefix + name, quantity, _PREFIX[prefix])


def _concentration(text: str) -> Unit | None:
    """Read what is per volume: grams, moles, units."""
    match = re.fullmatch(
        rf"(mc|[kmunpf]?)(gm?|mol|iu|u|kat|eu|au|ru)/({_VOLUME})", text, re.IGNORECASE | re.ASCII
    )
    if match is None:
        return None
    if match[1] == "M" and match[2].lower() in ("u", "iu"):
        raise UnitError(
            f"{text!r} may mean milli or mega; write m{match[2]} where it is milli, and take out "
            "the factor where it is mega"
        )
    prefix = match[1].lower().replace("mc", "u")
    name, quantity = _KINDS[match[2].lower()]
    volume, power = _VOLUMES[match[3].lower()]
    return Unit(f"{prefix}{name}/{volume}", quantity, _PREFIX[prefix] - power)


def _count(text: str) -> Unit | None:
    """Read cells per volume: 10^9/L, 10*3/uL, x10E9/L, 10(9)/L, 1000/uL, K/uL, cells/mm3."""
    match = re.fullmatch(
        r"x?(?:10(?:\^|\*\*?|e\+?|(?=\())\(?(\d{1,2})\)?|(1(?:000){0,2})|([a-z]*?)\.?)"
        rf"(?:cells?|#)?/({_VOLUME})",
        text,
        re.IGNORECASE | re.ASCII,
    )
    # "109/L" is no count: it may be 10^9/L that lost its raised digit. "m/uL" is no million.
    if match is None or match[3] == "m":
        return None
    if match[1]:
        power = int(match[1])
    elif match[2]:
        power = len(match[2]) - 1
    else:
        found = _THOUSANDS.get((match[3] or "").lower())
        if found is None:
            return None
        power = found
    volume, litres = _VOLUMES[match[4].lower()]
    return Unit(f"10^{power}/{volume}" if power else f"cells/{volume}", COUNT, power - litres)


def _per_amount(text: str) -> Unit | None:
    """Read mass per mass and amount per amount: ug/g, mmol/mol."""
    match = re.fullmatch(r"([munpfk]?)(g|mol)/([munpfk]?)\2", text, re.IGNORECASE | re.ASCII)
    if match is None:
        return None
    top, kind, bottom = match[1].lower(), match[2].lower(), match[3].lower()
    quantity = "ratio of masses" if kind == "g" else AMOUNT_RATIO
    return Unit(f"{top}{kind}/{bottom}{kind}", quantity, _PREFIX[top] - _PREFIX[bottom])
