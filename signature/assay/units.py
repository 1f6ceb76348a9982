"""Conversion between units that measure the same thing, and refusal where they do not.

Mass concentrations, molar concentrations, and one into the other with the marker's molecular
weight; counts per volume; units of activity; ratios and shares. International units lead to a mass
or an amount only for a marker whose factor is known. MFI, NPX and their like are converted into
nothing.
"""

from __future__ import annotations

from typing import overload

import numpy as np
import numpy.typing as npt
import pandas as pd

from signature.assay import unit_names
from signature.assay.unit_names import (
    ACTIVITY,
    AMOUNT_RATIO,
    CATALYTIC,
    COUNT,
    LINEAR_NPX,
    MASS,
    MOLAR,
    NPX,
    RATIO,
    Unit,
    parse,
)
from signature.exceptions import UnitError
from signature.study import markers
from signature.study.column import LOG2_UNITS

_CONCENTRATIONS = {MASS, MOLAR, COUNT, ACTIVITY, CATALYTIC}

_NO_CONCENTRATION = {
    unit_names.FLUORESCENCE: (
        "median fluorescence depends on the instrument, the plate and the lot of beads, and only "
        "standards on the same plate turn it into a concentration"
    ),
    NPX: (
        "NPX is a relative quantity on a log2 scale whose zero differs between assays and runs, "
        "and no factor turns it into anything else"
    ),
    LINEAR_NPX: "2^NPX is a relative quantity, and no factor turns it into anything else",
    unit_names.APTAMERS: "RFU is a relative signal, and no factor turns it into anything else",
    unit_names.OPTICAL_DENSITY: (
        "only standards on the same plate turn an optical density into a concentration"
    ),
}

INTERNATIONAL: dict[str, tuple[float, str, str]] = {
    "INS": (6.0, "nmol/L", "6.00 pmol/L per uIU/mL; Vølund 1993"),
    "GH1": (1 / 3, "mg/L", "3 IU per mg; WHO standard 98/574"),
    "immunoglobulin_e": (2.4, "ng/L", "2.4 ng per IU; WHO standard 75/502"),
}
"""Marker → what 1 IU/L is, in which unit, and the source. Others have none that is agreed on."""

# Hoelzel 2004, the "master equation": NGSP % = 0.09148 x IFCC mmol/mol + 2.152
_HBA1C_SLOPE, _HBA1C_OFFSET = 0.09148, 2.152

# 1 kat is 1 mol/s, 1 U is 1 umol/min
_UNITS_PER_KATAL = 6e7


def canonical(unit: str) -> str:
    """Return the canonical spelling of a unit, and what is no unit that is known as it is.

    Raises
    ------
    UnitError
        For a logarithm that nothing further down would take for one.

    Examples
    --------
    >>> canonical("npx"), canonical("PG/ml"), canonical("spots per well")
    ('NPX', 'pg/mL', 'spots per well')
    >>> canonical("log2 pg/mL")
    Traceback (most recent call last):
    ...
    signature.exceptions.UnitError: 'log2 pg/mL': a unit belongs to a quantity, not to its ...
    """
    if unit in LOG2_UNITS:
        return unit
    try:
        return parse(unit).text
    except UnitError:
        if unit.strip().casefold().startswith(("log", "ln")):
            raise
        return unit


def is_concentration(unit: str) -> bool:
    """Whether a unit is one of concentrations, which cannot be negative.

    Examples
    --------
    >>> [is_concentration(u) for u in ("fg/mL", "IU/L", "10^9/L", "nM", "NPX", "MFI", "log2 pg/mL")]
    [True, True, True, True, False, False, False]
    """
    try:
        return parse(unit).quantity in _CONCENTRATIONS
    except UnitError:
        return False


def same_quantity(a: str, b: str) -> bool:
    """Say whether two units measure the same thing, whatever the marker.

    Raises
    ------
    UnitError
        When one of them is no unit.

    Examples
    --------
    >>> same_quantity("pg/mL", "mg/dL"), same_quantity("pg/mL", "pM"), same_quantity("NPX", "MFI")
    (True, False, False)
    """
    return parse(a).quantity == parse(b).quantity


@overload
def convert(
    values: pd.Series, from_unit: str, to_unit: str, *, marker: str | None = None
) -> pd.Series: ...
@overload
def convert(values: float, from_unit: str, to_unit: str, *, marker: str | None = None) -> float: ...
@overload
def convert(
    values: npt.ArrayLike, from_unit: str, to_unit: str, *, marker: str | None = None
) -> npt.NDArray[np.float64]: ...
def convert(
    values: pd.Series | npt.ArrayLike, from_unit: str, to_unit: str, *, marker: str | None = None
) -> pd.Series | npt.NDArray[np.float64] | float:
    """Convert numbers from one unit to another.

    Parameters
    ----------
    values : Series, array-like or float
        Numbers; missing ones stay missing.
    from_unit, to_unit : str
        As laboratories write them.
    marker : str, optional
        Name of the marker. Needed between mass and amount (molecular weight), for international
        units, for katal, and between a share and mmol/mol, where HbA1c has an equation of its own.

    Returns
    -------
    Series, array or float
        The same kind as `values`, float64; a Series keeps its index and name.

    Raises
    ------
    UnitError
        When a unit is not known, or the two do not measure the same thing; the message says why.

    Examples
    --------
    >>> convert([1.0, 2.0], "mg/dL", "mg/L").tolist()
    [10.0, 20.0]
    >>> round(convert(100.0, "mg/dL", "mmol/L", marker="glucose"), 2)
    5.55
    >>> round(convert(10.0, "uU/mL", "pmol/L", marker="insulin"), 1)
    60.0
    >>> round(convert(7.0, "%", "mmol/mol", marker="HbA1c"))
    53
    >>> convert([100.0], "MFI", "pg/mL")
    Traceback (most recent call last):
    ...
    signature.exceptions.UnitError: MFI cannot become pg/mL: median fluorescence depends on ...
    """
    source, target = parse(from_unit), parse(to_unit)
    numbers = _numbers(values)
    if (source.quantity, target.quantity) == (NPX, LINEAR_NPX):
        result = np.exp2(numbers)
    elif (source.quantity, target.quantity) == (LINEAR_NPX, NPX):
        bad = int((numbers <= 0).sum())
        if bad:
            raise UnitError(
                f"{bad} of {numbers.size} values are not positive; 2^NPX always is. "
                "Are these NPX already?"
            )
        result = np.log2(numbers)
    else:
        slope, offset = _line(source, target, marker)
        result = numbers * slope + offset
    if isinstance(values, pd.Series):
        return pd.Series(result, index=values.index, name=values.name)
    return result if result.ndim else float(result)


