"""What pages name is there: links, files, modules, targets; and every page is linked to."""

import ast
import re
from importlib.util import find_spec

import pytest

from tests.made.checkout import REPO
from tests.made.pages import DOCS, PAGES, README, anchors, blocks, name_of, quoted, text_of

LINK = re.compile(r"\]\(([^)\s]+)\)")
PATH = re.compile(
    r"(?<![\w./<-])((?:signature|pipelines|models|experiments|tests|docs|\.ci)/[\w./<>*-]*)"
)
COMMAND = re.compile(r"python -m ([\w.]+)")
TARGET = re.compile(r"(?:^|`)make ([a-z][\w-]*)", re.MULTILINE)
OURS = ("signature", "pipelines", "models", "docs", "experiments")

every_page = pytest.mark.parametrize("page", PAGES, ids=name_of)


def made_up(name: str) -> bool:
    """A placeholder, or a file of the reader's own."""
    return bool(re.search(r"[<>*]|\bmy_", name))


@every_page
def test_links_lead_somewhere(page):
    dead = []
    for target in LINK.findall(text_of(page)):
        if "://" in target:
            continue
        file, _, anchor = target.partition("#")
        to = (page.parent / file).resolve() if file else page
        if not to.exists() or (anchor and anchor not in anchors(to)):
            dead.append(target)
    assert dead == []


@every_page
def test_files_and_folders_that_are_named_exist(page):
    named = {path.rstrip(".") for path in PATH.findall(text_of(page)) if not made_up(path)}
    assert sorted(path for path in named if not (REPO / path).exists()) == []


def test_the_paths_of_a_page_are_found():
    found = PATH.findall("`models/x.py`, (docs/y.md) a/models/z.py models:/m@c signature/<n>.py.")
    assert found == ["models/x.py", "docs/y.md", "signature/<n>.py."]


@every_page
def test_modules_that_are_run_or_imported_exist(page):
    run = {m.rstrip(".") for m in COMMAND.findall(text_of(page))}
    imported = set()
    for block in blocks(page, "python"):
        for node in ast.walk(ast.parse(block)):
            if isinstance(node, ast.ImportFrom):
                imported.add(node.module)
    ours = {m for m in run | imported if m.split(".")[0] in OURS and m != "pipelines"}
    assert sorted(m for m in ours if find_spec(m) is None) == []
    packages = {m for m in run & ours if find_spec(m).submodule_search_locations is not None}
    assert sorted(m for m in packages if find_spec(f"{m}.__main__") is None) == []


@every_page
def test_targets_of_make_that_are_named_exist(page):
    makefile = text_of(REPO / "Makefile")
    for target in TARGET.findall(text_of(page)):
        assert f"\n{target}:" in makefile


def test_every_target_of_make_is_documented():
    (phony,) = re.findall(r"^\.PHONY: (.+)$", text_of(REPO / "Makefile"), re.MULTILINE)
    assert set(phony.split()) == set(TARGET.findall(text_of(DOCS / "commands.md")))


def test_the_readme_leads_to_every_page():
    linked = {(REPO / t.partition("#")[0]).resolve() for t in LINK.findall(text_of(README))}
    assert [name_of(page) for page in PAGES[1:] if page not in linked] == []


def test_pictures_are_there_and_described():
    found = {p: re.findall(r"!\[([^\]]*)\]\(([^)]+)\)", text_of(p)) for p in PAGES}
    assert len(found[README]) == 1
    for page, pictures in found.items():
        for words, file in pictures:
            assert len(words) > 20
            assert (page.parent / file).is_file()


def test_options_are_not_quoted_with_other_dashes():
    """A command that was pasted through a word processor does not run."""
    for page in PAGES:
        assert [q for q in quoted(text_of(page)) if re.search(r"(^|\s)[–—]\w", q)] == []
