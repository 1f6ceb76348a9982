"""Files that are written whole or not at all."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path

from signature.exceptions import OutputError

PART = ".part"
"""How the name of what is not finished ends; a killed process leaves it behind."""

_ADVICE = {
    errno.ENOSPC: "make room on the disk, then start it again",
    errno.EDQUOT: "make room in your quota, then start it again",
    errno.EFBIG: "files may not be that large here; choose another place",
    errno.EROFS: "choose a place that may be written to",
    errno.EACCES: "choose a place that may be written to",
    errno.EPERM: "choose a place that may be written to",
    errno.ENOTDIR: "a part of its path is a file; choose another place",
    errno.EEXIST: "a part of its path is a file; choose another place",
    errno.EISDIR: "a folder has that name; choose another",
    errno.ENOENT: "make its folder first, or choose another place",
}


def write_whole(file: Path, content: bytes | str) -> None:
    """Write a file beside its place and move it there in one step.

    Whoever reads the file, whenever the process is killed, finds the old content or the new. What
    is no plain file, as a pipe or a terminal, is written to directly.

    Parameters
    ----------
    file : Path
    content : bytes or str
        Text is written as UTF-8.

    Raises
    ------
    OutputError
        When it cannot be written; the file is then as it was.
    """
    data = content.encode("utf-8") if isinstance(content, str) else content
    try:
        if (file.exists() and not file.is_file()) or file.absolute().is_relative_to("/dev"):
            file.write_bytes(data)
            return
        target = file.resolve() if file.is_symlink() else file
        _write_beside(target, data)
    except OSError as error:
        raise cannot_write(file, error) from None


def cannot_write(file: Path, error: OSError) -> OutputError:
    """Return what is raised when the system refuses to write a file."""
    advice = _ADVICE.get(error.errno or 0, "choose another place, or mend this one")
    return OutputError(f"cannot write {file}: {error.strerror or type(error).__name__}; {advice}")


def aside_of(place: Path) -> Path:
    """Return where this process makes a file or folder before it is moved to its place."""
    return place.with_name(f".{place.name}.{os.getpid()}{PART}")


def sweep(folder: Path) -> None:
    """Remove unfinished files and folders (`aside_of`) of processes that are gone."""
    for part in list(folder.rglob(f".*{PART}")):
        owner = part.name.removesuffix(PART).rpartition(".")[2]
        if not owner.isdecimal() or _runs(int(owner)):
            continue
        if part.is_dir() and not part.is_symlink():
            shutil.rmtree(part, ignore_errors=True)
        else:
            part.unlink(missing_ok=True)


def _write_beside(file: Path, data: bytes) -> None:
    aside = aside_of(file)
    try:
        with aside.open("wb") as opened:
            opened.write(data)
            opened.flush()
            os.fsync(opened.fileno())
        aside.replace(file)
    except OSError:
        aside.unlink(missing_ok=True)
        raise


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:
        return True
    return True
