"""The map of rooms is the folders on disk."""

from tests.made.checkout import REPO
from tests.made.pages import DOCS, quoted, rows, sections

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


def test_the_house_is_the_top_level():
    named = {quoted(row[0])[0] for row in rows(ARCHITECTURE["The house"])}
    holding_code = {f"{f.relative_to(REPO).parts[0]}/" for f in REPO.glob("*/**/*.py")}
    assert named == {name for name in holding_code if name[0] != "." and name != "build/"}
