"""What every part of a run's files is made of."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict


class Record(BaseModel):
    """A part of a JSON file: never changed once made, and an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    def write(self, file: Path) -> None:
        """Write it as a file of its own, one line per value."""
        file.write_text(self.model_dump_json(indent=1) + "\n", encoding="utf-8")
