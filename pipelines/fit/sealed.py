"""What is kept under its checksum: written whole, and read back as it was written or not at all.

A seal is a SHA-256 over the content and over what it is said to be, so that a flipped bit, a lost
end and a file of something else are all found. It guards against accidents, not against somebody
who forges: whoever may write into a results folder may write a seal.
"""

from __future__ import annotations

import hashlib
import shutil
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from signature.writing import aside_of, cannot_write, write_whole

SEAL = "SHA256SUMS"
"""File of a sealed folder: what it is, and the checksum of each of its files."""

_LENGTH = 65
"""Of a seal in bytes."""


class DamagedError(Exception):
    """What is kept there is not what was written; it has to be made again."""


def write_sealed(file: Path, content: bytes, what: str) -> None:
    """Write a file under a seal, which comes after the content: NumPy reads its arrays as ever.

    Parameters
    ----------
    file : Path
        Its folder is made.
    content : bytes
    what : str
        What it is, and of what: one that is asked for something else counts as damaged.

    Raises
    ------
    OutputError
        When it cannot be written.
    """
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise cannot_write(file, error) from None
    write_whole(file, content + _line(content, what))


def read_sealed(file: Path, what: str) -> bytes:
    """Read a file that `write_sealed` wrote.

    Raises
    ------
    DamagedError
        When it is missing, or not what was written as `what`.
    """
    try:
        written = file.read_bytes()
    except OSError:
        raise DamagedError(file) from None
    content = written[:-_LENGTH]
    if written != content + _line(content, what):
        raise DamagedError(file)
    return content


def is_whole(file: Path, what: str) -> bool:
    """Whether `read_sealed` would give a file back."""
    try:
        read_sealed(file, what)
    except DamagedError:
        return False
    return True


def append_sealed(file: Path, line: str, what: str, number: int) -> None:
    """Add a line to a file of sealed lines, which `read_sealed_lines` gives back.

    Parameters
    ----------
    file : Path
    line : str
        Without a line break.
    what : str
        What the file is.
    number : int
        How many lines come before it.
    """
    content = line.encode()
    try:
        with file.open("ab") as opened:
            opened.write(_line(content, f"{what} {number}").rstrip() + b" " + content + b"\n")
    except OSError as error:
        raise cannot_write(file, error) from None


def read_sealed_lines(file: Path, what: str) -> list[str]:
    """Read lines up to the first that is damaged or half-written; it and the rest are cut off.

    That is said in one line.
    """
    found: list[str] = []
    if not file.is_file():
        return found
    written = file.read_bytes()
    whole = 0
    for line in written.splitlines(keepends=True):
        seal, _, rest = line.partition(b" ")
        content = rest.removesuffix(b"\n")
        if not line.endswith(b"\n") or (seal + b"\n" != _line(content, f"{what} {len(found)}")):
            say_damaged([file])
            write_whole(file, written[:whole])
            break
        found.append(content.decode())
        whole += len(line)
    return found


@contextmanager
def sealed_folder(place: Path, what: str) -> Iterator[Path]:
    """Yield a folder to write files into; when the body ends, it is sealed and moved to its place.

    Parameters
    ----------
    place : Path
        When another process was first, its folder stays.
    what : str
        As of `write_sealed`.

    Raises
    ------
    OutputError
        When there is no room, or no leave to write.
    """
    aside = aside_of(place)
    try:
        shutil.rmtree(aside, ignore_errors=True)
        aside.mkdir(parents=True)
        yield aside
        (aside / SEAL).write_bytes(_sums(aside, what))
        _move(aside, place, what)
    except OSError as error:
        raise cannot_write(place, error) from None
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def is_sealed(place: Path, what: str) -> bool:
    """Whether a folder holds what was written into it as `what`, and nothing else."""
    try:
        return (place / SEAL).read_bytes() == _sums(place, what)
    except OSError:
        return False


def discard_damaged(places: Iterable[Path]) -> None:
    """Remove what lies in places that are known not to be whole; say in one line if any does.

    Raises
    ------
    OutputError
        When that is not allowed.
    """
    damaged = [place for place in places if place.exists() or place.is_symlink()]
    for place in damaged:
        discard(place)
    say_damaged(damaged)


def say_damaged(places: Sequence[Path]) -> None:
    """Say in one line that what was kept in these places is damaged and made again."""
    if places:
        more = f" and {len(places) - 1} more are" if len(places) > 1 else " is"
        print(f"{places[0]}{more} damaged; made again", file=sys.stderr, flush=True)


def discard(place: Path) -> None:
    """Remove a file, a folder or a link; what a link leads to stays.

    Raises
    ------
    OutputError
        When that is not allowed.
    """
    try:
        if place.is_dir() and not place.is_symlink():
            shutil.rmtree(place)
        else:
            place.unlink(missing_ok=True)
    except OSError as error:
        raise cannot_write(place, error) from None


def _line(content: bytes, what: str) -> bytes:
    return f"{_sum(what.encode() + bytes(1) + content)}\n".encode()


def _sums(folder: Path, what: str) -> bytes:
    files = sorted(p for p in folder.iterdir() if p.name != SEAL)
    lines = [f"{_sum(p.read_bytes())}  {p.name}" for p in files]
    return "\n".join([f"# {what}", *lines, ""]).encode()


def _sum(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _move(aside: Path, place: Path, what: str) -> None:
    try:
        aside.rename(place)
    except OSError:
        # another process finished the same first, and its content is the same; or it is damaged
        if is_sealed(place, what):
            return
        discard(place)
        aside.rename(place)
