"""The files that a study dictionary names lie in its own folder, wherever links lead."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from signature.assay.dictionary import Dictionary
from signature.exceptions import StudyError


def check_places(file: Path, folder: Path, told: Dictionary, within: Path) -> None:
    """Refuse a dictionary that names a file elsewhere.

    Parameters
    ----------
    file : Path
        The study dictionary, for messages.
    folder : Path
        What the names are relative to.
    told : Dictionary
    within : Path
        The folder in which every file has to lie once links are followed.

    Raises
    ------
    StudyError
        When one does not.
    """
    root = within.resolve()
    for key, name in _named(told):
        try:
            inside = (folder / name).resolve().is_relative_to(root)
        except (OSError, RuntimeError, ValueError):
            # links in a circle, names too long, zero bytes
            raise StudyError(
                f"{file.name}: {key} = {str(name)!r} is no name of a file; check it"
            ) from None
        if not inside:
            raise StudyError(
                f"{file.name}: {key} = {str(name)!r} leads out of the folder of the "
                "study; put the file into it, or say with --within which folder files may lie in"
            )


def _named(told: Dictionary) -> Iterator[tuple[str, Path]]:
    """Yield every key that names a file, and the name from the folder on."""
    for number, assay in enumerate(told.assays, start=1):
        yield f"assays.{number}.file", Path(assay.file)
        if assay.layout.limits is not None:
            limits = Path(assay.file).parent / assay.layout.limits.file
            yield f"assays.{number}.layout.limits.file", limits
    if told.people is not None:
        yield "people.file", Path(told.people.file)
