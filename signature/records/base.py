"""What every part of a run's files is made of."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict

from signature.writing import write_whole


class Record(BaseModel):
    """A part of a JSON file: never changed once made, and an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    def write(self, file: Path) -> None:
        """Write it as a file of its own, one line per value, whole or not at all.

        Raises
        ------
        OutputError
            When the file cannot be written.
        """
        write_whole(file, self.model_dump_json(indent=1) + "\n")
