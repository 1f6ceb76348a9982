"""Fetch the public files of NHANES into a folder, when somebody asks for it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from signature.datasets import _nhanes_files as files
from signature.exceptions import DownloadError

BASE_URL = "https://wwwn.cdc.gov/Nchs/Data/Nhanes/Public/"
"""Where the National Center for Health Statistics keeps the files, each below its first year."""

_TIMEOUT = 60


def fetch(
    folder: str | Path,
    *,
    cycles: Sequence[str] = files.SUBSET,
    base_url: str = BASE_URL,
    reissued: Sequence[str] = (),
    say: Callable[[str], None] = print,
) -> list[Path]:
    """Download the survey's files that a folder lacks, and check every file.

    What is there and right is not fetched again, so that an interrupted call can be repeated. A
    file whose content cannot be checked is reported as "not verified"; its hash is kept in
    ``unverified.sha256`` beside it and compared in later calls and at every load.

    Parameters
    ----------
    folder : str or Path
        Where the files go; made when it is not there.
    cycles : sequence of str
        Letters of the cycles; by default those of the data set `nhanes_antidepressant`. "I" adds
        2015-16.
    base_url : str
        Another server with the same layout.
    reissued : sequence of str
        Files, such as "P_BIOPRO.xpt", of which the source is known to have published a new
        version: accepted as they come, and reported as not verified.
    say : callable
        Receives a line for every file that is not verified, and one at the end.

    Returns
    -------
    list of Path
        All files of these cycles.

    Raises
    ------
    DownloadError
        When the optional package pooch is not installed, the server cannot be reached, lacks a
        file or breaks off, or files are not what they should be: then all of them are named. A
        wrong download is not kept; a wrong file that was there before is left alone.
    """
    wanted = files.files_of(cycles)
    unknown = sorted(set(reissued) - {file.name for file in wanted})
    if unknown:
        raise DownloadError(f"reissued names {', '.join(unknown)}, which these cycles do not have")
    where = Path(folder)
    where.mkdir(parents=True, exist_ok=True)
    there, record, unverified = files.present(where), files.recorded(where), 0
    paths, refused = [], {}
    for file in wanted:
        path = there.get(file.name.lower(), where / file.name)
        new = not path.is_file()
        content = _download(file, where, base_url) if new else path.read_bytes()
        wrong = files.what_is_wrong(file, content, record)
        if wrong and not (file.name in reissued and files.is_transport_file(content)):
            source = f"what {base_url} sent for {file.name}" if new else str(path)
            refused[file.name] = f"{source} {wrong}"
            continue
        if not file.matches(content):
            unverified += 1
            record[file.name] = files.sha256(content)
            _write_record(where, record)
            why = "a version not seen before" if file.verifiable else "no other copy is known"
            say(f"not verified: {file.name} ({why}); its hash is kept in {files.RECORD}")
        if new:
            _put(path, content)
        paths.append(path)
    if refused:
        raise DownloadError(
            "; ".join(refused.values()) + ". Downloads that are wrong were not kept; a wrong file "
            "that was there before must be moved away. Try again, and look whether this is the "
            "survey's server; if the survey has published a new version, call fetch with "
            f"reissued={list(refused)}"
        )
    say(f"{len(paths)} files in {where}, {len(paths) - unverified} of them verified")
    return paths


def _download(file: files.PublicFile, folder: Path, base_url: str) -> bytes:
    try:
        import pooch
    except ImportError:
        raise DownloadError(
            "fetching needs the package pooch: pip install 'immune-signature[data]'"
        ) from None
    url = base_url.rstrip("/") + "/" + file.path
    part = folder / f".{file.name}.part"
    try:
        pooch.HTTPDownloader(timeout=_TIMEOUT)(url, str(part), None)
        return part.read_bytes()
    except OSError as error:
        status = getattr(getattr(error, "response", None), "status_code", None)
        why = f"the server answered {status}" if status else type(error).__name__
        raise DownloadError(
            f"{file.name} could not be fetched from {url} ({why}). Files that arrived are kept; "
            "call fetch again when the server can be reached"
        ) from None
    finally:
        part.unlink(missing_ok=True)


def _put(path: Path, content: bytes) -> None:
    """Write a file so that it has its name only when it is whole."""
    part = path.with_name(f".{path.name}.part")
    part.write_bytes(content)
    part.replace(path)


def _write_record(folder: Path, record: dict[str, str]) -> None:
    lines = [f"{digest}  {name}\n" for name, digest in sorted(record.items())]
    _put(folder / files.RECORD, "".join(lines).encode())
