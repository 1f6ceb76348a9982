"""What a model folder holds, by SHA-256: whatever was changed in it since is refused.

The manifest lists every file of the folder, and the card holds the manifest's digest. The card is
listed as it is without that line, since the one cannot hold the other's digest both ways.
"""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path

from signature.exceptions import ModelFileError

MANIFEST = "manifest.json"
CARD = "model.json"


def manifest_of(folder: Path, blank_card: bytes) -> bytes:
    """Return the manifest of a folder's files as they are.

    Parameters
    ----------
    folder : Path
    blank_card : bytes
        The card without the manifest's digest.
    """
    digests = {CARD: _digest(blank_card)}
    for name in _names(folder) - {CARD, MANIFEST}:
        digests[name] = _digest((folder / name).read_bytes())
    told = {"version": 1, "files": dict(sorted(digests.items()))}
    return (json.dumps(told, indent=1) + "\n").encode()


def check_folder(folder: Path, blank_card: bytes, digest: str) -> None:
    """Refuse a folder that is not as it was written.

    Parameters
    ----------
    folder : Path
    blank_card : bytes
        The card without the manifest's digest.
    digest : str
        Of the manifest, as the card says.

    Raises
    ------
    ModelFileError
        Naming the file that changed, is missing or was added.
    """
    file = folder / MANIFEST
    if not file.is_file():
        raise _refusal(folder, f"{MANIFEST!r} is missing")
    written = file.read_bytes()
    if _digest(written) != digest:
        raise _refusal(folder, f"{MANIFEST!r} or {CARD!r} has changed")
    listed = set(json.loads(written)["files"])
    there = _names(folder) - {MANIFEST}
    if missing := sorted(listed - there):
        raise _refusal(folder, f"{missing[0]!r} is missing")
    if added := sorted(there - listed):
        raise _refusal(folder, f"{added[0]!r} was added")
    if written != (now := manifest_of(folder, blank_card)):
        files = json.loads(now)["files"]
        changed = sorted(n for n, d in json.loads(written)["files"].items() if files[n] != d)
        raise _refusal(folder, f"{changed[0] if changed else MANIFEST!r} has changed")


def _refusal(folder: Path, what: str) -> ModelFileError:
    return ModelFileError(
        f"the model in {folder} is not as it was written: {what}; copy the whole folder again from "
        "where it was made, and use no model that somebody has edited"
    )


def _names(folder: Path) -> set[str]:
    return {str(p.relative_to(folder).as_posix()) for p in folder.rglob("*") if not p.is_dir()}


def _digest(content: bytes) -> str:
    return sha256(content).hexdigest()
