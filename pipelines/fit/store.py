"""Finished folds on disk, so that a killed run goes on where it was.

A fold is kept under a fingerprint of everything that decides it: data, experiment, code and
library versions. It is written aside, sealed with checksums and moved into place in one step; one
that is not what was written is fitted again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pipelines.fit.digest import code_digest, library_digest
from pipelines.fit.sealed import discard_damaged, is_sealed, sealed_folder
from signature.discovery import names
from signature.exceptions import ModelFileError, ResultsError
from signature.learn.calibration import CalibratedProcedure
from signature.serve.persistence import load_procedure, save_procedure
from signature.study.cohort import Cohort

if TYPE_CHECKING:
    from pipelines.question.experiment import Experiment

FITTING = ("pipelines.question.study", "pipelines.fit.fitting")
"""What holds people out, and what fits the others."""


@dataclass(frozen=True)
class FittedFold:
    """What fitting one candidate on one training set left.

    Parameters
    ----------
    probability : ndarray of shape (n_held_out,)
    inner : ndarray of shape (n_train,)
        Of the training rows, from the inner folds' models: what a threshold may be chosen from.
    """

    candidate: str
    key: str
    params: dict[str, Any]
    inner_loss: float
    probability: np.ndarray
    inner: np.ndarray
    warnings: dict[str, int]
    seconds: float


def fingerprint(
    experiment: Experiment, cohort: Cohort, references: pd.DataFrame | None = None
) -> str:
    """SHA-256 over what a run's folds share: data, experiment, code and libraries.

    The code of a candidate is its own folds' alone: `FoldStore` files them under that, too.
    """
    h = hashlib.sha256()
    h.update(experiment.digest.encode())
    h.update(cohort.digest.encode())
    if references is not None:
        h.update(np.ascontiguousarray(references.to_numpy()).tobytes())
    h.update(code_digest(*FITTING).encode())
    h.update(library_digest().encode())
    return h.hexdigest()


class FoldStore:
    """The finished folds of one run.

    Parameters
    ----------
    folder : Path
        ``results/<experiment>``.
    mark : str
        The `fingerprint` that its folds share. Beside it a fold is filed under the code of its
        candidate, so that a candidate that changes is fitted again, alone.

    Notes
    -----
    The code is hashed once, when the store is made: a fit is filed under the code that the launch
    began with, and `check_code` refuses to fit with any other.
    """

    def __init__(self, folder: Path, mark: str) -> None:
        self.mark = mark
        self.root = folder / "folds" / mark[:16]
        self._code = code_digest(*FITTING)
        self._candidates = {name: _code_of(name) for name in names("models")}

    def path(self, candidate: str, key: str) -> Path:
        """Folder of one fitted fold."""
        return self.root / f"{candidate}-{self._candidates[candidate][:8]}" / key

    def run_fingerprint(self, candidates: Iterable[str]) -> str:
        """SHA-256 over all that decides the fits of a run: what its folds share, and candidates."""
        h = hashlib.sha256(self.mark.encode())
        for name in sorted(candidates):
            h.update(f"{name} {self._candidates[name]}\n".encode())
        return h.hexdigest()

    def check_code(self, candidate: str) -> None:
        """Refuse to go on when code that decides a fit was changed since the launch began.

        Raises
        ------
        ResultsError
        """
        same = _code_of(candidate) == self._candidates[candidate]
        if not same or code_digest(*FITTING) != self._code:
            raise ResultsError(
                "the code was changed while the run was going on; start it again, finished folds "
                "of unchanged code are kept"
            )

    def has(self, candidate: str, key: str) -> bool:
        """Whether the fold is finished, and still what was written."""
        return is_sealed(self.path(candidate, key), self._what(candidate, key))

    def discard_damaged(self, folds: Iterable[tuple[str, str]]) -> None:
        """Remove those that are there and not what was written; say so in one line.

        Parameters
        ----------
        folds : iterable of (candidate, key)

        Raises
        ------
        OutputError
            When they cannot be removed.
        """
        discard_damaged(self.path(*fold) for fold in folds if not self.has(*fold))

    def save(
        self, fitted: FittedFold, procedure: CalibratedProcedure, trials: pd.DataFrame
    ) -> None:
        """Write a finished fold, whole or not at all.

        Raises
        ------
        OutputError
            When it cannot be written.
        """
        place = self.path(fitted.candidate, fitted.key)
        with sealed_folder(place, self._what(fitted.candidate, fitted.key)) as aside:
            save_procedure(procedure, aside / "model.skops")
            arrays = {"probability": fitted.probability, "inner": fitted.inner}
            for name, values in arrays.items():
                np.save(aside / f"{name}.npy", values, allow_pickle=False)
            trials.to_parquet(aside / "trials.parquet")
            facts = {k: v for k, v in asdict(fitted).items() if k not in arrays}
            (aside / "fold.json").write_text(json.dumps(facts, indent=1), encoding="utf-8")

    def load(self, candidate: str, key: str) -> FittedFold:
        """Read what a finished fold found.

        Raises
        ------
        ResultsError
            When it is missing or damaged.
        """
        place = self._whole(candidate, key)
        facts = json.loads((place / "fold.json").read_text(encoding="utf-8"))
        arrays = {name: np.load(place / f"{name}.npy") for name in ("probability", "inner")}
        return FittedFold(**facts, **arrays)

    def trials(self, candidate: str, key: str) -> pd.DataFrame:
        """Read the parameter sets that a finished fold tried."""
        return pd.read_parquet(self._whole(candidate, key) / "trials.parquet")

    def procedure(
        self, candidate: str, key: str, trusted: tuple[str, ...] = ()
    ) -> CalibratedProcedure:
        """Read the fitted procedure of a finished fold.

        Raises
        ------
        ModelFileError
            When it is missing, damaged, or holds a type that is not trusted.
        """
        try:
            return load_procedure(self._whole(candidate, key) / "model.skops", trusted)
        except ResultsError as error:
            raise ModelFileError(f"model.skops cannot be read as a fitted model: {error}") from None

    def _whole(self, candidate: str, key: str) -> Path:
        place = self.path(candidate, key)
        if not self.has(candidate, key):
            raise ResultsError(
                f"{place} is {'damaged' if place.exists() else 'missing'}; run the experiment "
                "again, which fits it anew and keeps the others"
            )
        return place

    def _what(self, candidate: str, key: str) -> str:
        return f"fold {self.mark} {candidate} {self._candidates[candidate]} {key}"


def _code_of(candidate: str) -> str:
    return code_digest(f"models.{candidate}")