def _numbers(values: pd.Series | npt.ArrayLike) -> npt.NDArray[np.float64]:
    if isinstance(values, pd.Series):
        if not pd.api.types.is_numeric_dtype(values) or pd.api.types.is_bool_dtype(values):
            raise UnitError(f"units belong to numbers; {values.name!r} holds {values.dtype}")
        return values.to_numpy(dtype="float64", na_value=np.nan)
    try:
        return np.asarray(values, dtype="float64")
    except (TypeError, ValueError):
        raise UnitError("units belong to numbers; these values are not all numbers") from None


def _line(source: Unit, target: Unit, marker: str | None) -> tuple[float, float]:
    """Return slope and offset of the line that leads from one unit to the other."""
    if source.quantity == target.quantity:
        return float(f"1e{source.power - target.power}"), 0.0
    for unit in (source, target):
        if unit.quantity in _NO_CONCENTRATION:
            raise UnitError(
                f"{source.text} cannot become {target.text}: {_NO_CONCENTRATION[unit.quantity]}"
            )
    pair = {source.quantity, target.quantity}
    if pair == {MASS, MOLAR}:
        grams = _molecular_weight(source, target, marker)
        slope = float(f"1e{source.power - target.power}")
        return (slope / grams if source.quantity == MASS else slope * grams), 0.0
    if ACTIVITY in pair and pair & {MASS, MOLAR}:
        return _international(source, target, marker), 0.0
    if pair == {ACTIVITY, CATALYTIC}:
        return _katal(source, target, marker), 0.0
    if pair == {RATIO, AMOUNT_RATIO}:
        return _share(source, target, marker)
    raise UnitError(
        f"{source.text} cannot become {target.text}: one is a {source.quantity}, the other a "
        f"{target.quantity}"
    )


def _entry(source: Unit, target: Unit, marker: str | None, needed: str) -> markers.Marker:
    """Return the marker's entry in the vocabulary, which must know it."""
    if marker is None:
        raise UnitError(
            f"{source.text} becomes {target.text} only with the {needed} of a marker; name it"
        )
    name = markers.lookup(marker)
    if name is None:
        raise UnitError(
            f"{source.text} becomes {target.text} only with the {needed} of the marker, and "
            f"{marker!r} is not in signature/study/markers.csv"
        )
    return markers.VOCABULARY[name]


def _molecular_weight(source: Unit, target: Unit, marker: str | None) -> float:
    entry = _entry(source, target, marker, "molecular weight")
    if entry.molecular_weight is None:
        raise UnitError(
            f"{source.text} cannot become {target.text} for {entry.name}: "
            "signature/study/markers.csv gives it no molecular weight, since what circulates has "
            "no single agreed mass"
        )
    return entry.molecular_weight


def _international(source: Unit, target: Unit, marker: str | None) -> float:
    entry = _entry(source, target, marker, "international unit")
    if entry.name not in INTERNATIONAL:
        raise UnitError(
            f"{source.text} cannot become {target.text} for {entry.name}: no factor for its "
            f"units is agreed on; there is one for {', '.join(INTERNATIONAL)}"
        )
    each, text, _ = INTERNATIONAL[entry.name]
    one = parse(text)
    if source.quantity == ACTIVITY:
        rest, _ = _line(one, target, entry.name)
        return float(f"1e{source.power}") * each * rest
    rest, _ = _line(source, one, entry.name)
    return rest / each / float(f"1e{target.power}")


def _katal(source: Unit, target: Unit, marker: str | None) -> float:
    entry = _entry(source, target, marker, "enzyme activity")
    if entry.unit != "U/L":
        raise UnitError(
            f"{source.text} cannot become {target.text} for {entry.name}: its units are no "
            "enzyme activity"
        )
    slope = float(f"1e{source.power - target.power}")
    return slope * _UNITS_PER_KATAL if source.quantity == CATALYTIC else slope / _UNITS_PER_KATAL


def _share(source: Unit, target: Unit, marker: str | None) -> tuple[float, float]:
    entry = _entry(source, target, marker, "meaning")
    if entry.name != "hba1c":
        return float(f"1e{source.power - target.power}"), 0.0
    # in % and mmol/mol, the units of the equation
    before, after = source.power, target.power
    if source.quantity == RATIO:
        percent, amount = float(f"1e{before + 2}"), float(f"1e{-3 - after}")
        return percent / _HBA1C_SLOPE * amount, -_HBA1C_OFFSET / _HBA1C_SLOPE * amount
    amount, percent = float(f"1e{before + 3}"), float(f"1e{-2 - after}")
    return amount * _HBA1C_SLOPE * percent, _HBA1C_OFFSET * percent
