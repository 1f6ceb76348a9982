"""What a check found: findings for a person to act on, tables to look at."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum
from typing import Literal

from signature.records.base import Record


class Severity(StrEnum):
    """How much a finding matters."""

    ERROR = "error"
    """Do not analyse before this is settled."""
    WARNING = "warning"
    """May lead an analysis astray."""
    NOTE = "note"
    """Worth knowing."""


class Finding(Record):
    """One thing that is wrong or doubtful.

    Neither sentence names a person or repeats one person's value.
    """

    severity: Severity
    code: str
    """A fixed word for what was found, for programs."""
    sentence: str
    action: str
    """What to do."""
    columns: tuple[str, ...] = ()
    counts: dict[str, float] = {}


class Line(Record):
    """One line of what was read or left out."""

    where: str
    what: str
    rows: int


class Table(Record):
    """Numbers behind the findings; the first column names the rows."""

    name: str
    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str | float | None, ...], ...]


class CheckReport(Record):
    """All that a check says about a study."""

    version: Literal[1] = 1
    study: str
    title: str = ""
    """As the study dictionary gives it."""
    citation: str
    rows: int
    people: int
    columns: int
    markers: int
    site: str | None
    """What stands for the site, None when nothing does; likewise the next two."""
    batch: str | None
    outcome: str | None
    read: tuple[Line, ...]
    findings: tuple[Finding, ...]
    tables: tuple[Table, ...]

    def count(self, severity: Severity) -> int:
        """Return how many findings have a severity."""
        return sum(f.severity is severity for f in self.findings)


def listed(names: Iterable[str], at_most: int = 8) -> str:
    """Join names for a sentence, the first few only.

    Examples
    --------
    >>> listed(["IL6", "TNF"]), listed("abcde", at_most=2)
    ('IL6, TNF', 'a, b and 3 more')
    """
    every = list(names)
    if len(every) <= at_most + 1:
        return ", ".join(every)
    return f"{', '.join(every[:at_most])} and {len(every) - at_most} more"


def percent(share: float) -> str:
    """Write a share in per cent, with a blank at which no line breaks.

    Examples
    --------
    >>> percent(0.256).split()
    ['26', '%']
    """
    return f"{100 * share:.0f}\u00a0%"


def several(number: int, one: str, many: str = "") -> str:
    """Write a count with its noun.

    Examples
    --------
    >>> several(1, "row"), several(1200, "row"), several(2, "person", "people")
    ('1 row', '1,200 rows', '2 people')
    """
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def by_column(
    code: str,
    sentence: str,
    counts: Mapping[str, float],
    action: str,
    *,
    written: Callable[[float], str] = percent,
    severity: Severity = Severity.WARNING,
) -> Finding:
    r"""Make a finding about some columns, with a number for each.

    Parameters
    ----------
    code, action, severity
        As of `Finding`.
    sentence : str
        Without its list of columns, which is added.
    counts : mapping of str to float
        Number by column, in the order in which they are listed.
    written : callable
        Prints a number, in brackets behind its column; a share in per cent by default.

    Examples
    --------
    >>> by_column("low", "Rarely detected", {"IL5": 0.25}, "Leave them out.").sentence
    'Rarely detected: IL5 (25\xa0%)'
    """
    return Finding(
        severity=severity,
        code=code,
        sentence=f"{sentence}: " + listed(f"{n} ({written(c)})" for n, c in counts.items()),
        action=action,
        columns=tuple(counts),
        counts=dict(counts),
    )


def largest_first(counts: Mapping[str, float]) -> dict[str, float]:
    """Sort columns by their number.

    Examples
    --------
    >>> largest_first({"IL6": 1.0, "TNF": 2.0})
    {'TNF': 2.0, 'IL6': 1.0}
    """
    return dict(sorted(counts.items(), key=lambda item: -item[1]))
