"""The vocabulary of markers: one canonical name each, and what else it is called."""

from __future__ import annotations

import csv
import difflib
import io
from dataclasses import dataclass
from importlib import resources

from signature.exceptions import DefinitionError


@dataclass(frozen=True)
class Marker:
    """One entry of the vocabulary.

    Parameters
    ----------
    name : str
        Canonical name: HGNC symbol where there is one.
    label : str
        How a report prints it.
    family : str
        ``cytokine``, ``chemokine``, ``growth factor``, ``soluble receptor``, ``acute phase``, …
    uniprot : str
        Accession of the human protein, empty for anything else.
    aliases : tuple of str
        Other names found in laboratories' files.
    """

    name: str
    label: str
    family: str
    uniprot: str
    aliases: tuple[str, ...]


def _read() -> dict[str, Marker]:
    file = resources.files("signature") / "markers.csv"
    rows = csv.DictReader(io.StringIO(file.read_text(encoding="utf-8")))
    entries = [
        Marker(
            name=row["name"],
            label=row["label"] or row["name"],
            family=row["family"],
            uniprot=row["uniprot"],
            aliases=tuple(a for a in row["aliases"].split("|") if a),
        )
        for row in rows
    ]
    return {entry.name: entry for entry in entries}


VOCABULARY: dict[str, Marker] = _read()
"""All markers by canonical name."""


def _key(name: str) -> str:
    """Reduce a name to what laboratories agree on: "IL-8", "il 8" and "IL8" are one."""
    return "".join(letter for letter in name.casefold() if letter.isalnum())


def _names() -> dict[str, str]:
    """Map every name, label and alias to the canonical name; each belongs to one marker only."""
    found: dict[str, str] = {}
    for entry in VOCABULARY.values():
        for key in {_key(n) for n in (entry.name, entry.label, *entry.aliases)}:
            if found.setdefault(key, entry.name) != entry.name:
                raise DefinitionError(
                    f"signature/markers.csv: {key!r} means both {found[key]!r} and {entry.name!r}"
                )
    return found


_CANONICAL = _names()


def lookup(name: str) -> str | None:
    """Return the canonical name of a marker, or None when the vocabulary does not know it.

    Examples
    --------
    >>> lookup("IL-8"), lookup("my new marker")
    ('CXCL8', None)
    """
    return _CANONICAL.get(_key(name))


def canonical(name: str) -> str:
    """Return the canonical name of a marker, however a laboratory writes it.

    Raises
    ------
    DefinitionError
        When the vocabulary does not know the name; close names are suggested.

    Examples
    --------
    >>> canonical("IL-8"), canonical("EN-RAGE"), canonical("tnf-alpha")
    ('CXCL8', 'S100A12', 'TNF')
    """
    key = _key(name)
    if key not in _CANONICAL:
        close = difflib.get_close_matches(key, _CANONICAL, n=3)
        hint = f"; did you mean {' or '.join(_CANONICAL[c] for c in close)}?" if close else "."
        raise DefinitionError(
            f"no marker {name!r} in signature/markers.csv{hint} Add a line for a new marker, "
            "or an alias to the line of a known one"
        )
    return _CANONICAL[key]
