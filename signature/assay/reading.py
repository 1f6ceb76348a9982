"""What happened while a study was read: counts, and what the cohort itself cannot say."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import pandas as pd

LIMITS = ("marker", "plate", "limit", "limits", "above_all")
"""Columns of `Reading.limits`, in order."""

LISTED = ("file", "row", "sample", "rows", "reason")
"""Columns of `Reading.set_aside`, in order."""


@dataclass(frozen=True)
class Note:
    """One line of the account of a reading."""

    where: str
    """File or step."""
    what: str
    """A noun phrase: "measurements read"."""
    rows: int


def set_aside_notes(where: str, set_aside: pd.DataFrame) -> list[Note]:
    """Return one note per reason, the commonest first.

    Parameters
    ----------
    where : str
        File or step.
    set_aside : DataFrame
        With a column ``reason``, one row per row that was not used.
    """
    reasons = set_aside["reason"].value_counts()
    return [Note(where, f"set aside: {reason}", int(n)) for reason, n in reasons.items()]


def listed(lists: Iterable[pd.DataFrame]) -> pd.DataFrame:
    """Put lists of what is not used below each other, under the columns `LISTED`."""
    filled = [own.reindex(columns=list(LISTED)).astype("object") for own in lists if len(own)]
    return pd.concat(filled, ignore_index=True) if filled else pd.DataFrame(columns=list(LISTED))


@dataclass(frozen=True)
class Repeats:
    """Samples that were measured for one marker more than once."""

    samples: int = 0
    measurements: int = 0
    differing: int = 0
    """Measurements that differ by more than a tenth (NPX: 0.15), or only partly below a limit."""
    rule: str = "refuse"


@dataclass(frozen=True, eq=False, repr=False)
class Reading:
    """The account of a reading.

    Parameters
    ----------
    notes : tuple of Note
        In the order of reading.
    findings : tuple of str
        What a reader found doubtful and used, one sentence each.
    unknown : tuple of str
        Analytes that the vocabulary does not know, kept under their own name.
    limits : DataFrame
        Columns `LIMITS`: per marker and plate the lower limit (the largest where there are
        several), how many different ones there are, and whether it lies above every number that
        the other plates hold.
    repeats : Repeats
    set_aside : DataFrame
        Columns `LISTED`: what is not used, by its line in the file, or by its sample with the
        number of its rows; and why.
    """

    notes: tuple[Note, ...] = ()
    findings: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    limits: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=list(LIMITS)))
    repeats: Repeats = Repeats()
    set_aside: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=list(LISTED)))

    def __repr__(self) -> str:
        # the default would print lines of people into logs
        return f"Reading({len(self.notes)} notes, {len(self.set_aside)} rows set aside)"
