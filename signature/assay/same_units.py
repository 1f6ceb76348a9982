"""Bring measurements into the units that a study wants, before they are put side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from signature.assay.measurements import NUMBERS, Measurements
from signature.assay.units import convert
from signature.exceptions import UnitError


def in_units(
    parts: Sequence[Measurements], wanted: Mapping[str, str]
) -> tuple[list[Measurements], dict[str, int]]:
    """Convert what is in another unit; a file that states none is believed to be in the wanted one.

    Parameters
    ----------
    parts : sequence of Measurements
        One per file.
    wanted : mapping of marker to unit
        A marker that is not in it takes the unit of the first file that states one.

    Returns
    -------
    parts : list of Measurements
        In one unit per marker.
    converted : dict of str to int
        Measurements that were converted, by file.

    Raises
    ------
    UnitError
        When two units do not measure the same thing, such as NPX and pg/mL; the message names the
        file, the marker and the reason.
    """
    units = dict(wanted)
    converted: dict[str, int] = {}
    out = []
    for part in parts:
        table = part.table
        pairs = table[["marker", "unit"]].drop_duplicates()
        changes = []
        for marker, unit in pairs.dropna().astype("str").itertuples(index=False):
            if unit and units.setdefault(marker, unit) != unit:
                changes.append((marker, unit, units[marker]))
        if changes:
            # categories would refuse a unit that the file does not have
            table = table.assign(unit=table["unit"].astype("object"))
        for marker, unit, target in changes:
            rows = (table["marker"] == marker).to_numpy()
            try:
                for name in NUMBERS:
                    column = table[name].to_numpy(copy=True)
                    column[rows] = convert(column[rows], unit, target, marker=marker)
                    table = table.assign(**{name: column})
            except UnitError as error:
                raise UnitError(
                    f"{part.source}: {marker!r} is in {unit!r} and {target!r} is wanted; {error}"
                ) from None
            table.loc[rows, "unit"] = target
            converted[part.source] = converted.get(part.source, 0) + int(rows.sum())
        out.append(replace(part, table=table) if changes else part)
    return out, converted
