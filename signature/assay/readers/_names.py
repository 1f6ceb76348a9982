"""Which column is which, and which analyte is which marker."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from signature.assay.labels import Labels, first_few
from signature.assay.layout import Layout
from signature.exceptions import AssayError, DefinitionError, TableError
from signature.study import markers


def roles(
    source: str,
    header: list[str],
    layout: Layout,
    usual: Mapping[str, tuple[str, ...]],
    required: Iterable[str],
) -> dict[str, str]:
    """Find the columns of a file.

    Parameters
    ----------
    source : str
        Name of the file, for messages.
    header : list of str
        Its column names.
    layout : Layout
        Names the columns that are not called as usual.
    usual : mapping of role to names
        Usual names, the preferred one first; case and punctuation do not matter.
    required : iterable of str
        Roles that the format cannot do without.

    Returns
    -------
    dict of role to column
        Roles that the file does not have are left out.

    Raises
    ------
    TableError
        When a required column is not found, a role does not exist, or the column of samples has
        two roles.
    """
    strange = sorted(set(layout.columns) - set(usual))
    if strange:
        raise TableError(
            f"{source}: `columns` names {', '.join(map(repr, strange))}, which this format does "
            f"not have; it has: {', '.join(usual)}"
        )
    found: dict[str, str] = {}
    for role, names in usual.items():
        column = layout.columns.get(role) or column_of(header, names)
        if column is not None:
            found[role] = column
    shared = [role for role, column in found.items() if column == found.get("sample")]
    if len(shared) > 1:
        raise TableError(
            f"{source}: {' and '.join(shared)} are both read from {found['sample']!r}; name a "
            "column of its own for each in `columns`"
        )
    missing = [role for role in required if role not in found]
    if missing:
        _refuse(source, header, usual, missing, found)
    return found


def roles_and_match(
    source: str,
    header: list[str],
    layout: Layout,
    usual: Mapping[str, tuple[str, ...]],
    required: Iterable[str],
) -> dict[str, str]:
    """Find the columns as `roles` does, and as ``match`` that by which limits are looked up.

    Without ``match`` it is the plate's.
    """
    found = roles(source, header, layout, usual, required)
    if layout.limits is not None and layout.limits.match is not None:
        found["match"] = layout.limits.match
    return found


def column_of(header: list[str], names: Iterable[str]) -> str | None:
    """Return the first column that is called by one of the names, the preferred one first."""
    by_key = {_key(name): name for name in reversed(header)}
    return next((by_key[_key(name)] for name in names if _key(name) in by_key), None)


def _refuse(
    source: str,
    header: list[str],
    usual: Mapping[str, tuple[str, ...]],
    missing: list[str],
    found: dict[str, str],
) -> None:
    asked = "; ".join(f"{role} ({' or '.join(usual[role][:4])})" for role in missing)
    if not set(found.values()) & set(header):
        # a file without its header line begins with somebody's values
        raise TableError(
            f"{source}: no column of this format is in its first line; are the header and the "
            f"delimiter as expected? Looked for {asked}"
        )
    raise TableError(
        f"{source} lacks a column for {asked}; it has: {first_few(header)}. Name it in `columns`, "
        f'for example {missing[0]} = "…"'
    )


def _key(name: str) -> str:
    return "".join(letter for letter in name.casefold() if letter.isalnum())


@dataclass(frozen=True, eq=False)
class Names:
    """Markers of a file's analytes.

    Parameters
    ----------
    codes : ndarray of int
        Place in `markers` of each row's marker; -1 for rows without one.
    markers : Index of str
        All markers, each once.
    unknown : tuple of str
        Names the vocabulary does not know.
    shared : ndarray of int
        Places in `markers` of those that have several names in this file.
    """

    codes: np.ndarray
    markers: pd.Index
    unknown: tuple[str, ...]
    shared: np.ndarray


def wanted(analyte: Labels, layout: Layout, source: str) -> np.ndarray:
    """Mark the rows whose analyte the layout wants.

    Raises
    ------
    AssayError
        When an analyte of `only` is not in the file.
    """
    names = list(analyte.categories)
    absent = [name for name in layout.only if name not in names]
    if absent:
        raise AssayError(
            f"{source} has {len(names)} analytes, but not {', '.join(map(repr, absent[:12]))} of "
            "`only`; compare the spelling"
        )
    chosen = [n not in layout.ignore and (not layout.only or n in layout.only) for n in names]
    # the appended False is for rows without an analyte, whose code is -1
    return np.append(np.array(chosen, dtype=bool), False)[analyte.codes]


def resolve(analyte: Labels, used: np.ndarray, layout: Layout, source: str) -> Names:
    """Give each analyte its canonical name; unknown ones keep the laboratory's.

    Raises
    ------
    AssayError
        When names are ambiguous.
    """
    marker: dict[int, str] = {}
    unknown: list[str] = []
    ambiguous: list[str] = []
    for code in np.unique(analyte.codes[used]):
        name = str(analyte.categories[code])
        try:
            canonical = markers.lookup(layout.markers.get(name, name))
        except DefinitionError as error:
            ambiguous.append(f"{name!r}: {error}")
            continue
        if canonical is None:
            unknown.append(name)
        marker[code] = canonical or layout.markers.get(name, name)
    if ambiguous:
        raise AssayError(
            f"{source}: {len(ambiguous)} names of analytes mean more than one marker; say which in "
            f"`markers = {{…}}` of the layout. {'; '.join(ambiguous)}"
        )
    places, names = pd.factorize(pd.Series(list(marker.values()), dtype="str"))
    to_place = np.full(len(analyte.categories) + 1, -1)
    to_place[list(marker)] = places
    shared = np.flatnonzero(np.bincount(places, minlength=len(names)) > 1)
    codes = np.where(used, to_place[analyte.codes], -1)
    return Names(codes, pd.Index(names), tuple(sorted(unknown)), shared)


def refuse_swapped(names: Names, sample: Labels, source: str) -> None:
    """Raise when samples stand where analytes should, for unknown analytes are shown by name.

    Raises
    ------
    AssayError
        When no analyte is known, and half of the sample names are markers.
    """
    if not len(names.markers) or len(names.unknown) < len(names.markers):
        return
    markers_there = sum(is_marker(str(name)) for name in sample.categories)
    if 2 * markers_there >= max(len(sample.categories), 1):
        raise AssayError(
            f"{source}: the names of samples are markers, and none of the names of analytes is "
            "one: are samples and analytes swapped? Correct `columns`, or turn the table so that "
            "it has one row per sample"
        )


def is_marker(name: str) -> bool:
    """Whether the vocabulary knows a name, be it of one marker or of several."""
    try:
        return markers.lookup(name) is not None
    except DefinitionError:
        return True


def refuse_shared(
    names: Names, analyte: Labels, place: np.ndarray, used: np.ndarray, source: str
) -> None:
    """Raise when two analytes of one marker were measured in the same sample and plate, or well.

    Parameters
    ----------
    place : ndarray of int
        A number for each row's sample and plate, or well.
    used : ndarray of bool
        The rows that count.

    Raises
    ------
    AssayError
        Naming the analytes, and how to tell them apart.
    """
    rows = np.flatnonzero(np.isin(names.codes, names.shared) & used)
    if not len(rows):
        return
    table = pd.DataFrame(
        {"place": place[rows], "marker": names.codes[rows], "analyte": analyte.codes[rows]}
    ).drop_duplicates()
    both = table[table.duplicated(["place", "marker"], keep=False)]
    if len(both):
        meant: dict[int, set[int]] = {}
        for marker, code in zip(both["marker"], both["analyte"], strict=True):
            meant.setdefault(marker, set()).add(code)
        shown = "; ".join(
            " and ".join(repr(analyte.categories[a]) for a in sorted(found))
            + f" are both {names.markers[marker]}"
            for marker, found in meant.items()
        )
        raise AssayError(
            f"{source}: {shown}. Tell them apart in `markers` of the layout, or leave one out with "
            "`ignore`"
        )
