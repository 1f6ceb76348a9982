"""The public files of NHANES: where they are and how to know them again.

``nhanes_files.csv`` lists them. A SHA-256 there was computed over copies of the file in public
GitHub repositories (`copies` counts those that agree); a git object name (SHA-1 over a short header
and the content) is what such a repository lists for a file that is too large for a mirror. A file
with neither was found nowhere but at the source: what arrives first is recorded beside it and
compared from then on. To check a line in a clone: ``git cat-file blob HEAD:<file> | sha256sum``,
and ``git ls-tree HEAD <file>`` for an object name.
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path

from signature.exceptions import DownloadError, TableError

CYCLES = {
    "D": "2005-2006",
    "E": "2007-2008",
    "F": "2009-2010",
    "G": "2011-2012",
    "H": "2013-2014",
    "I": "2015-2016",
    "P": "2017-2020",
}
"""Letter that NHANES gives a cycle -> its years; P ends in March 2020 and contains 2017-18."""

SUBSET = ("D", "E", "F", "G", "H", "P")
"""The cycles of the data set `nhanes_antidepressant`."""

RECORD = "unverified.sha256"
"""Hashes of the files that could not be verified, in the form that ``sha256sum -c`` reads."""

_TRANSPORT_FILE = b"HEADER RECORD*******LIBRARY HEADER RECORD!!!!!!!"


@dataclass(frozen=True)
class PublicFile:
    """One file of the survey.

    Parameters
    ----------
    cycle, table : str
        Letter of the cycle; kind of table, the same word in every cycle.
    path : str
        Below the base address.
    size : int or None
        Its length in bytes, where a copy was seen.
    sha256 : tuple of str
        All contents that are known to be right; empty when no copy was seen.
    git_sha1 : str
        Its git object name, or empty.
    copies : int
        Public repositories that hold this very content.
    """

    cycle: str
    table: str
    path: str
    size: int | None
    sha256: tuple[str, ...]
    git_sha1: str
    copies: int

    @property
    def name(self) -> str:
        """File name, as the source spells it."""
        return self.path.rsplit("/", 1)[-1]

    @property
    def verifiable(self) -> bool:
        """Whether its content can be told from another."""
        return bool(self.sha256 or self.git_sha1)

    def matches(self, content: bytes) -> bool:
        """Tell whether this is the content that was seen elsewhere."""
        if not self.git_sha1:
            return sha256(content) in self.sha256
        header = b"blob %d\0" % len(content)
        return hashlib.sha1(header + content, usedforsecurity=False).hexdigest() == self.git_sha1


@cache
def registry() -> tuple[PublicFile, ...]:
    """Return every file that the cohort is made of, in order of cycle and table."""
    text = resources.files("signature.datasets").joinpath("nhanes_files.csv").read_text("utf-8")
    return tuple(
        PublicFile(
            cycle=row["cycle"],
            table=row["table"],
            path=row["path"],
            size=int(row["bytes"]) if row["bytes"] else None,
            sha256=tuple(row["sha256"].split()),
            git_sha1=row["git_sha1"],
            copies=int(row["copies"]),
        )
        for row in csv.DictReader(text.splitlines())
    )


def files_of(cycles: Iterable[str]) -> list[PublicFile]:
    """Return the files of some cycles.

    Raises
    ------
    DownloadError
        For a letter that is no cycle.
    """
    wanted = list(cycles)
    unknown = sorted(set(wanted) - set(CYCLES))
    if unknown or not wanted:
        known = ", ".join(f"{letter} ({years})" for letter, years in CYCLES.items())
        raise DownloadError(
            f"no NHANES cycle {', '.join(map(repr, unknown)) or 'was named'}; there are: {known}"
        )
    return [file for file in registry() if file.cycle in wanted]


def located(folder: Path, cycle: str) -> dict[str, Path]:
    """Return the files of one cycle by table, each checked as far as it can be.

    Raises
    ------
    TableError
        When a file is missing, or not the one it was.
    """
    there = present(folder)
    wanted = files_of([cycle])
    missing = [file.name for file in wanted if file.name.lower() not in there]
    if missing:
        raise TableError(
            f"{folder} lacks {len(missing)} of {len(wanted)} files of NHANES {CYCLES[cycle]}: "
            + ", ".join(missing[:6])
            + (", …" if len(missing) > 6 else "")
            + f"; call nhanes_public.fetch with this folder and cycles=[{cycle!r}]"
        )
    record, paths = recorded(folder), {}
    for file in wanted:
        path = there[file.name.lower()]
        wrong = what_is_wrong(file, path.read_bytes(), record)
        if wrong:
            raise TableError(f"{path} {wrong}. Move it away and fetch again")
        paths[file.table] = path
    return paths


def cycles_in(folder: Path) -> list[str]:
    """Return the letters of the cycles of which a folder holds any file."""
    there = present(folder)
    found = {file.cycle for file in registry() if file.name.lower() in there}
    return [letter for letter in CYCLES if letter in found]


def what_is_wrong(file: PublicFile, content: bytes, record: Mapping[str, str]) -> str:
    """Say why this is not the file; empty when it is, or when nothing can tell.

    Parameters
    ----------
    file : PublicFile
        What it should be.
    content : bytes
        What it is.
    record : mapping of file name to SHA-256
        As `recorded` returns it.
    """
    size = len(content)
    if file.matches(content):
        return ""
    if not is_transport_file(content):
        return f"is no whole SAS transport file ({size} bytes)"
    if file.name in record:
        if record[file.name] == sha256(content):
            return ""
        return f"is not the file whose hash is kept in {RECORD} ({size} bytes)"
    if not file.verifiable:
        return ""
    if file.size not in (None, size):
        return f"is not the published file: expected {file.size} bytes, got {size}"
    return f"is not the published file: its {size} bytes have another hash"


def is_transport_file(content: bytes) -> bool:
    """Tell whether this begins and ends like a SAS transport file, which is made of 80-byte cards.

    A server may answer a wrong address with a web page and no error.
    """
    return content.startswith(_TRANSPORT_FILE) and len(content) % 80 == 0


def recorded(folder: Path) -> dict[str, str]:
    """Return the SHA-256 that each file had which could not be verified when it was fetched."""
    path = folder / RECORD
    lines = path.read_text("utf-8").splitlines() if path.is_file() else []
    return {name: digest for digest, _, name in (line.partition("  ") for line in lines)}


def sha256(content: bytes) -> str:
    """Return the hash in hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


def present(folder: Path) -> dict[str, Path]:
    """Return the files of a folder by their name in small letters.

    The same file is called .xpt by the source and .XPT by many who keep copies.
    """
    return {path.name.lower(): path for path in folder.iterdir() if path.is_file()}
