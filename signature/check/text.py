"""A check as plain text, for a terminal or a mail."""

from __future__ import annotations

import textwrap

from signature.check.report import CheckReport, Severity, several

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
    lines = [_title(report), *about, _compared(report), "", verdict(report)]
    for severity, heading in HEADINGS.items():
        found = [f for f in report.findings if f.severity is severity]
        if found:
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


def _title(report: CheckReport) -> str:
    return (
        f"Study {report.study}: {several(report.rows, 'row')}, "
        f"{several(report.people, 'person', 'people')}, {several(report.columns, 'column')}, "
        f"{several(report.markers, 'marker')}"
    )


def _compared(report: CheckReport) -> str:
    parts = {"site": report.site, "plate": report.batch, "outcome": report.outcome}
    known = [name if word == name else f"{word} ({name})" for word, name in parts.items() if name]
    return f"Compared by: {', '.join(known)}" if known else "Compared by: nothing"
