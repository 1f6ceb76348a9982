"""The same object as the same bytes: skops files without the time and the addresses of a run.

skops names the parts of an object by where they lay in memory, and a zip file notes when its
members were written. Here parts are numbered as they are met, and the time is a fixed one.
"""

from __future__ import annotations

import io
import json
import re
from typing import Any
from zipfile import ZIP_STORED, ZipFile, ZipInfo

_SCHEMA = "schema.json"
_EPOCH = (1980, 1, 1, 0, 0, 0)


def canonical(data: bytes) -> bytes:
    """Return a skops file that depends on its content alone.

    Parameters
    ----------
    data : bytes
        As `skops.io.dumps` returns them.
    """
    with ZipFile(io.BytesIO(data)) as old:
        numbering = _Numbering(old)
        schema = numbering.renamed(json.loads(old.read(_SCHEMA)))
        members = {new: old.read(name) for name, new in numbering.files.items()}
    members[_SCHEMA] = json.dumps(schema, indent=2).encode()
    out = io.BytesIO()
    with ZipFile(out, "w", compression=ZIP_STORED) as new_file:
        for name in sorted(members):
            info = ZipInfo(name, date_time=_EPOCH)
            info.create_system = 3  # else the system that writes it is noted
            new_file.writestr(info, members[name])
    return out.getvalue()


class _Numbering:
    """Names of objects and of members, in the order in which they are met."""

    def __init__(self, file: ZipFile) -> None:
        self._file = file
        self._objects: dict[int, int] = {}
        self._count = 0
        self.files: dict[str, str] = {}

    def renamed(self, part: Any) -> Any:
        """Return a part of the schema with its names replaced."""
        if isinstance(part, list):
            return [self.renamed(p) for p in part]
        if not isinstance(part, dict):
            return part
        # the order of a set's members depends on the process
        if part.get("__loader__") == "SetNode":
            part = part | {"content": sorted(part["content"], key=_words)}
        elif part.get("__class__") == "frozenset" and "__loader__" in part:
            (members,) = part["content"]["content"]
            ordered = members | {"content": sorted(members["content"], key=_words)}
            part = part | {"content": part["content"] | {"content": [ordered]}}
        new: dict[str, Any] = {}
        for key, value in part.items():
            if key == "__id__":
                new[key] = self._object(value, shared=part.get("__loader__") != "JsonNode")
            elif key == "file" and isinstance(value, str) and "__loader__" in part:
                new[key] = self._member(value)
            else:
                new[key] = self.renamed(value)
        return new

    def _object(self, address: int, shared: bool) -> int:
        # whether two equal words are one object depends on the process, and means nothing
        if shared and address in self._objects:
            return self._objects[address]
        self._count += 1
        if shared:
            self._objects[address] = self._count
        return self._count

    def _member(self, name: str) -> str:
        if name not in self.files:
            self.files[name] = f"{len(self.files) + 1}.{name.rpartition('.')[2]}"
        return self.files[name]


def _words(member: dict[str, Any]) -> str:
    """Return what a member of a set says, without where it lay."""
    return re.sub(r'"__id__": \d+', "", json.dumps(member, sort_keys=True))
