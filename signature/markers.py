"""The vocabulary of markers: one canonical name each, and what else it is called."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from importlib import resources


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
    with file.open(encoding="utf-8", newline="") as handle:
        rows = csv.DictReader(handle)
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
