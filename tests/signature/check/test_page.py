"""The page of a check as a reader's browser gets it."""

import re
from pathlib import Path

import pytest

from signature.check import CheckReport, Finding, Severity, Table, check_study
from signature.check import page as page_module
from signature.check.page import page
from signature.check.report import Line
from tests.made.report_page import (
    Page,
    check_accessible,
    check_ids,
    check_loads_nothing,
    check_template,
)
from tests.made.study_factory import clean

NASTY = "<script>alert('x')</script> & \"co\" {{ 7 * 7 }}"
NAMES = tuple(f"column {i}" for i in range(12))
TABLES = (
    Table(
        name="detection",
        title="Share detected, by plate",
        columns=("marker", "rows", "all", "P1", "P2"),
        rows=(("IL6", 12_345, 0.395, 0.4, None), ("TNF", 30, 0.002, 1.0, 0.0)),
    ),
    Table(
        name="missing",
        title="Share missing",
        columns=("column", "all", "rows"),
        rows=(("age", 0.5, 0.51), ("BMI", 0.004, 0.0)),
    ),
    Table(
        name="ranges",
        title="Values beside the plausible range",
        columns=("column", "unit", "median", "high", "outside"),
        rows=(("IL6", "pg/mL", 2.04, 10_000.0, 3), ("age", None, 0.0001234, None, 0)),
    ),
)


def found(severity, columns=()):
    return Finding(
        severity=severity, code="x", sentence="This is so", action="Do that.", columns=columns
    )


def report(**more):
    given = {
        "study": "made_up",
        "citation": "Nobody 2026",
        **{"rows": 12_345, "people": 300, "columns": 21, "markers": 20},
        **{"site": "hospital", "batch": "plate", "outcome": None},
        "read": (Line(where="a.csv", what="rows in the file", rows=10_000),),
        "findings": (
            found(Severity.ERROR, NAMES),
            found(Severity.WARNING, NAMES[:9]),
            found(Severity.NOTE),
        ),
        "tables": TABLES,
    }
    return CheckReport(**given | more)


REPORTS = {
    "of a study": lambda: check_study(clean(1), site="hospital", title="A title"),
    "of everything": report,
    "of nothing": lambda: report(
        **dict.fromkeys(("rows", "people", "columns", "markers"), 0),
        **dict.fromkeys(("read", "findings", "tables"), ()),
        **dict.fromkeys(("site", "batch"), None),
        citation="",
    ),
}


@pytest.fixture(params=REPORTS)
def html(request):
    return page(REPORTS[request.param]())


def table(html, name):
    """Return the cells of a table, with the class of each."""
    section = html[html.index(f'<section id="{name}"') :]
    body = re.search(r"<tbody>(.*?)</tbody>", section, flags=re.DOTALL)[1]
    rows = re.findall(r"<tr>(.*?)</tr>", body, flags=re.DOTALL)
    return [re.findall(r'<td(?: class="(\w+)")?>(.*?)</td>', row) for row in rows]


def test_nothing_is_loaded_and_nothing_runs(html):
    check_loads_nothing(html)
    Page(html)


def test_ids_are_unique_and_references_resolve(html):
    check_ids(html)


def test_is_accessible(html):
    tables, drawings = check_accessible(html)
    assert tables >= 1
    assert drawings == 0
    # what scrolls is reached by keyboard, and has a name
    regions = [a for _, a in Page(html).tags if "scroll" in a.get("class", "").split()]
    assert len(regions) == tables
    assert all(a["tabindex"] == "0" and a["role"] == "region" for a in regions)
    assert all(a["aria-label"] for a in regions)


def test_the_template_holds_no_arithmetic():
    check_template(Path(page_module.__file__).with_name("check.html"))


def test_a_page_is_whole():
    html = page(REPORTS["of a study"]())
    read = Page(html)
    assert read.open == []
    assert sum(t == "th" and a.get("scope") in ("col", "row") for t, a in read.tags) > 30
    assert "<title>Check of made_up</title>" in html
    assert "A title" in read.words()
    assert html.endswith("</html>\n")


def test_the_verdict_comes_first():
    words = Page(page(report())).words("verdict")
    assert "1 error, 1 warning, 1 note." in words
    assert "Compared by: site (hospital), plate." in words
    assert "Rows12 345" in words
    assert "Columns21 markers among them: 20" in words
    assert '<div class="verdict">' in page(report())
    assert '<div class="verdict yes">' in page(report(findings=(found(Severity.WARNING),)))
    assert "Compared by nothing." in Page(page(REPORTS["of nothing"]())).words("verdict")


def test_findings_stand_under_their_severity():
    read = Page(page(report()))
    shown = [a["id"] for t, a in read.tags if t == "section"]
    assert shown == ["verdict", "errors", "warnings", "notes", "read", *(t.name for t in TABLES)]
    assert [a["class"] for t, a in read.tags if t == "li" and "class" in a] == [
        "severity-error", "severity-warning", "severity-note"
    ]  # fmt: skip
    assert "Error. This is so. Do that." in read.words("errors")
    # ten columns are too many for a sentence, nine are not
    assert "All 12 columns column 0, column 1" in read.words("errors")
    assert "All" not in read.words("warnings")
    assert [t for t, _ in read.tags].count("details") == 1


def test_shares_and_values_that_matter_are_marked():
    html = page(report())
    assert table(html, "detection") == [
        [("", "12\u202f345"), ("low", "40 %"), ("", "40 %"), ("", "–")],
        [("", "30"), ("low", "&lt; 1 %"), ("", "100 %"), ("low", "0 %")],
    ]
    # a site may have the name of another table's column
    assert table(html, "missing") == [
        [("", "50 %"), ("low", "51 %")],
        [("", "&lt; 1 %"), ("", "0 %")],
    ]
    assert table(html, "ranges") == [
        [("text", "pg/mL"), ("", "2.04"), ("", "10\u202f000"), ("low", "3")],
        [("", "–"), ("", "1.23e−4"), ("", "–"), ("", "0")],
    ]
    words = Page(html).words("detection")
    assert "2 rows; shares below 40 % are marked" in words
    assert re.search(r'<th scope="col" class="text">unit</th>', html)
    assert "1 row;" in page(
        report(tables=(TABLES[0].model_copy(update={"rows": TABLES[0].rows[:1]}),))
    )


def test_every_name_is_escaped():
    finding = Finding(
        severity=Severity.ERROR, code="x", sentence=NASTY, action=NASTY, columns=(NASTY,) * 10
    )
    named = Table(name="ranges", title=NASTY, columns=(NASTY,) * 2, rows=((NASTY, NASTY),))
    html = page(
        report(
            **dict.fromkeys(("study", "title", "citation", "site", "batch", "outcome"), NASTY),
            read=(Line(where=NASTY, what=NASTY, rows=1),),
            findings=(finding,),
            tables=(named,),
        )
    )
    check_loads_nothing(html)
    check_accessible(html)
    check_ids(html)
    read = Page(html)
    # title, heading, title of the study, citation; three compared by and the entry of the table;
    # sentence, action, columns; two cells; heading, two heads and two cells of the table
    seen = {section: read.words(section).count(NASTY) for section in read.text}
    assert seen == {"head": 4, "verdict": 4, "errors": 12, "read": 2, "ranges": 5}
