"""Finished folds on disk, so that a killed run goes on where it was.

A fold is kept under a fingerprint of everything that decides it: data, experiment, code and
library versions. It is written aside and moved into place in one step, so a folder that is there
is whole.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import shutil
import sys
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pipelines import CHECKOUT
from pipelines.fit.environment import xgboost_version
from pipelines.question.experiment import Experiment
from signature.exceptions import ResultsError
from signature.learn.calibration import CalibratedProcedure
from signature.serve.persistence import load_procedure, save_procedure
from signature.study.cohort import Cohort

_DECIDING_LIBRARIES = ("numpy", "pandas", "scipy", "scikit-learn", "optuna")
_DECIDING_FILES = (
    "pipelines/question/folds.py",
    "pipelines/fit/tuning.py",
    "pipelines/fit/fitting.py",
)
_NOT_DECIDING = (
    "__main__.py",
    "command.py",
    "contributions.py",
    "exceptions.py",
    "equivalents.py",
    "equivalents_record.py",
    "fixed_signature.py",
    "incoming.py",
    "invocation.py",
    "marker_clusters.py",
    "metrics.py",
    "point_score.py",
    "results.py",
    "selection_agreement.py",
    "serving.py",
    "signature_record.py",
)


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
    """SHA-256 over data, experiment, code and libraries: all but the candidate's own file."""
    h = hashlib.sha256()
    h.update(experiment.digest.encode())
    h.update(cohort.digest.encode())
    if references is not None:
        h.update(np.ascontiguousarray(references.to_numpy()).tobytes())
    h.update(code_digest())
    for name in _DECIDING_LIBRARIES:
        h.update(f"{name}{version(name)}".encode())
    h.update(xgboost_version().encode() + sys.version.encode() + platform.machine().encode())
    return h.hexdigest()


def code_digest() -> bytes:
    """Digest of the files that decide a fit, candidates apart."""
    h = hashlib.sha256()
    library = [
        f for f in sorted((CHECKOUT / "signature").glob("*.py")) if f.name not in _NOT_DECIDING
    ]
    for file in [*library, *(CHECKOUT / name for name in _DECIDING_FILES)]:
        h.update(file.name.encode() + hashlib.sha256(file.read_bytes()).digest())
    return h.digest()


class FoldStore:
    """The finished folds of one run.

    Parameters
    ----------
    folder : Path
        ``results/<experiment>``.
    mark : str
        The run's `fingerprint`.

    Notes
    -----
    The code is hashed once, when the store is made: a fit is filed under the code that the launch
    began with, and `check_code` refuses to fit with any other.
    """

    def __init__(self, folder: Path, mark: str) -> None:
        self.mark = mark
        self.root = folder / "folds" / mark[:16]
        self._code = code_digest()
        self._candidates = {
            file.stem: hashlib.sha256(file.read_bytes()).hexdigest()[:8]
            for file in (CHECKOUT / "models").glob("*.py")
        }

    def path(self, candidate: str, key: str) -> Path:
        """Folder of one fitted fold."""
        return self.root / f"{candidate}-{self._candidates[candidate]}" / key

    def check_code(self, candidate: str) -> None:
        """Refuse to go on when files that decide a fit were changed since the launch began.

        Raises
        ------
        ResultsError
        """
        own = hashlib.sha256((CHECKOUT / "models" / f"{candidate}.py").read_bytes()).hexdigest()[:8]
        if own != self._candidates[candidate] or code_digest() != self._code:
            raise ResultsError(
                "the code was changed while the run was going on; start it again, finished folds "
                "of unchanged code are kept"
            )

    def has(self, candidate: str, key: str) -> bool:
        """Whether the fold is finished."""
        return self.path(candidate, key).is_dir()

    def save(
        self, fitted: FittedFold, procedure: CalibratedProcedure, trials: pd.DataFrame
    ) -> None:
        """Write a finished fold, whole or not at all."""
        place = self.path(fitted.candidate, fitted.key)
        aside = place.with_name(f".{place.name}.{os.getpid()}")
        shutil.rmtree(aside, ignore_errors=True)
        aside.mkdir(parents=True)
        save_procedure(procedure, aside / "model.skops")
        arrays = {"probability": fitted.probability, "inner": fitted.inner}
        for name, values in arrays.items():
            np.save(aside / f"{name}.npy", values, allow_pickle=False)
        trials.to_parquet(aside / "trials.parquet")
        facts = {k: v for k, v in asdict(fitted).items() if k not in arrays}
        (aside / "fold.json").write_text(json.dumps(facts, indent=1), encoding="utf-8")
        try:
            aside.rename(place)
        except OSError:
            # another process finished the same fold first; its bits are the same
            if not place.is_dir():
                raise
            shutil.rmtree(aside)

    def load(self, candidate: str, key: str) -> FittedFold:
        """Read what a finished fold found."""
        place = self.path(candidate, key)
        facts = json.loads((place / "fold.json").read_text(encoding="utf-8"))
        arrays = {name: np.load(place / f"{name}.npy") for name in ("probability", "inner")}
        return FittedFold(**facts, **arrays)

    def trials(self, candidate: str, key: str) -> pd.DataFrame:
        """Read the parameter sets that a finished fold tried."""
        return pd.read_parquet(self.path(candidate, key) / "trials.parquet")

    def procedure(
        self, candidate: str, key: str, trusted: tuple[str, ...] = ()
    ) -> CalibratedProcedure:
        """Read the fitted procedure of a finished fold."""
        return load_procedure(self.path(candidate, key) / "model.skops", trusted)
