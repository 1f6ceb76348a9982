"""What is kept comes back as it was written, or not at all."""

import errno
import os
from pathlib import Path

import pytest

from pipelines.fit.sealed import (
    DamagedError,
    append_sealed,
    is_sealed,
    is_whole,
    read_sealed,
    read_sealed_lines,
    sealed_folder,
    write_sealed,
)
from signature.exceptions import OutputError


def _every_damage(content: bytes):
    """Flip a bit at each place, lose an end, lose everything, be something else."""
    for at in range(len(content)):
        yield bytes((*content[:at], content[at] ^ (1 << at % 8), *content[at + 1 :]))
    yield from (content[:end] for end in range(len(content)))
    yield content + b"\n"
    yield b"PK\x03\x04 something else"


def test_a_sealed_file_is_what_was_written_or_damaged(tmp_path):
    file = tmp_path / "deep" / "fit"
    write_sealed(file, b"one\ntwo\n", "fit 1")
    assert read_sealed(file, "fit 1") == b"one\ntwo\n"
    written = file.read_bytes()
    for damaged in _every_damage(written):
        file.write_bytes(damaged)
        assert not is_whole(file, "fit 1")
    file.write_bytes(written)
    assert not is_whole(file, "fit 2")
    file.unlink()
    file.mkdir()
    with pytest.raises(DamagedError):
        read_sealed(file, "fit 1")


def test_a_sealed_folder_is_what_was_written_or_damaged(tmp_path):
    place = tmp_path / "folds" / "k"
    with sealed_folder(place, "fold k") as aside:
        (aside / "a").write_bytes(b"aa")
        (aside / "b").write_bytes(b"")
    assert is_sealed(place, "fold k")
    assert not is_sealed(place, "fold l")
    for name in ("a", "b", "SHA256SUMS"):
        written = (place / name).read_bytes()
        for damaged in _every_damage(written):
            if damaged != written:
                (place / name).write_bytes(damaged)
                assert not is_sealed(place, "fold k"), (name, damaged)
        (place / name).unlink()
        assert not is_sealed(place, "fold k")
        (place / name).write_bytes(written)
    (place / "c").mkdir()
    assert not is_sealed(place, "fold k")


def test_a_damaged_folder_is_replaced_and_a_whole_one_stays(tmp_path):
    place = tmp_path / "k"
    place.write_text("a file where a folder was")
    for content in (b"first", b"second"):
        with sealed_folder(place, "k") as aside:
            (aside / "a").write_bytes(content)
        assert (place / "a").read_bytes() == b"first"
    assert [p.name for p in tmp_path.iterdir()] == ["k"]


def test_what_fails_half_way_leaves_nothing(tmp_path):
    def half_way():
        with sealed_folder(tmp_path / "k", "k") as aside:
            (aside / "a").write_bytes(b"half")
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with pytest.raises(OutputError, match="No space left on device; make room"):
        half_way()
    assert not list(tmp_path.iterdir())


def test_lines_count_up_to_the_first_that_is_damaged(tmp_path, capsys):
    file = tmp_path / "lines"
    for number, line in enumerate(["one", "two", "three"]):
        append_sealed(file, line, "lines", number)
    assert read_sealed_lines(file, "lines") == ["one", "two", "three"]
    written = file.read_bytes()
    first = written.index(b"\n") + 1
    for at in range(first, len(written)):
        file.write_bytes(bytes((*written[:at], written[at] ^ 1, *written[at + 1 :])))
        found = read_sealed_lines(file, "lines")
        assert found in (["one"], ["one", "two"])
        assert file.read_bytes() == b"".join(written.splitlines(keepends=True)[: len(found)])
        assert capsys.readouterr().err == f"{file} is damaged; made again\n"
    file.write_bytes(written[:-3])
    assert read_sealed_lines(file, "lines") == ["one", "two"]
    append_sealed(file, "three", "lines", 2)
    assert file.read_bytes() == written
    assert read_sealed_lines(Path(file.parent / "none"), "lines") == []


def test_lines_may_not_change_places(tmp_path):
    file = tmp_path / "lines"
    for number, line in enumerate(["one", "two"]):
        append_sealed(file, line, "lines", number)
    file.write_bytes(b"".join(reversed(file.read_bytes().splitlines(keepends=True))))
    assert read_sealed_lines(file, "lines") == []
