"""``sentinels.json``: what was looked at for leakage before a result is believed."""

from __future__ import annotations

from typing import Literal

from signature.records.base import Record

Status = Literal["passed", "look", "failed", "not applicable"]
"""``look``: may be harmless, and a person must say why. ``failed``: the result must not be believed
before it is settled."""

SentinelName = Literal[
    "person_on_both_sides",
    "twins_across_folds",
    "perfect_feature",
    "outcome_source",
    "plate_tells_outcome",
    "missingness_tells_outcome",
    "scaled_before_folds",
    "canary",
]


class Sentinel(Record):
    """One thing that was looked at; the sentence has counts and columns, never a person's value."""

    name: SentinelName
    status: Status
    sentence: str
    columns: tuple[str, ...] = ()
    """That the sentence is about."""
    numbers: dict[str, float] = {}


class Sentinels(Record):
    """All of ``sentinels.json``: nothing of a person."""

    version: Literal[1] = 1
    experiment: str
    people: int
    rows: int
    folds: int
    sentinels: tuple[Sentinel, ...]

    def of(self, status: Status) -> tuple[Sentinel, ...]:
        """Those with a status, in the order in which they were looked at."""
        return tuple(s for s in self.sentinels if s.status == status)

    @property
    def worst(self) -> Status:
        """``failed`` if any failed, else ``look`` if any is to be looked at, else ``passed``."""
        found = {s.status for s in self.sentinels}
        return "failed" if "failed" in found else "look" if "look" in found else "passed"
