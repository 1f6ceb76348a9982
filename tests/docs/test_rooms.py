"""The map of rooms is the folders on disk."""

import re
from fnmatch import fnmatch

from tests.made.checkout import REPO
from tests.made.pages import DOCS, README, blocks, quoted, rows, sections, text_of

ARCHITECTURE = sections(DOCS / "architecture.md")
ONE_EACH = {"sections", "trial_sections"}
"""Rooms whose folders are no rooms: one file each, however many there are."""


def folders(top: str) -> list[str]:
    """Packages below one that hold code of their own, as the map writes them."""
    return sorted(
        f"{found.parent.relative_to(REPO).as_posix()}/"
        for found in (REPO / top).glob("*/**/__init__.py")
        if found.parent.parent.name not in ONE_EACH
    )


def test_every_room_is_named_once_and_none_that_is_not_there():
    for top, heading in (("signature", "library"), ("pipelines", "pipelines")):
        named = [quoted(row[0])[0] for row in rows(ARCHITECTURE[f"Rooms of the {heading}"])]
        assert sorted(named) == folders(top)
        assert all(row[1] for row in rows(ARCHITECTURE[f"Rooms of the {heading}"]))


def test_the_readme_names_the_same_rooms():
    (tree,) = blocks(README, "")
    for top in ("signature", "pipelines"):
        after = tree.split(f"{top}/")[1].split(":", 1)[1]
        named = re.match(r"[\sa-z_]+?(?=\n\S|\Z)", after)[0].split()
        assert sorted(named) == [
            name.split("/")[1] for name in folders(top) if name.count("/") == 2
        ]


def test_the_house_is_the_top_level():
    named = {quoted(row[0])[0] for row in rows(ARCHITECTURE["The house"])}
    ignored = text_of(REPO / ".gitignore").split()
    there = [f"{f.name}/" for f in REPO.iterdir() if f.is_dir() and f.name[0] != "."]
    assert named == {f for f in there if not any(fnmatch(f, pattern) for pattern in ignored)}
