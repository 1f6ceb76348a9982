"""A check as plain text, for a terminal or a mail."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from signature.check.report import CheckReport, Finding, Severity, several

WIDTH = 88
HEADINGS = {
    Severity.ERROR: "Errors: settle these before any analysis",
    Severity.WARNING: "Warnings: these may lead an analysis astray",
    Severity.NOTE: "Notes",
}


def summary(report: CheckReport) -> str:
    """Write the findings by severity, then what was read.

    Parameters
    ----------
    report : CheckReport

    Returns
    -------
    str
        Lines of at most 88 characters, unless a name is longer.
    """
    about = textwrap.wrap(report.title, WIDTH)
    title = f"Study {report.study}: {', '.join(_sizes(report))}"
    by = f"Compared by: {', '.join(compared(report)) or 'nothing'}"
    lines = [title, *about, by, "", verdict(report)]
    for heading, found in by_severity(report):
        lines += ["", heading, "-" * len(heading)]
        for finding in found:
            sentence = textwrap.wrap(
                f"{finding.sentence}.", WIDTH, initial_indent="* ", subsequent_indent="  "
            )
            action = textwrap.wrap(
                finding.action, WIDTH, initial_indent="  -> ", subsequent_indent="     "
            )
            lines += [*sentence, *action]
    heading = "What was read"
    lines += ["", heading, "-" * len(heading)]
    wide = max(len(f"{line.rows:,}") for line in report.read)
    where = ""
    for line in report.read:
        if line.where != where:
            where = line.where
            lines.append(where)
        lines.append(f"  {line.rows:>{wide},}  {line.what}")
    return "\n".join(lines)


def verdict(report: CheckReport) -> str:
    """Say in one line how many findings there are.

    Examples
    --------
    >>> empty = dict(study="s", citation="", rows=0, people=0, columns=0, markers=0, site=None,
    ...              batch=None, outcome=None, read=(), findings=(), tables=())
    >>> verdict(CheckReport(**empty))
    'No errors, no warnings, no notes.'
    """
    words = []
    for severity in Severity:
        count = report.count(severity)
        words.append(several(count, severity.value) if count else f"no {severity.value}s")
    sentence = ", ".join(words)
    return f"{sentence[0].upper()}{sentence[1:]}."


def by_severity(report: CheckReport) -> Iterator[tuple[str, list[Finding]]]:
    """Return the findings under the heading of their severity, the worst first."""
    for severity, heading in HEADINGS.items():
        found = [f for f in report.findings if f.severity is severity]
        if found:
            yield heading, found


def compared(report: CheckReport) -> list[str]:
    """Return what stands for site, plate and outcome; without those that nothing stands for."""
    named = {"site": report.site, "plate": report.batch, "outcome": report.outcome}
    return [name if word == name else f"{word} ({name})" for word, name in named.items() if name]


def _sizes(report: CheckReport) -> list[str]:
    return [
        several(report.rows, "row"),
        several(report.people, "person", "people"),
        several(report.columns, "column"),
        several(report.markers, "marker"),
    ]
