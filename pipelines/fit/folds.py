"""Finished folds: what fitting needs of their keeper, and one that keeps them in memory alone."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import pandas as pd

    from pipelines.fit.store import FittedFold
    from signature.learn.calibration import CalibratedProcedure


class Folds(Protocol):
    """Where fitting puts finished folds, and where what follows finds them."""

    def check_code(self, candidate: str) -> None:
        """Refuse to go on when code that decides a fit was changed meanwhile."""

    def has(self, candidate: str, key: str) -> bool:
        """Whether the fold is finished."""

    def save(
        self, fitted: FittedFold, procedure: CalibratedProcedure, trials: pd.DataFrame
    ) -> None:
        """Keep a finished fold."""

    def load(self, candidate: str, key: str) -> FittedFold:
        """Return what a finished fold found."""

    def procedure(
        self, candidate: str, key: str, trusted: tuple[str, ...] = ()
    ) -> CalibratedProcedure:
        """Return the fitted procedure of a finished fold."""


@dataclass(frozen=True)
class FoldsInMemory:
    """The folds of one small run, forgotten with it: nothing is written and read again.

    Whoever uses it checks the code at the run's start and end.
    """

    _kept: dict[tuple[str, str], tuple[FittedFold, CalibratedProcedure]] = field(
        default_factory=dict
    )

    def check_code(self, candidate: str) -> None:
        """Pass: the run is looked at as a whole."""

    def has(self, candidate: str, key: str) -> bool:
        """Whether the fold is finished."""
        return (candidate, key) in self._kept

    def save(
        self, fitted: FittedFold, procedure: CalibratedProcedure, trials: pd.DataFrame
    ) -> None:
        """Keep a finished fold; its parameter sets are not asked for again."""
        self._kept[fitted.candidate, fitted.key] = fitted, procedure

    def load(self, candidate: str, key: str) -> FittedFold:
        """Return what a finished fold found."""
        return self._kept[candidate, key][0]

    def procedure(
        self, candidate: str, key: str, trusted: tuple[str, ...] = ()
    ) -> CalibratedProcedure:
        """Return the fitted procedure of a finished fold."""
        return self._kept[candidate, key][1]
