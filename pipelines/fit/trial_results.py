"""What a trial experiment left, read from its ``trial.json``."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from pydantic import ValidationError

from signature.effect.trial_record import TrialRecord
from signature.exceptions import ResultsError

RECORD = "trial.json"


@dataclass(frozen=True)
class TrialResults:
    """What a trial experiment left in ``results/<experiment>/``.

    Parameters
    ----------
    folder : Path
    """

    folder: Path

    @cached_property
    def record(self) -> TrialRecord:
        """Everything that was found.

        Raises
        ------
        ResultsError
            When the file is missing, damaged, or of another version.
        """
        file = self.folder / RECORD
        again = f"python -m pipelines.train experiments/{self.folder.name}.toml"
        try:
            return TrialRecord.model_validate_json(file.read_bytes())
        except FileNotFoundError:
            raise ResultsError(f"{file} is missing; make it with: {again}") from None
        except (ValidationError, OSError) as error:
            raise ResultsError(
                f"{file} is damaged or of another version ({type(error).__name__}); make it again "
                f"with: {again}"
            ) from None


def has_trial(folder: Path) -> bool:
    """Whether a results folder is of a trial experiment."""
    return (folder / RECORD).is_file()
