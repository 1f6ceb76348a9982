"""The pages for readers, README.md and docs/, cut into what tests look at."""

import re
from collections.abc import Iterator
from pathlib import Path

from tests.made.checkout import REPO

README = REPO / "README.md"
DOCS = REPO / "docs"
PAGES = [README, *sorted(DOCS.rglob("*.md"))]

_HEADING = re.compile(r"^#+ +(.+)$", re.MULTILINE)
_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_FIRST_LINE = re.compile(r"^(?:#|\{#) (\S+/\S+\.\w+)")


def name_of(page: Path) -> str:
    return page.relative_to(REPO).as_posix()


def text_of(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def without_blocks(text: str) -> str:
    return _BLOCK.sub("", text)


def blocks(page: Path, language: str) -> list[str]:
    return [body for kind, body in _BLOCK.findall(text_of(page)) if kind == language]


def files_in(page: Path) -> dict[str, str]:
    """Blocks whose first line is a comment with the path of the file that they are."""
    bodies = [body for _, body in _BLOCK.findall(text_of(page))]
    return {found[1]: body for body in bodies if (found := _FIRST_LINE.match(body))}


def sections(page: Path) -> dict[str, str]:
    """What stands under each heading, up to the next one of any level."""
    text = without_blocks(text_of(page))
    headings = list(_HEADING.finditer(text))
    ends = [h.start() for h in headings[1:]] + [len(text)]
    return {h[1].strip(): text[h.end() : end] for h, end in zip(headings, ends, strict=True)}


def anchors(page: Path) -> set[str]:
    """What a link may name after ``#``, as GitHub makes it of headings."""
    return {
        re.sub(r"[^\w\- ]", "", h.lower()).replace(" ", "-")
        for h in _HEADING.findall(without_blocks(text_of(page)))
    }


def rows(text: str) -> Iterator[list[str]]:
    """Cells of the rows of tables, heads and rules left out."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    rules = {n for n, line in enumerate(lines) if line.startswith("|---")}
    for n, line in enumerate(lines):
        if n not in rules and n + 1 not in rules:
            yield [cell.strip() for cell in line.strip("|").split("|")]


def quoted(cell: str) -> list[str]:
    """What stands in backticks."""
    return re.findall(r"`([^`]+)`", cell)
