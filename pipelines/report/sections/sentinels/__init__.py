"""What was looked at for leakage, and what a person has to look at."""

from __future__ import annotations

from dataclasses import dataclass

from pipelines.fit.results_folder import Results
from signature.records.sentinels import Status

TITLE = "Leakage sentinels"
ORDER = 35

_NAMES = {
    "person_on_both_sides": "A person in training and test",
    "twins_across_folds": "The same measurements under two persons",
    "perfect_feature": "A feature that tells the outcome all but perfectly",
    "outcome_source": "A feature that the outcome is made from",
    "plate_tells_outcome": "Plates that tell the outcome",
    "missingness_tells_outcome": "Missing values that tell the outcome",
    "scaled_before_folds": "Columns that were standardised before the folds",
    "canary": "A random column learned anew in every fold",
}
_ORDER: tuple[Status, ...] = ("failed", "look", "passed", "not applicable")


@dataclass(frozen=True)
class SentinelLine:
    """One thing that was looked at, by its name in words."""

    name: str
    status: Status
    sentence: str


@dataclass(frozen=True)
class SentinelTable:
    """What was looked at for leakage.

    Parameters
    ----------
    sentinels : tuple of SentinelLine
        The worst first.
    failed, look : int
        How many failed, and how many a person has to look at.
    """

    sentinels: tuple[SentinelLine, ...]
    failed: int
    look: int


def summarize(results: Results) -> SentinelTable:
    """Collect the sentinels, the worst first."""
    record = results.sentinels
    lines = sorted(record.sentinels, key=lambda s: _ORDER.index(s.status))
    return SentinelTable(
        sentinels=tuple(SentinelLine(_NAMES[s.name], s.status, s.sentence) for s in lines),
        failed=len(record.of("failed")),
        look=len(record.of("look")),
    )
