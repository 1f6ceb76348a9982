"""A report as a reader's browser gets it, and what every such page must keep to."""

import re
from html.parser import HTMLParser
from itertools import pairwise

from jinja2 import nodes

from pipelines.report.render import SECTION_EXPORTS, render_section
from signature.discovery import load
from signature.page import environment

SECTIONS = "pipelines.report.sections"

VOID = {"meta", "link", "br", "img", "hr", "input"}


class Page(HTMLParser):
    """Tags with their attributes, and visible text by section."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.open, self.text, self.section = [], [], {}, "head"
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)
        if tag == "section":
            self.section = dict(attrs)["id"]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag, f"</{tag}> closes nothing"

    def handle_data(self, data):
        if "style" not in self.open:
            self.text[self.section] = self.text.get(self.section, "") + data

    def words(self, section=None):
        text = self.text[section] if section else " ".join(self.text.values())
        return re.sub(r"\s+", " ", text)


def check_loads_nothing(html):
    """Nothing is loaded from elsewhere, and nothing runs."""
    page = Page(html)
    tags = {tag for tag, _ in page.tags}
    assert not tags & {"script", "link", "iframe", "object", "embed"}
    for tag, attrs in page.tags:
        for name, value in attrs.items():
            assert not name.startswith("on"), f"<{tag} {name}>"
            if name in {"src", "href", "xlink:href", "srcset", "action"}:
                assert value.startswith(("#", "data:image/png;base64,")), f"<{tag} {name}={value}>"
    assert "@import" not in html
    assert not re.search(r"url\((?!#)", html)


def check_ids(html):
    """Ids are unique, and what refers to one finds it."""
    page = Page(html)
    ids = [attrs["id"] for _, attrs in page.tags if "id" in attrs]
    assert len(ids) == len(set(ids))
    for _, attrs in page.tags:
        for name in ("aria-labelledby", "aria-describedby"):
            assert set(attrs.get(name, "").split()) <= set(ids)
        if attrs.get("href", "").startswith("#"):
            assert attrs["href"][1:] in ids


def check_accessible(html):
    """Headings, tables and drawings can be read aloud; return how many tables and drawings."""
    page = Page(html)
    assert ("html", {"lang": "en"}) in page.tags
    heads = [int(t[1]) for t, _ in page.tags if re.fullmatch("h[1-6]", t)]
    assert heads.count(1) == 1
    assert all(b - a <= 1 for a, b in pairwise(heads)), "a level is skipped"
    assert all(a.get("scope") for t, a in page.tags if t == "th")
    tables = sum(t == "table" for t, _ in page.tags)
    assert tables == sum(t == "caption" for t, _ in page.tags)
    drawings = [a for t, a in page.tags if t == "svg"]
    assert all(a["role"] == "img" and a["aria-labelledby"] for a in drawings)
    return tables, len(drawings)


def check_figures(html):
    """Below every figure are its numbers; return how many figures there are."""
    figures = re.findall(r"<figure>.*?</figure>", html, flags=re.DOTALL)
    for figure in figures:
        assert "<svg" in figure
        assert re.search(r"<details>.*<table.*<td>", figure, flags=re.DOTALL)
    return len(figures)


def check_template(file):
    """A template prints numbers and computes none."""
    tree = environment().parse(file.read_text(encoding="utf-8"))
    sums = (nodes.Add, nodes.Sub, nodes.Mul, nodes.Div, nodes.FloorDiv, nodes.Mod, nodes.Pow)
    assert not list(tree.find_all(sums))


def rendered(name, results):
    """Render one section as the report does; None where it leaves itself out.

    All of them take five seconds to draw.
    """
    section = load(SECTIONS, name, SECTION_EXPORTS)
    summary = section.summarize(results)
    return None if summary is None else render_section(name, section, summary)


def keep_sections(monkeypatch, *names):
    """Let a report have these sections alone."""
    kept = {name: load(SECTIONS, name, SECTION_EXPORTS) for name in names}
    monkeypatch.setattr("pipelines.report.render.load_all", lambda *_: kept)
