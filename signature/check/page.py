"""A check as one self-contained HTML page: no scripts, nothing loaded from elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from signature import __version__
from signature.check.detection import LOW
from signature.check.missing import HALF
from signature.check.report import CheckReport, Finding, Severity, Table
from signature.check.text import by_severity, compared, verdict
from signature.page import render_page
from signature.page.numbers import count, percent

_TEMPLATE = Path(__file__).with_name("check.html")
_NAMED = 9
"""Columns that the sentence of a finding names in full."""

Kind = Literal["absent", "word", "share", "count", "quantity"]


@dataclass(frozen=True)
class Cell:
    """One cell of a table.

    Parameters
    ----------
    kind : {"absent", "word", "share", "count", "quantity"}
        How it is printed.
    value : str, int, float or None
        None where absent.
    marked : bool
        Whether the reader should look at it.
    """

    kind: Kind
    value: str | float | None
    marked: bool = False


@dataclass(frozen=True)
class Row:
    """One row of a table; its name heads it."""

    name: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Numbers:
    """A table of the check as it is printed; `words` are the heads of columns that hold words."""

    name: str
    title: str
    caption: str
    columns: tuple[str, ...]
    words: tuple[str, ...]
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Found:
    """A finding, and the names of its columns where the sentence has no room for all."""

    finding: Finding
    columns: tuple[str, ...]


@dataclass(frozen=True)
class Findings:
    """The findings of one severity."""

    severity: Severity
    heading: str
    found: tuple[Found, ...]


@dataclass(frozen=True)
class CheckPage:
    """What the page prints."""

    report: CheckReport
    verdict: str
    clean: bool
    """Whether there is no error."""
    compared: tuple[str, ...]
    findings: tuple[Findings, ...]
    tables: tuple[Numbers, ...]
    software: str
    """Version of the software."""


def page(report: CheckReport) -> str:
    """Write a check as a page.

    Parameters
    ----------
    report : CheckReport

    Returns
    -------
    str
        A whole HTML document; every name in it is escaped.
    """
    return render_page(_TEMPLATE, **vars(_prepared(report)))


def _prepared(report: CheckReport) -> CheckPage:
    return CheckPage(
        report=report,
        verdict=verdict(report),
        clean=not report.count(Severity.ERROR),
        compared=tuple(compared(report)),
        findings=tuple(
            Findings(found[0].severity, heading, tuple(map(_found, found)))
            for heading, found in by_severity(report)
        ),
        tables=tuple(map(_numbers, report.tables)),
        software=__version__,
    )


def _found(finding: Finding) -> Found:
    return Found(finding, finding.columns if len(finding.columns) > _NAMED else ())


def _numbers(table: Table) -> Numbers:
    columns = zip(table.columns, zip(*table.rows, strict=True), strict=True)
    return Numbers(
        name=table.name,
        title=table.title,
        caption=_caption(table),
        columns=table.columns,
        words=tuple(name for name, cells in columns if any(isinstance(c, str) for c in cells)),
        rows=tuple(_row(table, row) for row in table.rows),
    )


def _caption(table: Table) -> str:
    rows = f"{count(len(table.rows))} {'row' if len(table.rows) == 1 else 'rows'}"
    if table.name == "detection":
        return f"{rows}; shares below {percent(LOW)} are marked"
    if table.name == "missing":
        return f"{rows}; shares above {percent(HALF)} are marked"
    return rows


def _row(table: Table, row: tuple[str | float | None, ...]) -> Row:
    name, *rest = row
    cells = zip(table.columns[1:], rest, strict=True)
    return Row(str(name), tuple(_cell(table.name, column, cell) for column, cell in cells))


def _cell(table: str, column: str, cell: str | float | None) -> Cell:
    if cell is None:
        return Cell("absent", None)
    if isinstance(cell, str):
        return Cell("word", cell)
    if table == "detection" and column != "rows":
        return Cell("share", cell, marked=cell < LOW)
    if table == "missing":
        return Cell("share", cell, marked=cell > HALF)
    marked = column == "outside" and cell > 0
    if float(cell).is_integer():
        return Cell("count", int(cell), marked)
    return Cell("quantity", cell, marked)
