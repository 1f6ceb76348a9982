"""A check as one self-contained HTML page: no scripts, nothing loaded from elsewhere."""

from __future__ import annotations

from html import escape

from signature.check.detection import LOW
from signature.check.missing import HALF
from signature.check.report import CheckReport, Finding, Table, percent
from signature.check.text import by_severity, compared, sizes, verdict

_STYLE = """
:root { color-scheme: light dark; --ink: #1c2228; --paper: #fff; --soft: #5b6670;
  --line: #d4dae0; --band: #f4f6f8; --error: #b3261e; --warning: #8a5a00; --note: #2f5d8a; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6eaee; --paper: #14181c; --soft: #9aa6b2;
  --line: #353d45; --band: #1c2228; --error: #ff8a80; --warning: #f0b95a; --note: #8fc1f2; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink);
  font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 62rem; margin: 0 auto; padding: 1.5rem 1rem 4rem; }
h1 { font-size: 1.6rem; line-height: 1.25; margin: 0 0 .25rem; overflow-wrap: anywhere; }
h2 { font-size: 1.2rem; margin: 2.25rem 0 .75rem; }
.title { font-size: 1.1rem; margin: .15rem 0; }
.soft { color: var(--soft); margin: .15rem 0; }
.verdict { font-size: 1.1rem; font-weight: 600; margin: 1rem 0 0; }
.finding { border-left: .3rem solid var(--tone); background: var(--band);
  padding: .6rem .9rem; margin: .6rem 0; border-radius: 0 .3rem .3rem 0; }
.finding p { margin: 0; overflow-wrap: anywhere; }
.finding p + p { margin-top: .3rem; color: var(--soft); }
.tag { color: var(--tone); font-weight: 600; }
.error { --tone: var(--error); } .warning { --tone: var(--warning); }
.note { --tone: var(--note); }
details { margin: .3rem 0 0; color: var(--soft); } summary { cursor: pointer; }
.scroll { overflow-x: auto; max-height: 34rem; border: 1px solid var(--line);
  border-radius: .3rem; }
table { border-collapse: collapse; width: 100%; font-size: .9rem;
  font-variant-numeric: tabular-nums; }
caption { text-align: left; font-weight: 600; padding: .5rem .6rem; }
th, td { padding: .25rem .6rem; text-align: right; border-top: 1px solid var(--line);
  white-space: nowrap; }
thead th { position: sticky; top: 0; background: var(--band); border-top: 0; }
tbody th, th:first-child { text-align: left; font-weight: 400; }
thead th:first-child { font-weight: 600; }
.low { color: var(--error); font-weight: 600; }
td.text, th.text { text-align: left; }
"""

_SHARES = {
    "detection": f"shares below {percent(LOW)} are marked",
    "missing": f"shares above {percent(HALF)} are marked",
}
_COUNTS = ("rows", "people")


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
    title = f"Check of {report.study}"
    body = [
        f"<h1>{escape(title)}</h1>",
        f'<p class="title">{escape(report.title)}</p>' if report.title else "",
        f'<p class="soft">{escape(report.citation)}</p>' if report.citation else "",
        f'<p class="soft">{_size(report)}</p>',
        f'<p class="verdict">{escape(verdict(report))}</p>',
        *_findings(report),
        _read(report),
        *(_table(table) for table in report.tables),
    ]
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<main>\n"
        + "\n".join(part for part in body if part)
        + "\n</main>\n</body>\n</html>\n"
    )


def _size(report: CheckReport) -> str:
    parts = compared(report).items()
    named = [word if word == name else f"{word}: {name}" for word, name in parts]
    return escape(" · ".join([*sizes(report), *named]))


def _findings(report: CheckReport) -> list[str]:
    parts = []
    for heading, found in by_severity(report):
        parts += [f"<h2>{escape(heading)}</h2>", *(_finding(f) for f in found)]
    return parts


def _finding(finding: Finding) -> str:
    tone = finding.severity.value
    sentence = (
        f'<p><span class="tag">{tone.capitalize()}.</span> {escape(finding.sentence)}.</p>'
        f"<p>{escape(finding.action)}</p>"
    )
    if len(finding.columns) > 9:
        names = escape(", ".join(finding.columns))
        sentence += f"<details><summary>All {len(finding.columns)}</summary>{names}</details>"
    return f'<section class="finding {tone}">{sentence}</section>'


def _read(report: CheckReport) -> str:
    rows = "".join(
        f'<tr><th scope="row">{escape(line.where)}</th><td class="text">{escape(line.what)}</td>'
        f"<td>{line.rows:,}</td></tr>"
        for line in report.read
    )
    head = _head("where", text=True) + _head("what", text=True) + _head("rows", text=False)
    return f"<h2>What was read</h2>{_framed('Rows, in the order of reading', head, rows)}"


def _table(table: Table) -> str:
    columns = zip(table.columns, zip(*table.rows, strict=True), strict=True)
    head = "".join(
        _head(name, text=any(isinstance(c, str) for c in cells)) for name, cells in columns
    )
    rows = "".join(_row(table, row) for row in table.rows)
    note = _SHARES.get(table.name)
    caption = f"{len(table.rows)} rows" + (f"; {note}" if note else "")
    return f"<h2>{escape(table.title)}</h2>{_framed(caption, head, rows)}"


def _head(name: str, *, text: bool) -> str:
    kind = ' class="text"' if text else ""
    return f'<th scope="col"{kind}>{escape(name)}</th>'


def _row(table: Table, row: tuple[str | float | None, ...]) -> str:
    first, *rest = row
    cells = []
    for name, cell in zip(table.columns[1:], rest, strict=True):
        share = table.name in _SHARES and name not in _COUNTS
        odd = False
        if share and isinstance(cell, float):
            odd = cell < LOW if table.name == "detection" else cell > HALF
        odd = odd or (name == "outside" and bool(cell))
        kind = ' class="low"' if odd else ' class="text"' if isinstance(cell, str) else ""
        cells.append(f"<td{kind}>{escape(_cell(cell, share=share))}</td>")
    return f'<tr><th scope="row">{escape(str(first))}</th>{"".join(cells)}</tr>'


def _cell(cell: str | float | None, *, share: bool) -> str:
    if cell is None:
        return "–"
    if isinstance(cell, str):
        return cell
    if share:
        return percent(cell)
    if float(cell).is_integer():
        return f"{cell:,.0f}"
    return f"{cell:.3g}" if abs(cell) < 1000 else f"{cell:,.0f}"


def _framed(caption: str, head: str, rows: str) -> str:
    # a region that scrolls must be reachable by keyboard
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{escape(caption)}"><table>'
        f"<caption>{escape(caption)}</caption><thead><tr>{head}</tr></thead>"
        f"<tbody>{rows}</tbody></table></div>"
    )
