"""Texts that would break or stall a reader are refused at once, and in one sentence."""

import time

import pytest

from signature.bounded import LARGEST, UnboundedError, json_value, read_bounded, toml_table

BOMBS = {
    "nested arrays": b"a = " + b"[" * 100_000 + b"]" * 100_000,
    "nested tables": b"a = " + b"{a=" * 100_000 + b"1" + b"}" * 100_000,
    "half-open": b"a = " + b"[" * 1_000_000,
    "dotted key": b".".join([b"a"] * 500_000) + b" = 1",
    "dotted keys with spaces": b"a . " * 100_000 + b"a = 1",
    "quoted dotted key": b'"a".' * 100_000 + b"a = 1",
    "dotted table": b"[" + b".".join([b"a"] * 500_000) + b"]",
    "dotted table array": b"[[" + b".".join([b"a"] * 500_000) + b"]]",
    "in an inline table": b"a = {" + b".".join([b"b"] * 500_000) + b" = 1}",
    "digits": b"a = " + b"9" * 10_000,
    "negative digits": b"a = -" + b"9" * 4_000,
    "twenty digits": b"a = [1, {b = 99999999999999999999}]",
    "hexadecimal": b"a = 0x" + b"f" * 10_000,
    "date": b"a = 2026-13-45",
    "same key": b"a = 1\na = 2",
    "same table": b"[a]\n[b]\n[a]",
    "zero byte": b"a = 'b\0c'",
    "not UTF-8": b"a = '\xff'",
    "UTF-16": "a = 1".encode("utf-16"),
    "open quote": b'a = """' + b"[" * 100_000,
    "open quotes": b'a = "' + b'\\"' * 500_000,
    "open quotes in lines": b"a = '''b\n" * 100_000,
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_refused_at_once(name):
    started = time.process_time()
    with pytest.raises(UnboundedError) as caught:
        toml_table(BOMBS[name])
    assert time.process_time() - started < 3
    assert len(str(caught.value)) < 200


def test_brackets_and_dots_in_text_are_none():
    deep = "[" * 100 + "." * 100
    text = f"""
    a = "{deep}" # {deep}
    b = '{deep}'
    c = '''{deep}'''
    d = \"\"\"{deep}"
    {deep}\"\"\"
    e = [{", ".join(["0.5"] * 100)}]
    f."{deep}".g = 1
    """
    table = toml_table(text.encode())
    assert table["a"] == table["b"] == table["c"] == deep
    assert table["f"] == {deep: {"g": 1}}
    nested = "a = " + "[" * 30 + "]" * 30
    assert toml_table(nested.encode())


def test_a_large_file_is_not_read(tmp_path):
    file = tmp_path / "large.toml"
    with file.open("wb") as opened:
        opened.truncate(10**12)  # a hole; it takes no room
    with pytest.raises(UnboundedError, match="is larger than 2 MB"):
        read_bounded(file)


@pytest.mark.parametrize("text", ["a{} = 1\n", "[a{}]\n", "[[a]]\nb = {}\n", "a.b{} = 1\n"])
def test_a_file_of_the_largest_size_is_read_in_seconds(text):
    lines, size, at = [], 0, 0
    while size < LARGEST - 100:
        lines.append(text.format(at))
        size, at = size + len(lines[-1]), at + 1
    started = time.process_time()
    toml_table("".join(lines).encode())
    assert time.process_time() - started < 20


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[" * 100_000,
        "9" * 10_000,
        "-" + "9" * 40,
        "1e999",
        "NaN",
        "-Infinity",
        "{'a': 1}",
        b"\xff",
    ],
)
def test_json_that_is_none_is_refused(text):
    with pytest.raises(UnboundedError, match="is not valid JSON"):
        json_value(text)


def test_json_is_what_it_says():
    text = '{"a": [1, -2, 0.5, 1e-400, null, true, "x"], "b": 9223372036854775807}'
    assert json_value(text) == {"a": [1, -2, 0.5, 0.0, None, True, "x"], "b": 2**63 - 1}
