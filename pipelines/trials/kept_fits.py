"""The finished fits of a trial on disk, so that a killed run goes on where it was."""

from __future__ import annotations

import io
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pipelines.fit.sealed import DamagedError, discard_damaged, is_whole, read_sealed, write_sealed
from signature.exceptions import ResultsError


@dataclass(frozen=True)
class KeptFits:
    """The finished fits of one trial, by name, each an array of held-out predictions.

    Parameters
    ----------
    folder : Path
        ``results/<experiment>``.
    mark : str
        The study's fingerprint; fits of another are never read.
    """

    folder: Path
    mark: str

    def path(self, name: str) -> Path:
        """File of one finished fit."""
        return self.folder / "fits" / self.mark[:16] / name

    def missing(self, names: Iterable[str]) -> list[str]:
        """List what has to be fitted; when some of it is damaged, that is said in one line."""
        missing = [name for name in names if not is_whole(self.path(name), self._what(name))]
        discard_damaged(self.path(name) for name in missing)
        return missing

    def save(self, name: str, found: np.ndarray) -> None:
        """Write a finished fit, whole or not at all.

        Raises
        ------
        OutputError
            When it cannot be written.
        """
        content = io.BytesIO()
        np.save(content, found, allow_pickle=False)
        write_sealed(self.path(name), content.getvalue(), self._what(name))

    def load(self, name: str) -> np.ndarray:
        """Read a finished fit.

        Raises
        ------
        ResultsError
            When it is missing or damaged.
        """
        try:
            content = read_sealed(self.path(name), self._what(name))
        except DamagedError:
            raise ResultsError(
                f"{self.path(name)} is no whole fit; run the experiment again, which makes it anew "
                "and keeps the others"
            ) from None
        return np.asarray(np.load(io.BytesIO(content), allow_pickle=False))

    def _what(self, name: str) -> str:
        return f"fit {self.mark} {name}"
